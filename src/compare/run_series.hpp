#pragma once
/// \file
/// What the intervals of one run tell about its figures.

#include <chopsticks/compare/autocorrelation.hpp>
#include <chopsticks/compare/comparison.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace chopsticks::compare {

/// A figure of one operation of a run, with its error as far as the run itself shows it: a
/// logarithm, but for the error rate. Not of percentiles. \param operation empty: all together
series_estimate figure_within(const results::result_file& run, std::string_view operation,
                              const figure& what);

/// The same of percentiles, all of one clock.
std::vector<estimate> percentiles_within(const results::result_file& run,
                                         std::string_view operation, bool service,
                                         std::span<const double> percentiles, std::uint64_t seed);

}  // namespace chopsticks::compare
