#include <algorithm>
#include <chopsticks/report/cluster_sample.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <cstdint>

#include "cluster.hpp"
#include "curves.hpp"
#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;
using results::result_file;

/// Of a long series the first so many are read.
constexpr std::size_t series_runs_most = 200;

cell known_text(const json& of, const char* key) {
    const std::string text = text_of(of, key);
    return words(text.empty() ? "not known" : text);
}

cell health_cell(const std::string& health) {
    cell out = words(health.empty() ? "not known" : health);
    if (out.text.starts_with("HEALTH_ERR")) {
        out.as = tone::bad;
    } else if (out.text != "HEALTH_OK") {
        out.as = tone::warn;
    }
    return out;
}

/// The worst of each over the load; of CPUs the mean.
struct course {
    std::string health;
    double osds_down = nothing;
    double commit_ms = nothing;
    double recovery = nothing;
    double cpus = nothing;
};

void take_most(double& into, double value) {
    if (std::isfinite(value) && !(into >= value)) into = value;
}

int rank_of(const std::string& health) {
    const tone as = tone_of_health(health);
    return health.empty() ? 0 : as == tone::good ? 1 : as == tone::bad ? 3 : 2;
}

course course_of(const json& samples) {
    course out;
    double cpus = 0;
    std::size_t told = 0;
    for (const json& one : samples) {
        const cluster_figures now = figures_of_sample(one);
        if (rank_of(now.health) > rank_of(out.health)) out.health = now.health;
        take_most(out.osds_down, now.osds_down);
        take_most(out.commit_ms, now.commit_ms);
        take_most(out.recovery, now.recovery_bytes_per_s);
        if (!std::isfinite(now.osd_cpus)) continue;
        cpus += now.osd_cpus;
        ++told;
    }
    if (told > 0) out.cpus = cpus / static_cast<double>(told);
    return out;
}

cell told_cell(unit of, double value) {
    if (!std::isfinite(value)) return {.text = "-"};
    return {.text = value_text(of, value), .value = value};
}

std::string entry_label(const json& entry) {
    std::string out;
    for (const auto& [axis, value] : member(entry, "settings").items())
        out += (out.empty() ? "" : ", ") + last_word(axis) + "=" + setting_text(value);
    if (member(entry, "number").is_number())
        out +=
            (out.empty() ? "trial " : ", trial ") + std::to_string(results::count(entry, "number"));
    if (results::count(entry, "repeat") > 0)
        out += (out.empty() ? "run " : ", run ") + std::to_string(results::count(entry, "repeat"));
    return out;
}

}  // namespace

void add_cluster_row(table& to, const std::string& run, const json& document) {
    const json& cluster = member(document, "cluster");
    if (!cluster.is_object()) return;
    const json& about = member(member(document, "environment"), "ceph");
    std::uint64_t findings = 0;
    std::string first;
    for (const json& mark : member(document, "events")) {
        if (text_of(mark, "source") != "finding") continue;
        if (findings++ == 0) first = text_of(mark, "text");
    }
    const std::string problem = text_of(cluster, "problem");
    if (!problem.empty()) first = "could not be asked: " + problem;
    const course over_load = course_of(member(cluster, "samples"));
    to.rows.push_back({{.text = run},
                       known_text(about, "version"),
                       health_cell(text_of(about, "health_before")),
                       health_cell(over_load.health),
                       health_cell(text_of(about, "health_after")),
                       told_cell(unit::count, over_load.osds_down),
                       told_cell(unit::ms, over_load.commit_ms),
                       told_cell(unit::bytes_per_s, over_load.recovery),
                       told_cell(unit::count, over_load.cpus),
                       {.text = std::to_string(findings), .value = static_cast<double>(findings)},
                       words(first.empty() ? "-" : first)});
}

table cluster_runs_table() {
    return {.caption = "The cluster, by run",
            .header = {"Run", "Ceph", "health before", "worst in the load", "health after",
                       "most OSDs down", "slowest OSD commit", "most recovery",
                       "CPUs of OSDs, mean", "findings", "the first of them"}};
}

section cluster_of_series(const result_file& series, const char* list,
                          const std::optional<result_file>& first) {
    section out{.id = "cluster", .title = "Cluster"};
    // Where the first had none nobody reads all others for it.
    if (!first || !member(first->document, "cluster").is_object()) return out;
    table runs = cluster_runs_table();
    std::size_t read = 0;
    std::size_t more = 0;
    for (const json& one : member(series.document, list)) {
        const std::optional<std::string> path = run_beside(series, one);
        if (!path) continue;
        if (read == series_runs_most) {
            ++more;
            continue;
        }
        ++read;
        add_cluster_row(runs, entry_label(one), results::load_result(*path).document);
    }
    add_table(out, std::move(runs));
    if (more > 0)
        out.blocks.emplace_back(paragraph{counted(more, "further run") + " not in this table."});
    return out;
}

}  // namespace chopsticks::report
