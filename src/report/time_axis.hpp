#pragma once
/// \file
/// What of a run lies on the axis of time: phases, stages, marks; and its objectives.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::report {

/// Phases from the load's beginning on, and stages of the measure phase.
std::vector<time_span> spans_of(const results::result_file& result);

/// Events of the run, and outages, in order of time; at most 600.
std::vector<time_mark> marks_of(const results::result_file& result);

/// An objective of the run.
struct objective {
    std::string text;  ///< as written
    unit of = unit::count;
    double limit = 0;  ///< in the unit
    std::optional<double> value;
    bool at_least = false;
    bool met = false;
    bool of_all = false;  ///< about all operations together
};
std::vector<objective> objectives_of(const results::json& document);

}  // namespace chopsticks::report
