#pragma once
/// \file
/// What a run comes to: three verdicts that are kept apart, and the exit status made of them.

#include <cstdint>
#include <string_view>

namespace chopsticks::results {

/// Exit statuses of the program; scripts rely on them.
enum exit_status : int {
    exit_ok = 0,
    exit_errors = 1,       ///< the target failed, or it missed an objective
    exit_usage = 2,        ///< bad usage, configuration or target; nothing was measured
    exit_invalid = 3,      ///< the generator was the limit
    exit_undecided = 4,    ///< of a comparison: a gate neither passed nor regressed
    exit_left_behind = 5,  ///< something of the run is still on the target
    exit_interrupted = 130
};

/// Were the figures made by the generator?
enum class generator_verdict : std::uint8_t {
    kept_up,
    was_limit,
    unknown,  ///< nothing was measured
};

/// How did the target do?
enum class target_verdict : std::uint8_t {
    fine,
    missed_objective,
    failed,  ///< errors over the limit, wrong data, an outage, or no way to prepare its data
};

/// Is anything of the run still there?
enum class left_verdict : std::uint8_t {
    nothing,
    kept,       ///< the scenario says so (`cleanup: false`)
    something,  ///< it could not be removed
};

/// As the result spells them.
std::string_view name(generator_verdict v) noexcept;
std::string_view name(target_verdict v) noexcept;
std::string_view name(left_verdict v) noexcept;

struct run_verdicts {
    generator_verdict generator = generator_verdict::kept_up;
    target_verdict target = target_verdict::fine;
    left_verdict left_behind = left_verdict::nothing;
};

/// One number for scripts, where several hold in this order: interrupted, the target failed, the
/// generator was the limit (a missed objective says nothing then), an objective was missed,
/// something was left behind.
int exit_status_of(const run_verdicts& v, bool interrupted) noexcept;

/// The worse of two exit statuses of runs, in the same order: that of a series. That a comparison
/// is undecided is less than that a run of it is invalid.
int worse_of(int a, int b) noexcept;

}  // namespace chopsticks::results
