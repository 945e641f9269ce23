#pragma once
/// \file
/// How a report writes changes and figures.

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/compare/spread.hpp>
#include <string>
#include <vector>

namespace chopsticks::compare {

/// "+12.3%"; of an error rate "+0.12 pp", percentage points.
std::string change_text(const figure& what, double change);
/// "+8.0 to +16.8"; "not known" without bounds.
std::string range_text(const row& one);
/// "18.2 ms", "12345", "0.12%"
std::string value_text(const figure& what, double value);
/// "p99 of s3/get"; of all operations together without the name.
std::string about(const row& one);
/// "rate=1000; rate=2000"
std::string listed(const std::vector<std::string>& all);
/// "p99 service", as a table's first column has it.
std::string label(const figure& what);
/// A row of a table behind its first cell, and the header above it.
std::vector<std::string> cells(const row& one, const std::string& first);
std::vector<std::string> head();
/// The same of runs of one side.
std::vector<std::string> cells(const row& one, const figure_spread& of, const std::string& first);
/// Runs of one side in one sentence.
std::string sentence(const run_spread& found);
/// How many runs, and what their errors are.
std::string how(const comparison& found);

}  // namespace chopsticks::compare
