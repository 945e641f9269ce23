#pragma once
/// \file
/// Lines of charts, filled point by point.

#include <chopsticks/report/page.hpp>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::report {

/// Lines in a chart: as many as there are colours that can be told apart.
constexpr std::size_t lines_max = 12;

/// Charts are there in the order in which they are declared, lines in that of their first value.
class chart_builder {
  public:
    /// A chart, by its id. Declared again it is the same.
    void declare(time_chart chart) {
        const auto [there, added] = places_.emplace(chart.id, charts_.size());
        if (added) charts_.push_back({std::move(chart), {}, {}});
    }

    /// A value of a line at a point; of a line beyond `lines_max` it is counted as left out.
    void put(const std::string& id, const std::string& line, std::size_t point, double value) {
        building& chart = charts_[places_.at(id)];
        std::vector<report::line>& lines = chart.made.lines;
        auto at = chart.places.find(line);
        if (at == chart.places.end()) {
            if (lines.size() == lines_max) {
                chart.left_out.emplace(line, 0);
                return;
            }
            at = chart.places.emplace(line, lines.size()).first;
            lines.push_back({line, {}});
        }
        std::vector<double>& values = lines[at->second].values;
        if (values.size() <= point) values.resize(point + 1, nothing);
        values[point] = value;
    }

    /// Those that have a line, each of `points` values. `absent`: what a line of these charts is
    /// where it has none.
    std::vector<time_chart> take(std::size_t points,
                                 const std::map<std::string, double>& absent = {}) {
        std::vector<time_chart> out;
        for (building& chart : charts_) {
            if (chart.made.lines.empty()) continue;
            const auto otherwise = absent.find(chart.made.id);
            for (report::line& one : chart.made.lines) {
                one.values.resize(points, nothing);
                if (otherwise == absent.end()) continue;
                for (double& value : one.values) {
                    if (value != value) value = otherwise->second;
                }
            }
            chart.made.left_out = chart.left_out.size();
            out.push_back(std::move(chart.made));
        }
        return out;
    }

  private:
    struct building {
        time_chart made;
        std::map<std::string, std::size_t> places;
        std::map<std::string, int> left_out;
    };

    std::vector<building> charts_;
    std::map<std::string, std::size_t> places_;
};

}  // namespace chopsticks::report
