#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/core/waiter.hpp>

namespace chopsticks {

namespace {

/// Far from 0, which means "none" to many.
constexpr std::int64_t first_ns = 1'000'000'000'000;
/// 2026-01-01T00:00:00Z where monotonic_ns is 0.
constexpr std::int64_t wall_offset_ns = 1'767'225'600'000'000'000;

}  // namespace

std::int64_t detail::virtual_monotonic_ns(const virtual_clock& clock) noexcept {
    return clock.now_ns();
}

std::int64_t detail::virtual_wall_ns(const virtual_clock& clock) noexcept {
    return clock.now_ns() + wall_offset_ns;
}

virtual_clock::virtual_clock() : now_ns_(first_ns) {
    CHOPSTICKS_ASSERT(in_place() == nullptr);
    detail::clock_in_place.store(this);
}

virtual_clock::~virtual_clock() {
    CHOPSTICKS_ASSERT(waiters_.empty());
    detail::clock_in_place.store(nullptr);
}

virtual_clock* virtual_clock::in_place() noexcept {
    // Only its maker has it as one that can be changed, and a waiter belongs to that maker's test.
    return const_cast<virtual_clock*>(detail::clock_in_place.load());
}

void virtual_clock::add(waiter& one) {
    const std::lock_guard lock(mutex_);
    waiters_.push_back(&one);
    ++busy_;
}

void virtual_clock::remove(waiter& one) noexcept {
    const std::lock_guard lock(mutex_);
    if (one.retired_) return;
    one.retired_ = true;
    std::erase(waiters_, &one);
    if (--busy_ == 0) move_on();
}

void virtual_clock::wait(waiter& one, std::int64_t due_ns) {
    std::unique_lock lock(mutex_);
    if (one.woken_ || due_ns <= now_ns()) {
        one.woken_ = false;
        return;
    }
    one.due_ns_ = due_ns;
    one.waiting_ = true;
    if (--busy_ == 0) move_on();
    one.changed_.wait(lock, [&one] { return !one.waiting_; });
}

void virtual_clock::wake(waiter& one) noexcept {
    const std::lock_guard lock(mutex_);
    if (one.waiting_) {
        release(one);
    } else {
        one.woken_ = true;
    }
}

void virtual_clock::release(waiter& one) noexcept {
    one.waiting_ = false;
    ++busy_;
    one.changed_.notify_one();
}

/// Where all wait without end, somebody without a waiter has to wake one.
void virtual_clock::move_on() noexcept {
    std::int64_t next_ns = INT64_MAX;
    for (const waiter* one : waiters_)
        next_ns = std::min(next_ns, one->due_ns_);
    if (next_ns == INT64_MAX) return;
    if (next_ns > now_ns()) now_ns_.store(next_ns, std::memory_order_relaxed);
    for (waiter* one : waiters_) {
        if (one->due_ns_ <= next_ns) release(*one);
    }
}

}  // namespace chopsticks
