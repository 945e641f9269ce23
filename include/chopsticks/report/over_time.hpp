#pragma once
/// \file
/// Charts over time from the intervals of runs, and the form in which the script of a page gets
/// them. Pure; any thread.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/result_file.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chopsticks::report {

/// At most so many points: a run with more intervals has several of them, one after the other, in
/// one point, histograms added up and rates of all of them together.
constexpr std::size_t points_max = 1200;

/// All charts of these intervals of a run. Throws config_error where figures of one interval
/// contradict each other; `file` stands for the file.
time_charts charts_of(std::span<const results::interval_figures> intervals,
                      const std::string& file);

/// The same of a whole run, with its phases, stages, marks and objectives.
time_charts charts_of(const results::result_file& result);

/// What `chopsticks.draw` and `chopsticks.append` of charts.js take (it is described there).
results::json to_json(const time_charts& charts);

/// JSON that is safe inside of <script>.
std::string script_text(const results::json& value);

}  // namespace chopsticks::report
