#pragma once
/// \file
/// When the parts of the load are, and what they are counted in.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// Absolute monotonic_ns, the same for all cores. Figures fall into *bins* by the intended time of
/// their task: 0 before the measure phase, 1 and up for its stages in turn, or 1 for all of it.
struct load_times {
    std::int64_t start_ns = 0;
    std::int64_t measure_ns = 0;
    std::int64_t end_ns = 0;
    /// Where the stages end, ascending; the last is the end as it was planned. Empty: no stages.
    std::vector<std::int64_t> stage_ends_ns;

    std::size_t bins() const noexcept {
        return 1 + (stage_ends_ns.empty() ? 1 : stage_ends_ns.size());
    }

    /// A run that was ended before has no measure phase, and what began while it was being told
    /// belongs to the warm-up. \param hint a bin near which to look first
    std::size_t bin_of(std::int64_t intended_ns, std::size_t hint) const noexcept {
        if (intended_ns < measure_ns || measure_ns >= end_ns) return 0;
        if (stage_ends_ns.size() < 2) return 1;
        std::size_t stage = hint > 0 ? hint - 1 : 0;
        while (stage > 0 && intended_ns < stage_ends_ns[stage - 1])
            --stage;
        while (stage + 1 < stage_ends_ns.size() && intended_ns >= stage_ends_ns[stage])
            ++stage;
        return stage + 1;
    }

    /// The end of the interval that a time is in. Intervals are counted from the start of each
    /// part of the load, and of each stage, so that none holds some of two.
    std::int64_t next_boundary(std::int64_t after_ns, std::int64_t step_ns) const noexcept;

    /// Number of the interval that begins at a time. From the time alone, so that all cores number
    /// alike even if one let an interval grow.
    std::uint64_t interval_number(std::int64_t at_ns, std::int64_t step_ns) const noexcept;

  private:
    template <typename F>
    void each_part(F take) const;
};

}  // namespace chopsticks::engine
