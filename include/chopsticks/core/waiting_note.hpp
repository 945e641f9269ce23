#pragma once
/// \file
/// What a thread that cannot speak for itself waits for, until when, and whether it gets on.

#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <cstdint>
#include <mutex>
#include <string>

namespace chopsticks {

/// Any thread.
class waiting_note {
  public:
    /// \param until_ns when the wait is given up; 0: it has no bound of its own
    void set(std::string what, std::int64_t until_ns) {
        const std::lock_guard lock(mutex_);
        what_ = std::move(what);
        until_ns_ = until_ns;
    }
    void clear() { set({}, 0); }
    /// "for the lock of image rbd/a, at most 12 s more"; empty: no wait is under way.
    std::string text() const {
        const std::lock_guard lock(mutex_);
        if (what_.empty() || until_ns_ == 0) return what_;
        const std::int64_t left_ns = until_ns_ - monotonic_ns();
        const std::int64_t left_s = left_ns > 0 ? (left_ns + 999'999'999) / 1'000'000'000 : 0;
        return what_ + ", at most " + std::to_string(left_s) + " s more";
    }

    /// Something of what is waited for has succeeded.
    void got_on() noexcept { steps_.fetch_add(1, std::memory_order_relaxed); }
    /// How often, of all waits.
    std::uint64_t steps() const noexcept { return steps_.load(std::memory_order_relaxed); }

  private:
    mutable std::mutex mutex_;
    std::string what_;
    std::int64_t until_ns_ = 0;
    std::atomic<std::uint64_t> steps_{0};
};

}  // namespace chopsticks
