#pragma once
/// \file
/// Intervals of several results put together by the wall clock.

#include <chopsticks/results/result_file.hpp>
#include <string>
#include <vector>

namespace chopsticks::results {

/// Adds up those of one phase whose starts are at most half an interval apart, at most one of each
/// part. Those of a part that are shorter than `interval_s` are joined before. \param offsets_s
/// when each part's load began, since the first one's. \return lines of the merged document, by
/// their starts
std::vector<std::string> merge_intervals(const std::vector<const result_file*>& parts,
                                         const std::vector<double>& offsets_s,
                                         const stats::layout& names, double interval_s);

}  // namespace chopsticks::results
