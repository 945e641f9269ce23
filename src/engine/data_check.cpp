#include "data_check.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace chopsticks::engine {

namespace {

/// Of all cores and groups together.
constexpr std::size_t examples_kept = 32;

void add(wrong_data& to, const wrong_data& more) {
    to.places += more.places;
    to.checked += more.checked;
    const std::size_t room = examples_kept - to.examples.size();
    const auto end =
        more.examples.begin() + static_cast<std::ptrdiff_t>(std::min(room, more.examples.size()));
    to.examples.insert(to.examples.end(), more.examples.begin(), end);
}

}  // namespace

void check_data(steering& run, bool opened) {
    // Of many cores, which mostly have one to tell.
    std::set<std::string> told;
    for (std::size_t g = 0; g < run.options.groups.size(); ++g) {
        const scenario::group& group = *run.options.groups[g].group;
        const bool of_extents = group.shape == scenario::subject_shape::extents;
        if (!(of_extents ? group.blocks.verify : group.data.verify)) continue;
        std::string problem;
        if (opened) problem = run.ask_driver(g, &core_driver::check_data, 1);
        if (!problem.empty()) run.result.end_warnings.push_back("verify: " + problem);
        for (auto& w : run.workers) {
            const wrong_data found =
                ask(*w, [&] { return w->groups()[g]->driver().found_wrong(); });
            if (!found.problem.empty()) told.insert(found.problem);
            add(run.result.wrong, found);
        }
    }
    for (const std::string& problem : told)
        run.result.end_warnings.push_back("verify: " + problem);
}

}  // namespace chopsticks::engine
