#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/verdicts.hpp>

#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

bool starts_with(const std::string& line, std::string_view beginning) {
    return line.compare(0, beginning.size(), beginning) == 0;
}

/// Behind "target: ".
std::string rest_of(const std::string& line) {
    const std::size_t colon = line.find(": ");
    return colon == std::string::npos ? line : line.substr(colon + 2);
}

void add_generator(const json& document, std::vector<verdict>& out) {
    const json& validity = member(document, "validity");
    if (results::flag(validity, "valid")) {
        out.push_back({tone::good, "VALID", results::kept_up_words});
        return;
    }
    bool told = false;
    for (const json& reason : member(validity, "reasons")) {
        if (!reason.is_string()) continue;
        out.push_back({tone::bad, "INVALID", reason.get<std::string>()});
        told = true;
    }
    if (!told) out.push_back({tone::bad, "INVALID", "no reason was recorded"});
}

void add_target(const json& document, const std::vector<std::string>& problems,
                std::vector<verdict>& out) {
    const json& run = member(document, "run");
    const std::string said = text_of(member(run, "verdicts"), "target");
    if (said == results::name(results::target_verdict::fine)) {
        for (const std::string& sentence : results::never_served_sentences(document))
            out.push_back({tone::warn, "UNSUPPORTED", sentence});
        out.push_back({tone::good, "TARGET OK", results::fine_target_words(document)});
        return;
    }
    const std::string label = said == results::name(results::target_verdict::missed_objective)
                                  ? "SLO MISSED"
                              : said == results::name(results::target_verdict::failed) ? "FAILED"
                                                                                       : "TARGET";
    bool told = false;
    for (const std::string& line : problems) {
        if (!starts_with(line, "target: ")) continue;
        out.push_back({tone::bad, label, rest_of(line)});
        told = true;
    }
    if (!told && !said.empty()) out.push_back({tone::bad, label, "the report does not say why"});
}

void add_left(const json& document, std::vector<verdict>& out) {
    const json& verdicts = member(member(document, "run"), "verdicts");
    const std::string said = text_of(verdicts, "left_behind");
    if (said == results::name(results::left_verdict::nothing)) {
        out.push_back({tone::good, "CLEAN", "nothing of this run was left on the target"});
        return;
    }
    const bool kept = said == results::name(results::left_verdict::kept);
    for (const json& item : member(member(document, "data"), "left")) {
        const bool exact = results::flag(item, "exact");
        const std::string n = std::to_string(results::count(item, "count"));
        out.push_back({kept ? tone::warn : tone::bad, kept ? "KEPT" : "LEFT BEHIND",
                       (exact ? "" : "at most ") + n + " x " + text_of(item, "kind") + " " +
                           text_of(item, "name"),
                       text_of(item, "remove_with")});
    }
}

}  // namespace

std::vector<verdict> verdicts_of(const json& document) {
    std::vector<verdict> out;
    add_generator(document, out);
    add_target(document, results::verdict_problems(document), out);
    const json& run = member(document, "run");
    if (results::flag(run, "interrupted"))
        out.push_back({tone::warn, "INTERRUPTED", "the figures are of the time before"});
    if (!text_of(run, "problem").empty())
        out.push_back({tone::bad, "PROBLEM", text_of(run, "problem")});
    add_left(document, out);
    for (const json& warning : member(run, "warnings")) {
        if (warning.is_string()) out.push_back({tone::warn, "Warning", warning.get<std::string>()});
    }
    return out;
}

verdict worst_of(const std::vector<verdict>& all) {
    verdict out{tone::good, "OK", ""};
    for (const tone level : {tone::bad, tone::warn}) {
        for (const verdict& one : all) {
            if (one.as == level && one.label != "Warning") return one;
        }
    }
    return out;
}

}  // namespace chopsticks::report
