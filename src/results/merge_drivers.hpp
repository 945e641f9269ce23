#pragma once
/// \file
/// Figures that drivers count of their own, of several results made one.

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/result_file.hpp>
#include <vector>

namespace chopsticks::results {

/// Those of all parts. What parts of one name tell of differently (another kind, unit or sum over
/// cores) is not among them.
std::vector<stats::group_figure> joint_driver_figures(const std::vector<const result_file*>& parts);

/// Adds what the parts have of doc.layout.driver_figures, as of one time; a warning for each that
/// is not among these. Throws config_error.
void add_driver_figures(run_document& doc, const std::vector<const result_file*>& parts);

}  // namespace chopsticks::results
