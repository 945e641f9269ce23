#pragma once
/// \file
/// Sizes, durations and rates as people write them. Parsing is strict: trailing rubbish, negative
/// numbers and overflow are errors. All functions are pure; any thread.

#include <chopsticks/core/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks {

/// Bytes from "4096", "4KiB", "4K" (binary), "1.5MB" (decimal), "64 MiB". K, M, G, T alone are
/// binary, as in fio and warp. Error: errc::invalid_argument or errc::value_too_large.
result<std::uint64_t> parse_size(std::string_view text);

/// Nanoseconds from "90s", "1h30m", "500ms", "10us", "1.5h", "2d"; a number without unit is
/// seconds, as Locust reads it. Error as parse_size.
result<std::int64_t> parse_duration(std::string_view text);

/// "4 KiB", "1.5 MiB", "100 B": the shortest form with at most three digits after the point that
/// parse_size reads back as the same number; otherwise rounded to one digit.
std::string format_size(std::uint64_t bytes);

/// "1h30m", "1.5s", "0s": rounded to 1 us below a second, to 1 ms below ten minutes, else to 1 s.
std::string format_duration(std::int64_t ns);

/// "1 object", "2 objects".
std::string counted(std::uint64_t count, std::string_view what);

/// A latency for people: three significant digits and a unit: "812 ns", "12.3 us", "1.25 ms", "3.40
/// s".
std::string format_latency(std::int64_t ns);

/// A count or rate for people: "999", "12.3k", "1.25M".
std::string format_count(double value);

/// Bytes per second for people, decimal: "812 kB/s", "1.25 GB/s".
std::string format_bandwidth(double bytes_per_s);

}  // namespace chopsticks
