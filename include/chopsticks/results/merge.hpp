#pragma once
/// \file
/// Results of several processes that put one load on one target together, made one.

#include <chopsticks/results/result_file.hpp>
#include <string>
#include <vector>

namespace chopsticks::results {

/// How many results can be merged: sums of so many counts of `count_max` do not overflow.
constexpr std::size_t merged_most = 512;

/// The merged result: of the same format, with `parts`.
struct merged_result {
    json document;     ///< its intervals are empty
    std::string text;  ///< of the whole document
};

/// Adds the results up: histograms bucket by bucket, counts and rates; what cannot be added (how an
/// open loop kept its plan) is null, and stands as it was measured in the member `parts`. Intervals
/// are put together by the wall clock: those of one phase whose starts are at most half an interval
/// apart. Results that were merged before count as the parts they were made of. Whatever the order
/// of the parts, the merged result is the same.
///
/// Throws config_error for fewer than two parts or more than merged_most, for a run that is in it
/// twice, for parts of other scenarios, drivers or lengths of interval, and for figures that
/// contradict each other. Parts that did not measure at the same time make a merged result that is
/// not valid, and says why. Any thread.
merged_result merge(const std::vector<result_file>& parts);

/// A line for each part of a merged result: host, run, how much later than the first its load
/// began, operations, rate, p99. Lines fit `width` columns.
std::string render_parts(const json& document, std::size_t width);

}  // namespace chopsticks::results
