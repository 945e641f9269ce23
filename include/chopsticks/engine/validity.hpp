#pragma once
/// \file
/// Whether the generator, and not the target, made the numbers. The limits are the scenario's
/// (`limits`); docs/explanation/measurement.md says why each rule is there.

#include <chopsticks/engine/held_up.hpp>
#include <chopsticks/engine/run.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// What the engine cannot see itself, over the measure phase; whoever watches the process and its
/// host fills it in. None, 0 or empty: not known.
struct observed_health {
    std::optional<double> steal_share;  ///< of the host's CPU time
    cpu_contention cpus;
    std::optional<std::uint64_t> open_fds_max;
    std::uint64_t fds_limit = 0;
    std::optional<std::uint64_t> ports_left_min;  ///< ephemeral, towards the fullest target
    std::uint64_t ports_in_all = 0;
    struct line {
        std::string nic;
        double at_limit_share = 0;  ///< of the time, above limits.line_rate
    };
    std::vector<line> lines;
    std::int64_t clock_step_ns = 0;  ///< the greatest step of the wall clock, with its sign
};

/// Share of the time for which an interface may be at its line rate: bursts are the target's or the
/// network's business.
constexpr double line_time_limit = 0.1;

/// Whether a series rises for as long as it lasts: the median of its last third is above that of
/// its first by half and by more than `floor`. Below six values: no.
bool grows(const std::vector<std::int64_t>& series, std::int64_t floor);

/// Full sentences, each a reason why the figures are the generator's own. Empty: the run is valid.
std::vector<std::string> invalid_reasons(const run_result& result, const run_options& options,
                                         const observed_health& observed = {});

}  // namespace chopsticks::engine
