#pragma once
/// \file
/// What is shown of one sample of a cluster that is watched beside a load, where there is no room
/// for all of it. Pure; any thread.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/json.hpp>
#include <string>
#include <string_view>

namespace chopsticks::report {

/// Numbers that the sample does not have are `nothing`.
struct cluster_figures {
    std::string health;      ///< "HEALTH_OK"; empty: not told
    std::string complaints;  ///< "OSD_DOWN (1 osds down); ..."
    double osds_down = nothing;
    double osds_out = nothing;
    double pgs_not_clean = nothing;  ///< those that are not active+clean
    double recovery_bytes_per_s = nothing;
    double commit_ms = nothing;  ///< of the slowest OSD
    double apply_ms = nothing;
    double osd_cpus = nothing;  ///< that all OSDs on the load's host kept busy together
};

cluster_figures figures_of_sample(const results::json& sample);

/// "active+remapped+backfilling" has three words.
bool has_word(std::string_view state, std::string_view word);

/// Placement groups of a sample whose state is wanted; `nothing` where it tells of none.
template <class Wanted>
double count_placement_groups(const results::json& sample, const Wanted& wanted) {
    const auto pgs = sample.is_object() ? sample.find("pgs") : sample.end();
    if (pgs == sample.end() || !pgs->is_object()) return nothing;
    double out = 0;
    for (const auto& [state, n] : pgs->items()) {
        if (n.is_number() && wanted(state)) out += n.template get<double>();
    }
    return out;
}

/// Of "HEALTH_OK" and so on.
tone tone_of_health(std::string_view health);

}  // namespace chopsticks::report
