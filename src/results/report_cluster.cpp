#include "report_cluster.hpp"

#include <algorithm>
#include <chopsticks/results/json_reading.hpp>

namespace chopsticks::results {

namespace {

/// More of them are in the result.
constexpr std::size_t events_shown = 8;
constexpr std::size_t changes_shown = 4;
constexpr std::size_t silences_shown = 2;

std::string at_second(double s) {
    return decimal(s, 1) + " s";
}

std::string health_words(const json& of_cluster) {
    std::string before = text(of_cluster, "health_before");
    const std::string after = text(of_cluster, "health_after");
    if (before == after) return before;
    if (before.empty()) return after + " after the run";
    return before + " before the run" + (after.empty() ? "" : ", " + after + " after it");
}

std::string silence_words(const json& cluster) {
    const json& all = member(cluster, "silences");
    std::string out;
    std::size_t told = 0;
    for (const json& one : all) {
        if (told++ == silences_shown) break;
        const json& end = member(one, "end_s");
        out += (out.empty() ? "silence from " : ", ") + at_second(number(one, "start_s")) +
               (end.is_number() ? " to " + at_second(number(one, "end_s"))
                                : std::string(" to the end"));
        const std::string why = text(one, "problem");
        if (!why.empty()) out += " (" + why + ")";
    }
    if (all.size() > silences_shown) {
        const std::uint64_t more = all.size() - silences_shown + count(cluster, "silences_dropped");
        out += " and " + whole(more) + " more";
    }
    return out;
}

/// The slowest of the samples.
std::string latency_words(const json& cluster) {
    double most_ms = 0;
    const json* whose = nullptr;
    for (const json& one : member(cluster, "samples")) {
        const json& commit = member(one, "osd_commit");
        if (number(commit, "max_ms") <= most_ms) continue;
        most_ms = number(commit, "max_ms");
        whose = &commit;
    }
    if (whose == nullptr) return {};
    return "OSD commit latency up to " + decimal(most_ms, 1) + " ms (osd." +
           whole(count(*whose, "max_osd")) + ")";
}

std::string event_lines(const json& document, std::size_t indent, std::size_t width) {
    std::string out;
    std::size_t told = 0;
    std::size_t more = 0;
    // Findings first: they say what the others are told for.
    for (const char* const source : {"finding", "ceph"}) {
        for (const json& one : member(document, "events")) {
            if (text(one, "source") != source) continue;
            if (told == events_shown) {
                ++more;
                continue;
            }
            ++told;
            std::string when = at_second(number(one, "start_s"));
            if (member(one, "end_s").is_number()) when += " to " + at_second(number(one, "end_s"));
            out += paragraph("", indent, when + ": " + text(one, "text"), width);
        }
    }
    if (more > 0) {
        out += paragraph(
            "", indent,
            "and " + of_these(more, "more event", "more events") + " of the cluster in the result",
            width);
    }
    return out;
}

}  // namespace

std::string cluster_lines(const json& document, std::size_t indent, std::size_t width) {
    const json& cluster = member(document, "cluster");
    if (!cluster.is_object()) return {};
    const std::string problem = text(cluster, "problem");
    if (!problem.empty())
        return paragraph("Cluster", indent, "could not be asked: " + problem, width);
    const json& about = member(member(document, "environment"), "ceph");
    const json& osds = member(about, "osds");
    std::string facts;
    const auto add = [&](const std::string& fact) {
        if (!fact.empty()) facts += (facts.empty() ? "" : ", ") + fact;
    };
    const std::string version = text(about, "version");
    if (!version.empty()) add("Ceph " + version);
    add(health_words(about));
    if (count(osds, "known") > 0)
        add(whole(count(osds, "up")) + " of " + of_these(count(osds, "known"), "OSD", "OSDs") +
            " up");
    if (member(about, "used_percent").is_number())
        add(decimal(number(about, "used_percent"), 0) + "% full");
    add(latency_words(cluster));
    add(silence_words(cluster));
    std::string out = paragraph("Cluster", indent, facts, width);
    std::size_t told = 0;
    std::string changes;
    const json& changed = member(cluster, "changes");
    for (const json& one : changed) {
        if (told == changes_shown) break;
        if (!one.is_string()) continue;
        changes += (told++ == 0 ? "changed over the run: " : "; ") +
                   printable(one.get_ref<const std::string&>());
    }
    if (changed.size() > told && told > 0)
        changes += "; and " + whole(changed.size() - told) + " more";
    if (!changes.empty()) out += paragraph("", indent, changes, width);
    return out + event_lines(document, indent, width);
}

}  // namespace chopsticks::results
