#pragma once
/// \file
/// What a run has of a figure.

#include <chopsticks/compare/comparison.hpp>
#include <optional>
#include <string_view>

namespace chopsticks::compare {

/// A percentile with fewer operations beyond it says more about these few than about the target.
inline constexpr double beyond_least = 10;
/// Clocks that differ by less at p50 and p99 are shown as one.
inline constexpr double visible = 0.01;

struct run_figure {
    double value = 0;  ///< ns, per second or a share
    bool thin = false;
    bool lower_bound = false;
    double own_variance = 0;  ///< of error rates: that of so many draws
};

/// None where the run has none of it: no such operation, none that succeeded, no bytes.
std::optional<run_figure> figure_of(const results::result_file& run, std::string_view operation,
                                    const figure& what);

/// Whether something of the operation was due, and nothing of it succeeded.
bool is_dead(const results::result_file& run, std::string_view operation);

/// Whether the target said that it does not have the operation, and never served it.
bool is_unsupported(const results::result_file& run, std::string_view operation);

/// Of all runs of a side or of both: whether one did not have it.
bool is_unserved(runs base, runs now, std::string_view operation);

/// Whether service times say nothing that response times do not.
bool response_is_service(const results::result_file& run, std::string_view operation);

/// A margin (a share, towards the worse) on the scale of row::change, as a distance from no change.
double to_scale(const figure& what, double share);

}  // namespace chopsticks::compare
