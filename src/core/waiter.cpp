#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/core/waiter.hpp>
#include <chrono>

namespace chopsticks {

waiter::waiter() : clock_(virtual_clock::in_place()) {
    if (clock_ != nullptr) clock_->add(*this);
}

waiter::~waiter() {
    retire();
}

void waiter::wait_until(std::int64_t due_ns) {
    if (clock_ != nullptr) {
        clock_->wait(*this, due_ns);
        return;
    }
    std::unique_lock lock(mutex_);
    const auto woken = [this] { return woken_; };
    if (due_ns == INT64_MAX) {
        changed_.wait(lock, woken);
    } else {
        // The standard library's steady clock is CLOCK_MONOTONIC, as monotonic_ns is.
        const std::chrono::steady_clock::time_point due{std::chrono::nanoseconds(due_ns)};
        changed_.wait_until(lock, due, woken);
    }
    woken_ = false;
}

void waiter::wake() noexcept {
    if (clock_ != nullptr) {
        clock_->wake(*this);
        return;
    }
    // Notified under the lock: the waiter may be gone as soon as it knows.
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
}

void waiter::retire() noexcept {
    if (clock_ != nullptr) clock_->remove(*this);
}

}  // namespace chopsticks
