#include <chopsticks/results/json_reading.hpp>
#include <cstdint>

#include "cluster.hpp"
#include "describing.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

cell known_text(const json& of, const char* key) {
    const std::string text = text_of(of, key);
    return words(text.empty() ? "not known" : text);
}

cell health_cell(const json& about, const char* key) {
    cell out = known_text(about, key);
    if (out.text.starts_with("HEALTH_ERR")) {
        out.as = tone::bad;
    } else if (out.text != "HEALTH_OK") {
        out.as = tone::warn;
    }
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
    to.rows.push_back({{.text = run},
                       known_text(about, "version"),
                       health_cell(about, "health_before"),
                       health_cell(about, "health_after"),
                       {.text = std::to_string(findings), .value = static_cast<double>(findings)},
                       words(first.empty() ? "-" : first)});
}

table cluster_runs_table() {
    return {.caption = "The cluster, by run",
            .header = {"Run", "Ceph", "health before", "health after", "findings",
                       "the first of them"}};
}

}  // namespace chopsticks::report
