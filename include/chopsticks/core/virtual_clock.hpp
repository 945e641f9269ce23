#pragma once
/// \file
/// A clock for tests, under which a run of minutes takes milliseconds and gives the same figures
/// each time.

#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <cstdint>
#include <mutex>
#include <vector>

namespace chopsticks {

class waiter;

/// While one exists, monotonic_ns and wall_ns read it. Time moves only when every thread that has a
/// waiter waits there, and then to the earliest time that one of them waits for (discrete-event
/// simulation): whatever a thread does meanwhile takes no time at all. A loop that never waits thus
/// never ends, and nothing may depend on descriptors of the system (sockets), which know no such
/// time.
///
/// At most one at a time; it is to be made before, and to go after, all waiters under it.
class virtual_clock {
  public:
    virtual_clock();
    ~virtual_clock();
    virtual_clock(const virtual_clock&) = delete;
    virtual_clock& operator=(const virtual_clock&) = delete;

    /// Null: the system's clock is in place.
    static virtual_clock* in_place() noexcept;

    std::int64_t now_ns() const noexcept { return now_ns_.load(std::memory_order_relaxed); }

    /// Lets time pass that nobody waited through, as if the machine had stood still: a thread calls
    /// it for what it does to take that long. Sleepers that become due meanwhile are late.
    void skip(std::int64_t ns) noexcept { now_ns_.fetch_add(ns, std::memory_order_relaxed); }

  private:
    friend class waiter;

    void add(waiter& one);
    void remove(waiter& one) noexcept;
    void wait(waiter& one, std::int64_t due_ns);
    void wake(waiter& one) noexcept;
    void move_on() noexcept;
    void release(waiter& one) noexcept;

    std::atomic<std::int64_t> now_ns_;
    std::mutex mutex_;
    std::vector<waiter*> waiters_;
    std::size_t busy_ = 0;  // of them, those that do not wait
};

}  // namespace chopsticks
