#pragma once
/// \file
/// Time is an int64_t of nanoseconds. `monotonic_ns` is the only clock of every measured number
/// (CLOCK_MONOTONIC, about 25 ns a call through the vDSO); the wall clock dates signatures and
/// files. A test may put a clock of its own in the place of both (virtual_clock.hpp).

#include <atomic>
#include <cstdint>
#include <ctime>
#include <string>

namespace chopsticks {

class virtual_clock;

namespace detail {
/// Null but in tests. In the program it costs a load and a branch that is never taken: 3
/// instructions on top of some 60 of a clock reading.
inline constinit std::atomic<const virtual_clock*> clock_in_place{nullptr};
std::int64_t virtual_monotonic_ns(const virtual_clock& clock) noexcept;
std::int64_t virtual_wall_ns(const virtual_clock& clock) noexcept;
}  // namespace detail

/// Nanoseconds since an arbitrary start, never stepped. Any thread.
inline std::int64_t monotonic_ns() noexcept {
    if (const auto* moved = detail::clock_in_place.load(std::memory_order_relaxed)) [[unlikely]]
        return detail::virtual_monotonic_ns(*moved);
    timespec now;
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// Nanoseconds since the Unix epoch (CLOCK_REALTIME). May step. Any thread.
inline std::int64_t wall_ns() noexcept {
    if (const auto* moved = detail::clock_in_place.load(std::memory_order_relaxed)) [[unlikely]]
        return detail::virtual_wall_ns(*moved);
    timespec now;
    ::clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// CPU time of the calling thread, nanoseconds since it began. No test moves it.
inline std::int64_t thread_cpu_ns() noexcept {
    timespec used;
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * 1'000'000'000LL + used.tv_nsec;
}

/// "2026-11-22T15:04:05.123Z" for a wall_ns value.
std::string format_utc(std::int64_t wall_ns);

/// Days since the epoch to a civil date in UTC, proleptic Gregorian.
struct civil_time {
    int year, month, day, hour, minute, second;
};

/// Breaks seconds since the epoch into UTC fields without the C library's time-zone lock.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
civil_time to_civil(std::int64_t seconds_since_epoch) noexcept;

/// The inverse of to_civil for dates in UTC.
std::int64_t from_civil(const civil_time& t) noexcept;

}  // namespace chopsticks
