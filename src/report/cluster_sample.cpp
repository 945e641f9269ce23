#include <algorithm>
#include <chopsticks/report/cluster_sample.hpp>
#include <chopsticks/results/json_reading.hpp>

#include "describing.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

double told_of(const json& object, const char* key) {
    const json& value = member(object, key);
    return value.is_number() ? value.get<double>() : nothing;
}

}  // namespace

bool has_word(std::string_view state, std::string_view word) {
    for (std::size_t from = 0; from <= state.size();) {
        const std::size_t end = std::min(state.find('+', from), state.size());
        if (state.substr(from, end - from) == word) return true;
        from = end + 1;
    }
    return false;
}

cluster_figures figures_of_sample(const json& sample) {
    cluster_figures out;
    out.health = text_of(sample, "health");
    const json& checks = member(sample, "checks");
    if (checks.is_object()) {
        for (const auto& [name, summary] : checks.items()) {
            out.complaints += (out.complaints.empty() ? "" : "; ") + name;
            if (summary.is_string()) out.complaints += " (" + summary.get<std::string>() + ")";
        }
    }
    // Where only radosgw is asked, samples know of no OSDs.
    const json& osds = member(sample, "osds");
    if (!out.health.empty()) {
        out.osds_down = told_of(osds, "known") - told_of(osds, "up");
        out.osds_out = told_of(osds, "known") - told_of(osds, "in");
        out.pgs_not_clean = count_placement_groups(sample, [](const std::string& state) {
            return !has_word(state, "active") || !has_word(state, "clean");
        });
        out.recovery_bytes_per_s = told_of(member(sample, "recovery"), "bytes_per_s");
    }
    out.commit_ms = told_of(member(sample, "osd_commit"), "max_ms");
    out.apply_ms = told_of(member(sample, "osd_apply"), "max_ms");
    for (const json& cpus : member(sample, "osd_cpus")) {
        if (!cpus.is_number()) continue;
        out.osd_cpus = (out.osd_cpus > 0 ? out.osd_cpus : 0) + cpus.get<double>();
    }
    return out;
}

tone tone_of_health(std::string_view health) {
    return health == "HEALTH_OK"     ? tone::good
           : health == "HEALTH_WARN" ? tone::warn
           : health == "HEALTH_ERR"  ? tone::bad
                                     : tone::plain;
}

}  // namespace chopsticks::report
