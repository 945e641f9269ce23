#include "merge_drivers.hpp"

#include <algorithm>
#include <chopsticks/results/text.hpp>
#include <set>
#include <string>

#include "driver_figures.hpp"

namespace chopsticks::results {

namespace {

bool mean_the_same(const stats::driver_figure& a, const stats::driver_figure& b) {
    return a.kind == b.kind && a.unit == b.unit && a.over_cores == b.over_cores;
}

}  // namespace

std::vector<stats::group_figure> joint_driver_figures(
    const std::vector<const result_file*>& parts) {
    std::vector<stats::group_figure> out;
    std::vector<stats::group_figure> unlike;
    for (const result_file* part : parts) {
        for (const driver_figure_record& one : part->driver_figures) {
            const std::size_t at = figure_index(out, one.of.group, one.of.what.name);
            if (at == out.size()) {
                out.push_back(one.of);
            } else if (!mean_the_same(out[at].what, one.of.what)) {
                unlike.push_back(out[at]);
            }
        }
    }
    std::erase_if(out, [&](const stats::group_figure& one) {
        return figure_index(unlike, one.group, one.what.name) < unlike.size();
    });
    return out;
}

void add_driver_figures(run_document& doc, const std::vector<const result_file*>& parts) {
    const std::vector<stats::group_figure>& figures = doc.layout.driver_figures;
    std::set<std::string> left_out;
    for (const result_file* part : parts) {
        for (const driver_figure_record& one : part->driver_figures) {
            const std::size_t i = figure_index(figures, one.of.group, one.of.what.name);
            if (i == figures.size()) {
                left_out.insert(one.of.group + "/" + one.of.what.name);
                continue;
            }
            doc.measured_of_drivers[i].add_beside(
                value_of(one.measured, figures[i], 3, part->path));
            doc.of_drivers[i].add_beside(value_of(one.load, figures[i], 3, part->path));
        }
    }
    for (const std::string& figure : left_out) {
        doc.run.warnings.push_back("the parts mean different things by the driver figure " +
                                   printable(figure) + ": it is left out");
    }
}

}  // namespace chopsticks::results
