#pragma once
/// \file
/// Durations as people read them.

#include <chopsticks/core/units.hpp>
#include <cstdint>
#include <string>

namespace chopsticks {

/// format_duration, rounded to three digits or more, and to whole seconds from 100 s on: "6s",
/// "1h2m3s", "1s250ms".
inline std::string format_rounded_duration(std::int64_t ns) {
    if (ns < 0) return "-" + format_rounded_duration(ns == INT64_MIN ? INT64_MAX : -ns);
    std::int64_t step = 1;
    while (step < 1'000'000'000 && step <= ns / 1000)
        step *= 10;
    const std::int64_t over = ns % step;
    const std::int64_t down = ns - over;
    const bool up = over >= (step + 1) / 2 && over > 0 && down <= INT64_MAX - step;
    return format_duration(up ? down + step : down);
}

}  // namespace chopsticks
