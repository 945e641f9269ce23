#pragma once
/// \file
/// Figures that drivers count of their own, in documents.

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/result_file.hpp>
#include <string>
#include <vector>

#include "checked_members.hpp"

namespace chopsticks::results {

/// By group and name, with what each is and what came of it.
json driver_figures_json(const run_document& doc);

/// Of one interval; those that have nothing are absent. \param values as names.driver_figures
json driver_figures_json(const stats::driver_values& values, const stats::layout& names,
                         double duration_s);

/// What there is, for the head of an interval stream.
json declared_json(const std::vector<stats::group_figure>& figures);

// All of these throw config_error.

/// Of a whole document.
std::vector<driver_figure_record> read_driver_figures(const checked_members& from);

/// Of an interval.
std::vector<interval_driver_figure> read_interval_driver_figures(const checked_members& from);

/// Intervals may have those of the whole document and no others. `at` is the place of the list.
void check_driver_figures(const std::vector<driver_figure_record>& declared,
                          const std::vector<interval_figures>& intervals, const std::string& file);

/// As it was before it was written. `of` is what it is declared as.
stats::driver_value value_of(const driver_span& read, const stats::group_figure& of, int digits,
                             const std::string& file);

/// Where `figures` have it; their number: nowhere.
std::size_t figure_index(const std::vector<stats::group_figure>& figures, std::string_view group,
                         std::string_view name) noexcept;

}  // namespace chopsticks::results
