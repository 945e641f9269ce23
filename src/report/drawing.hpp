#pragma once
/// \file
/// Charts as SVG: what a page shows where there is no script, on paper, and what is saved from it.
/// Classes of what is drawn are those of assets/drawing.css. Pure; any thread.

#include <chopsticks/report/page.hpp>
#include <string>

namespace chopsticks::report {

/// One chart of those over time. \param columns of pixels that a line may use, at most
std::string draw(const time_charts& all, const time_chart& chart, int columns);

std::string draw(const curve_chart& chart);
std::string draw(const heat_map& map, const std::vector<time_span>& spans);
std::string draw(const effect_chart& chart);

}  // namespace chopsticks::report
