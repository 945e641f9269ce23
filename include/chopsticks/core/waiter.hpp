#pragma once
/// \file
/// One thread's place to wait. What waits here instead of with the standard library's sleeps can be
/// run on a clock that a test moves.

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace chopsticks {

class virtual_clock;

/// Belongs to the one thread that waits; anybody wakes it. Under a virtual clock, time stands still
/// for as long as that thread does anything but wait here, from the construction on: whoever makes
/// it for another thread thereby announces that thread.
class waiter {
  public:
    waiter();
    ~waiter();
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    /// Blocks until `due_ns` (monotonic_ns; INT64_MAX: for ever) or until woken. A `wake` that came
    /// since the last wait ends it at once.
    void wait_until(std::int64_t due_ns);

    /// From any thread; not from a signal handler.
    void wake() noexcept;

    /// The thread will not wait here again: time goes on without it.
    void retire() noexcept;

    /// Whether a test moves the clock. Constant.
    bool on_virtual_clock() const noexcept { return clock_ != nullptr; }

  private:
    friend class virtual_clock;

    virtual_clock* clock_;  // null: the system's
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    // Guarded by the virtual clock's mutex.
    bool waiting_ = false;
    bool retired_ = false;
    std::int64_t due_ns_ = 0;
};

}  // namespace chopsticks
