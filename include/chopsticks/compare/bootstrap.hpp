#pragma once
/// \file
/// How well the percentiles of one run are known. Pure; any thread.

#include <chopsticks/compare/estimate.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cstdint>
#include <span>
#include <vector>

namespace chopsticks::compare {

/// Replicates of a run: a standard error needs no more (B. Efron, R. J. Tibshirani, "An
/// Introduction to the Bootstrap", 1993, section 6.4).
inline constexpr unsigned replicates = 200;

/// Standard errors of the logarithms of a run's percentiles, as far as the run itself shows it, by
/// a circular block bootstrap over the histograms of its intervals (D. N. Politis, J. P. Romano, "A
/// circular block-resampling procedure for stationary data", 1992): blocks of neighbouring
/// intervals are drawn until there are as many intervals as the run has, their histograms are added
/// up, and the percentiles read from the sum. The blocks are as long as block_length asks for of
/// the series of shares above each percentile, the longest of these. Where even such blocks hold
/// less of the dependence than a series of shares has by ratio_of_sums, that percentile's error is
/// stretched accordingly.
///
/// Whatever the replicates say, a percentile is known no better than a bucket of the histograms is
/// wide.
///
/// \param intervals in order of time; those without values may be among them. Of 1 to 5 digits, all
/// the same
/// \param percentiles above 0 and below 100
/// \param seed the same gives the same errors, on every machine
/// \returns for each percentile the logarithm of its value in ns over all intervals with its error;
/// freedom 0 where fewer than series_values_least intervals have values
std::vector<estimate> log_percentiles(std::span<const stats::histogram> intervals,
                                      std::span<const double> percentiles, std::uint64_t seed);

}  // namespace chopsticks::compare
