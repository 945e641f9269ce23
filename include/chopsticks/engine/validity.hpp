#pragma once
/// \file
/// Whether the generator, and not the target, made the numbers.

#include <chopsticks/engine/run.hpp>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// Above this share of busy time a core's loop makes operations wait for it: with random arrivals
/// of work the mean wait at 95 % is already twenty times the work itself (M/M/1: rho / (1 - rho)).
constexpr double busy_share_limit = 0.95;
/// Open loop: what share of the median service time the generator's own lateness may have at its
/// 99th percentile before it is seen in the response times.
constexpr double lag_share_limit = 0.1;
/// ... but lateness below this is that of any timer and is not held against a run.
constexpr std::int64_t lag_floor_ns = 200'000;

/// Full sentences, each a reason why the figures are the generator's own. Empty: the run is valid.
std::vector<std::string> invalid_reasons(const run_result& result, const run_options& options);

}  // namespace chopsticks::engine
