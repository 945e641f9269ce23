#pragma once
/// \file
/// A report for a pull request or a wiki.

#include <chopsticks/compare/report.hpp>
#include <string>

namespace chopsticks::compare {

std::string markdown(const report_of_runs& report);
std::string markdown(const report_of_sweeps& report);

}  // namespace chopsticks::compare
