#pragma once
/// \file
/// What those that write a whole document share.

#include <chopsticks/results/document.hpp>
#include <string>
#include <vector>

namespace chopsticks::results {

/// An interval as an object; `to_line` is its text.
json interval_json(const interval& one, const stats::layout& names);

/// The text of a document: the members of `head`, indented, and then its intervals, each on a line
/// of its own.
std::string with_intervals(const json& head, const std::vector<std::string>& intervals);

}  // namespace chopsticks::results
