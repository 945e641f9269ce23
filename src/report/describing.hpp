#pragma once
/// \file
/// Pieces of pages that several kinds of them have.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::report {

// Tables of a result; without rows where it has nothing of the kind.

table operations_table(const results::json& document);
table size_classes_table(const results::json& document);
table endpoints_table(const results::json& document);
table stages_table(const results::json& document);
table errors_table(const results::json& document);
table cores_table(const results::json& document);
table parts_table(const results::json& document);
table driver_figures_table(const results::json& document);
table objectives_table(const results::json& document);
table load_table(const results::json& document);
table marks_table(const std::vector<time_mark>& marks);

/// Of a run: what it says of the generator, the target, and of what it left.
std::vector<verdict> verdicts_of(const results::json& document);
/// The worst of them: the label of the whole.
verdict worst_of(const std::vector<verdict>& all);

/// "measured 30.0 s, driver native, ..."
std::string facts_of(const results::json& document);
/// Name of the scenario, or "run".
std::string name_of(const results::json& document);
/// The member as it is; empty where it is no text.
std::string text_of(const results::json& object, const char* key);

/// Latency over 1/(1-p): round places on the logarithm up to the last value.
curve percentile_curve(const std::string& name, const stats::histogram& values);
curve_chart percentile_chart(const std::string& id, std::vector<curve> curves);

/// Response times over time as colours.
heat_map heat_map_of(const results::result_file& result);

/// Environment, workload configuration and scenario of a run.
section configuration_of(const results::result_file& result);
/// In what two runs differ there, line by line; without lines where they do not.
std::optional<listing> difference_of(const results::result_file& base,
                                     const results::result_file& now);

/// Adds a block for each chart whose id begins with one of these, in the page's order.
void add_time_charts(section& to, const time_charts& all,
                     std::span<const std::string_view> beginnings);
void add_table(section& to, table of);

/// The file that a document names, beside it: its folder, unless the name leads elsewhere.
std::optional<std::string> file_beside(const std::string& document, const std::string& name);

/// Some latency and rate objectives as lines of curves; none twice.
void add_limits(std::vector<limit>& to, const results::json& run_document, unit of);

// Cells.

cell words(std::string text, tone as = tone::plain);
cell count_cell(const results::json& object, const char* key);
cell number_cell(const results::json& object, const char* key, unit of);
/// A figure of a histogram, as the terminal has it: ">" before a lower bound.
cell latency_cell(const results::json& histogram, const char* key);

}  // namespace chopsticks::report
