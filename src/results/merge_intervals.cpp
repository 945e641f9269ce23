#include "merge_intervals.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <tuple>

#include "combine.hpp"
#include "driver_figures.hpp"
#include "joined_interval.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

struct placed_interval {
    double began_s;  ///< since the first load began
    std::size_t part;
    const interval_figures* figures;
};

/// Those that are one interval of the merged result, ordered by part.
struct joint_interval {
    double began_s;
    std::vector<placed_interval> members;

    bool takes(const placed_interval& one, double apart_s) const {
        const bool same_part =
            std::any_of(members.begin(), members.end(),
                        [&](const placed_interval& m) { return m.part == one.part; });
        return !same_part && members[0].figures->phase == one.figures->phase &&
               one.began_s - began_s <= apart_s;
    }
};

std::string line_of(joint_interval& joint, const std::vector<const result_file*>& parts,
                    const stats::layout& names) {
    std::sort(joint.members.begin(), joint.members.end(),
              [](const placed_interval& a, const placed_interval& b) { return a.part < b.part; });
    stats::totals sum(names, 2);
    interval out;
    out.t_s = joint.began_s;
    out.phase = joint.members[0].figures->phase;
    out.figures = &sum;
    stats::driver_values of_drivers = stats::make_values(names.driver_figures, 2);
    out.of_drivers = &of_drivers;
    std::vector<const json*> health;
    for (const placed_interval& one : joint.members) {
        const interval_figures& from = *one.figures;
        out.duration_s = std::max(out.duration_s, from.duration_s);
        out.load.add(from.load);
        out.cores_busy.insert(out.cores_busy.end(), from.cores_busy.begin(), from.cores_busy.end());
        health.push_back(&from.health);
        for (const operation_figures& f : from.operations) {
            const auto at = std::find(names.operations.begin(), names.operations.end(), f.name);
            if (at == names.operations.end()) continue;
            add_up(sum.by_operation[static_cast<std::size_t>(at - names.operations.begin())], f,
                   parts[one.part]->path);
        }
        for (const interval_driver_figure& f : from.driver_figures) {
            const std::size_t at = figure_index(names.driver_figures, f.group, f.name);
            if (at == names.driver_figures.size()) continue;
            of_drivers[at].add_beside(
                value_of(f.value, names.driver_figures[at], 2, parts[one.part]->path));
        }
    }
    json line = interval_json(out, names);
    json all = combine("health", health, parts[0]->path);
    if (!all.is_null()) line["health"] = std::move(all);
    line["parts"] = joint.members.size();
    return dump(line);
}

}  // namespace

std::vector<std::string> merge_intervals(const std::vector<const result_file*>& parts,
                                         const std::vector<double>& offsets_s,
                                         const stats::layout& names, double interval_s) {
    std::vector<placed_interval> all;
    const double apart_s = interval_s / 2;
    std::deque<std::vector<interval_figures>> longer;
    for (std::size_t p = 0; p < parts.size(); ++p) {
        const bool shorter = parts[p]->interval_s < interval_s * 0.75;
        if (shorter) {
            longer.push_back(lengthened(parts[p]->intervals, interval_s, names, parts[p]->path));
        }
        for (const interval_figures& one : shorter ? longer.back() : parts[p]->intervals)
            all.push_back({offsets_s[p] + one.t_s, p, &one});
    }
    std::sort(all.begin(), all.end(), [](const placed_interval& a, const placed_interval& b) {
        return std::tie(a.began_s, a.part, a.figures) < std::tie(b.began_s, b.part, b.figures);
    });
    std::vector<std::string> out;
    // Those that may take another; older ones cannot.
    std::deque<joint_interval> open;
    const auto close = [&](double before_s) {
        while (!open.empty() && open.front().began_s < before_s) {
            out.push_back(line_of(open.front(), parts, names));
            open.pop_front();
        }
    };
    for (const placed_interval& one : all) {
        close(one.began_s - apart_s);
        const auto fits = std::find_if(open.begin(), open.end(), [&](const joint_interval& joint) {
            return joint.takes(one, apart_s);
        });
        if (fits != open.end()) {
            fits->members.push_back(one);
        } else {
            open.push_back({one.began_s, {one}});
        }
    }
    close(std::numeric_limits<double>::infinity());
    return out;
}

}  // namespace chopsticks::results
