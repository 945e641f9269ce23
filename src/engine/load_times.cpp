#include "load_times.hpp"

#include <algorithm>

namespace chopsticks::engine {

/// Calls `take(start, end)` for each part in order until it returns false; the last one, the drain,
/// has no end.
template <typename F>
void load_times::each_part(F take) const {
    if (measure_ns > start_ns && !take(start_ns, measure_ns)) return;
    std::int64_t start = measure_ns;
    for (const std::int64_t stage_end : stage_ends_ns) {
        const std::int64_t end = std::min(stage_end, end_ns);
        if (end <= start) continue;
        if (!take(start, end)) return;
        start = end;
    }
    if (end_ns > start && !take(start, end_ns)) return;
    take(end_ns, INT64_MAX);
}

std::int64_t load_times::next_boundary(std::int64_t after_ns, std::int64_t step_ns) const noexcept {
    std::int64_t next = INT64_MAX;
    each_part([&](std::int64_t start, std::int64_t end) {
        if (after_ns >= end) return true;
        const std::int64_t within = std::max<std::int64_t>(after_ns - start, 0);
        next = std::min(start + (within / step_ns + 1) * step_ns, end);
        return false;
    });
    return next;
}

std::uint64_t load_times::interval_number(std::int64_t at_ns, std::int64_t step_ns) const noexcept {
    std::int64_t number = 0;
    each_part([&](std::int64_t start, std::int64_t end) {
        if (at_ns >= end) {
            number += (end - start + step_ns - 1) / step_ns;
            return true;
        }
        number += std::max<std::int64_t>(at_ns - start, 0) / step_ns;
        return false;
    });
    return static_cast<std::uint64_t>(number);
}

}  // namespace chopsticks::engine
