#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/scenario/slo.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "combine.hpp"
#include "json_text.hpp"
#include "merge_drivers.hpp"
#include "merge_intervals.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

/// What each part keeps of its own.
constexpr const char* kept[] = {
    "run",         "validity", "slo",       "load",   "data",        "operations",     "total",
    "by_endpoint", "groups",   "generator", "health", "environment", "driver_figures", "cluster"};

/// Parts measured together if their measure phases overlap for this share of the longest.
constexpr double together_share = 0.9;

struct work {
    std::vector<const result_file*> parts;  ///< by the beginning of their loads
    std::vector<double> offsets_s;          ///< of each load's beginning behind the first
    json list;                              ///< the member `parts`
    stats::layout names;
};

/// "bench-2 (20261122T150405Z-abcdef3f9a2c)"
std::string label(const json& part) {
    const std::string host = text(member(part, "environment"), "host");
    const std::string id = text(member(part, "run"), "id");
    return host.empty() ? id : host + " (" + id + ")";
}

/// As a part of a merged result, or those of which it was merged.
void list_parts(const result_file& file, double offset_s, json& list) {
    const json& made_of = member(file.document, "parts");
    for (const json& one : made_of) {
        json part = one;
        part["offset_s"] = rounded(number(one, "offset_s") + offset_s);
        list.push_back(std::move(part));
    }
    if (!made_of.empty()) return;
    json part;
    part["offset_s"] = rounded(offset_s);
    for (const char* key : kept) {
        if (file.document.contains(key)) part[key] = file.document[key];
    }
    list.push_back(std::move(part));
}

void refuse_duplicates(const std::vector<const result_file*>& parts) {
    std::map<std::string, std::string> seen;
    for (const result_file* file : parts) {
        for (const run_identity& one : file->made_of()) {
            for (const std::string& known : {"id " + one.id, one.content}) {
                if (known.empty()) continue;
                const auto [at, is_new] = seen.emplace(known, one.id);
                if (is_new) continue;
                throw config_error("run " + printable(one.id) + " is in it twice" +
                                   (at->second == one.id ? "" : ", also as " + at->second) +
                                   "; give the result of each part once");
            }
        }
    }
}

/// A scenario as far as all parts have to have the same.
json comparable(const json& scenario) {
    json out = scenario;
    for (const char* key : {"file", "source", "seed"})
        out.erase(key);
    return out;
}

/// Where two documents differ first, as "groups/0/load: 200 and 300".
std::string first_difference(const json& a, const json& b) {
    const json patch = json::diff(a, b);
    if (patch.empty()) return {};
    const std::string path = text(patch[0], "path");
    const auto value = [&](const json& of) {
        const json::json_pointer at(path);
        const std::string shown = of.contains(at) ? printable(dump(of.at(at))) : "nothing";
        return std::string(cut(shown, 40));
    };
    return (path.empty() ? path : path.substr(1)) + ": " + value(a) + " and " + value(b);
}

void refuse_strangers(const std::vector<const result_file*>& parts) {
    const result_file& first = *parts[0];
    const json plan = comparable(first.scenario());
    for (const result_file* other : parts) {
        const std::string both = first.path + " and " + other->path + ": ";
        const std::string differs = first_difference(plan, comparable(other->scenario()));
        if (!differs.empty()) {
            throw config_error(both + "not the same scenario: " + differs);
        }
        const auto measured_s = [](const result_file& part) {
            return part.interval_s / static_cast<double>(part.intervals_joined);
        };
        if (std::abs(measured_s(*other) - measured_s(first)) > 1e-6) {
            throw config_error(both + "intervals of different lengths");
        }
        const std::string driver = text(first.workload(), "driver");
        if (text(other->workload(), "driver") != driver) {
            throw config_error(both + "not the same driver: " + driver + " and " +
                               text(other->workload(), "driver"));
        }
    }
}

template <typename List>
void add_names(std::vector<std::string>& names, const List& figures) {
    for (const operation_figures& f : figures) {
        if (std::find(names.begin(), names.end(), f.name) == names.end()) names.push_back(f.name);
    }
}

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// The part's index; how many there are if none is called so.
std::size_t part_called(const stats::layout& names, const std::string& name) {
    const auto at = std::find_if(names.parts.begin(), names.parts.end(),
                                 [&](const stats::part_name& part) { return part.name == name; });
    return static_cast<std::size_t>(at - names.parts.begin());
}

void add_part_names(stats::layout& names, const std::vector<operation_figures>& parts) {
    for (const operation_figures& f : parts) {
        const std::size_t of = index_of(names.operations, f.part_of);
        const bool known = part_called(names, f.name) < names.parts.size();
        if (known || of == names.operations.size()) continue;
        names.parts.push_back({f.name, static_cast<std::uint16_t>(of)});
    }
}

void add_parts(stats::totals& sum, const result_file& from, const stats::layout& names) {
    for (const operation_figures& f : from.operation_parts) {
        const std::size_t i = part_called(names, f.name);
        if (i < names.parts.size()) add_up(sum.by_part[i], f, from.path);
    }
}

void add_operations(stats::totals& sum, const std::vector<operation_figures>& operations,
                    const stats::layout& names, const std::string& file) {
    for (const operation_figures& f : operations) {
        const std::size_t i = index_of(names.operations, f.name);
        if (i == names.operations.size()) continue;
        add_up(sum.by_operation[i], f, file);
        for (const operation_figures& one : f.by_size_class) {
            for (std::size_t c = 0; c < stats::size_class_count; ++c) {
                if (stats::size_class_name(c) != one.name) continue;
                auto& slot = sum.by_size_class[i][c];
                if (slot == nullptr) slot = std::make_unique<stats::figures>(3);
                add_up(*slot, one, file);
            }
        }
    }
}

void add_stages(run_document& doc, const work& w) {
    for (const result_file* part : w.parts) {
        for (std::size_t s = 0; s < part->stages.size(); ++s) {
            if (s == doc.stages.size()) {
                doc.stages.emplace_back(doc.layout);
                doc.stages[s].start_s = part->stages[s].start_s;
            }
            doc.stages[s].duration_s =
                std::max(doc.stages[s].duration_s, part->stages[s].duration_s);
            add_operations(doc.stages[s].figures, part->stages[s].operations, doc.layout,
                           part->path);
        }
    }
}

void add_phases(run_document& doc, const work& w) {
    for (const result_file* part : w.parts) {
        const double later_s = static_cast<double>(part->started_ns - doc.run.started_ns) / 1e9;
        for (const phase_span& phase : part->phases) {
            const double began_s = phase.started_s + later_s;
            auto there = std::find_if(doc.run.phases.begin(), doc.run.phases.end(),
                                      [&](const phase_span& p) { return p.name == phase.name; });
            if (there == doc.run.phases.end()) {
                doc.run.phases.push_back({phase.name, began_s, phase.duration_s});
                continue;
            }
            const double ended_s =
                std::max(there->started_s + there->duration_s, began_s + phase.duration_s);
            there->started_s = std::min(there->started_s, began_s);
            there->duration_s = ended_s - there->started_s;
        }
    }
}

void add_once(std::vector<std::string>& all, std::string one) {
    if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

/// How the parts ended, what they had to say.
void add_ends(run_document& doc, const work& w) {
    for (const json& part : w.list) {
        const json& run = member(part, "run");
        const std::string who = label(part);
        doc.run.interrupted = doc.run.interrupted || flag(run, "interrupted");
        const std::string problem = text(run, "problem");
        if (doc.run.problem.empty() && !problem.empty()) doc.run.problem = who + ": " + problem;
        for (const json& reason : member(member(part, "validity"), "reasons"))
            if (reason.is_string())
                doc.validity.reasons.push_back(who + ": " + reason.get<std::string>());
        for (const json& warning : member(run, "warnings"))
            if (warning.is_string()) add_once(doc.run.warnings, warning.get<std::string>());
        for (const json& note : member(run, "notes"))
            if (note.is_string()) add_once(doc.run.notes, note.get<std::string>());
    }
}

/// Whether the parts put their load on the target at one time.
void judge_overlap(run_document& doc, const work& w) {
    double latest_s = 0;
    double earliest_end_s = std::numeric_limits<double>::infinity();
    for (const result_file* part : w.parts) {
        const double began_s =
            static_cast<double>(part->measure_began_ns() - w.parts[0]->measure_began_ns()) / 1e9;
        latest_s = std::max(latest_s, began_s);
        earliest_end_s = std::min(earliest_end_s, began_s + part->duration_s);
    }
    const double together_s = std::max(0.0, earliest_end_s - latest_s);
    if (together_s < together_share * doc.run.duration_s) {
        doc.validity.reasons.push_back(
            "The parts measured together for only " + decimal(together_s, 1) + " of " +
            decimal(doc.run.duration_s, 1) +
            " s by their clocks: the rates of the merged result never were at one time on the "
            "target. Start the parts together, with clocks that agree (chrony, NTP).");
    }
    const result_file& first = *w.parts[0];
    for (std::size_t p = 1; p < w.parts.size(); ++p) {
        const auto differs = [&](const json& a, const json& b, const char* what) {
            const std::string where = first_difference(a, b);
            if (where.empty()) return;
            add_once(doc.run.warnings, std::string("the parts differ in ") + what + ": " + where);
        };
        json mine = first.workload();
        json other = w.parts[p]->workload();
        for (json* config : {&mine, &other})
            config->erase("file");
        differs(mine, other, "the workload config");
        differs(member(first.environment(), "version"),
                member(w.parts[p]->environment(), "version"), "the version of chopsticks");
    }
}

template <typename Verdict>
Verdict worst(const work& w, const char* key, std::initializer_list<Verdict> from_bad_to_good) {
    for (const Verdict verdict : from_bad_to_good) {
        for (const json& part : w.list) {
            if (text(member(member(part, "run"), "verdicts"), key) == name(verdict)) return verdict;
        }
    }
    return *(from_bad_to_good.end() - 1);
}

void give_verdicts(run_document& doc, const work& w) {
    doc.validity.valid = doc.validity.reasons.empty();
    for (const result_file* part : w.parts)
        doc.slo.aborted = doc.slo.aborted || part->aborted;
    std::vector<scenario::slo> objectives;
    for (const json& one : member(member(w.parts[0]->document, "slo"), "objectives"))
        objectives.push_back(scenario::parse_slo(text(one, "text")));
    doc.slo.objectives =
        judge(objectives, doc.figures, doc.layout, doc.run.duration_s, measured_s(doc));
    run_verdicts& v = doc.run.verdicts;
    using g = generator_verdict;
    using l = left_verdict;
    v.generator = worst(w, "generator", {g::was_limit, g::unknown, g::kept_up});
    if (!doc.validity.valid && v.generator == g::kept_up) v.generator = g::was_limit;
    v.left_behind = worst(w, "left_behind", {l::something, l::kept, l::nothing});
    v.target = worst(w, "target", {target_verdict::failed, target_verdict::fine});
    const bool missed = std::any_of(doc.slo.objectives.begin(), doc.slo.objectives.end(),
                                    [](const slo_outcome& one) { return !one.met; });
    if (missed && v.target == target_verdict::fine) v.target = target_verdict::missed_objective;
    doc.run.exit_status = exit_status_of(v, doc.run.interrupted);
}

/// The run of all parts, as far as the document's structs hold it.
run_document sum_of(const work& w) {
    run_document doc(w.names);
    const result_file& first = *w.parts[0];
    doc.run.started_ns = first.started_ns;
    std::vector<std::string> ids;
    for (const json& part : w.list)
        ids.push_back(text(member(part, "run"), "id"));
    std::sort(ids.begin(), ids.end());
    std::uint64_t hash = 0;
    for (const std::string& id : ids) {
        for (const char c : id)
            hash = mix64(hash, static_cast<unsigned char>(c));
    }
    std::map<std::string, double> measured;
    for (const result_file* part : w.parts) {
        doc.run.started_ns = std::min(doc.run.started_ns, part->started_ns);
        doc.run.duration_s = std::max(doc.run.duration_s, part->duration_s);
        doc.run.throughput.mean +=
            number(member(member(part->document, "run"), "throughput"), "mean_per_s");
        add_operations(doc.figures, part->operations, doc.layout, part->path);
        add_parts(doc.figures, *part, doc.layout);
        for (const operation_figures& f : part->by_endpoint)
            add_up(doc.figures.by_endpoint[index_of(doc.layout.endpoints, f.name)], f, part->path);
        for (const auto& [group, figures] : part->groups().items())
            measured[group] = std::max(measured[group], number(figures, "measured_s"));
    }
    for (const auto& [group, seconds] : measured) {
        doc.groups.emplace_back();
        doc.groups.back().name = group;
        doc.groups.back().measured_s = seconds;
    }
    doc.run.id = make_run_id(doc.run.started_ns, hash);
    const json& run = member(first.document, "run");
    for (const json& word : member(run, "command_line"))
        if (word.is_string()) doc.run.command_line.push_back(word.get<std::string>());
    doc.run.seed = first.seed;
    doc.run.interval_s = first.interval_s / static_cast<double>(first.intervals_joined);
    for (const result_file* part : w.parts) {
        doc.run.intervals_joined =
            std::max(doc.run.intervals_joined, static_cast<unsigned>(part->intervals_joined));
        if (part->intervals_omitted == 0) continue;
        add_once(doc.run.warnings, part->run_id + ": " + std::to_string(part->intervals_omitted) +
                                       " intervals at its end are in its interval stream only");
    }
    add_phases(doc, w);
    add_stages(doc, w);
    add_driver_figures(doc, w.parts);
    for (std::size_t p = 0; p < w.parts.size(); ++p)
        doc.events.add(w.parts[p]->events, w.offsets_s[p]);
    add_ends(doc, w);
    judge_overlap(doc, w);
    give_verdicts(doc, w);
    return doc;
}

std::vector<const json*> members_of(const work& w, const char* key) {
    std::vector<const json*> out;
    for (const result_file* part : w.parts)
        out.push_back(&member(part->document, key));
    return out;
}

/// Silences do not add up: the one that was worst is told.
json worst_silence(const std::vector<const json*>& all) {
    const auto longer = [](const json* a, const json* b) {
        return std::pair(number(*a, "outage_s"), number(*a, "longest_s")) <
               std::pair(number(*b, "outage_s"), number(*b, "longest_s"));
    };
    return **std::max_element(all.begin(), all.end(), longer);
}

json groups_of(const work& w) {
    json out = combine("groups", members_of(w, "groups"), w.parts[0]->path);
    for (auto& [name, group] : out.items()) {
        std::vector<const json*> silences;
        json images = json::array();
        for (const result_file* part : w.parts) {
            const json& one = member(part->groups(), name.c_str());
            silences.push_back(&member(one, "silence"));
            for (const json& image : member(one, "images")) {
                if (std::find(images.begin(), images.end(), image) == images.end()) {
                    images.push_back(image);
                }
            }
        }
        if (group.contains("silence")) group["silence"] = worst_silence(silences);
        if (group.contains("images")) group["images"] = std::move(images);
        if (group.contains("pacing")) group["pacing"] = nullptr;
    }
    return out;
}

json silences_of(const work& w) {
    json out = json::array();
    for (const json* list : members_of(w, "endpoint_silences")) {
        for (const json& one : *list) {
            const auto same = std::find_if(out.begin(), out.end(), [&](const json& other) {
                return text(other, "group") == text(one, "group") &&
                       text(other, "endpoint") == text(one, "endpoint");
            });
            if (same == out.end()) {
                out.push_back(one);
            } else {
                *same = worst_silence({&*same, &one});
            }
        }
    }
    return out;
}

/// The members of which there are no structs that could be read back.
void put_combined(json& out, const work& w) {
    const std::string& file = w.parts[0]->path;
    for (const char* key : {"load", "data", "generator", "health"}) {
        json all = combine(key, members_of(w, key), file);
        if (!all.is_null()) out[key] = std::move(all);
    }
    for (std::size_t s = 0; s < out["stages"].size(); ++s) {
        std::vector<const json*> loads;
        for (const result_file* part : w.parts) {
            if (s < part->stages.size()) {
                loads.push_back(&member(member(part->document, "stages")[s], "load"));
            }
        }
        out["stages"][s]["load"] = combine("load", loads, file);
    }
    std::vector<const json*> runs = members_of(w, "run");
    for (const json*& run : runs)
        run = &member(*run, "warmup_cut");
    json left_out = combine("warmup_cut", runs, file);
    if (!left_out.is_null()) out["run"]["warmup_cut"] = std::move(left_out);
    out["groups"] = groups_of(w);
    out["endpoint_silences"] = silences_of(w);
    for (const char* key : {"environment", "workload", "scenario"})
        out[key] = member(w.parts[0]->document, key);
    out["parts"] = w.list;
}

}  // namespace

merged_result merge(const std::vector<result_file>& files) {
    if (files.size() < 2 || files.size() > merged_most) {
        throw config_error("2 to " + std::to_string(merged_most) + " results can be merged, not " +
                           std::to_string(files.size()));
    }
    work w;
    for (const result_file& file : files)
        w.parts.push_back(&file);
    std::sort(w.parts.begin(), w.parts.end(), [](const result_file* a, const result_file* b) {
        return std::pair(a->load_began_ns(), a->run_id) < std::pair(b->load_began_ns(), b->run_id);
    });
    refuse_strangers(w.parts);
    w.list = json::array();
    for (const result_file* part : w.parts) {
        const std::int64_t behind_ns = part->load_began_ns() - w.parts[0]->load_began_ns();
        w.offsets_s.push_back(static_cast<double>(behind_ns) / 1e9);
        list_parts(*part, w.offsets_s.back(), w.list);
        add_names(w.names.operations, part->operations);
        add_part_names(w.names, part->operation_parts);
        add_names(w.names.endpoints, part->by_endpoint);
    }
    refuse_duplicates(w.parts);
    w.names.driver_figures = joint_driver_figures(w.parts);
    run_document doc = sum_of(w);
    const double interval_s = doc.run.interval_s * doc.run.intervals_joined;
    doc.intervals = merge_intervals(w.parts, w.offsets_s, w.names, interval_s);
    merged_result out;
    out.document = to_json_without_intervals(doc);
    put_combined(out.document, w);
    // Last, as in every document.
    out.document.erase("intervals");
    out.text = with_intervals(out.document, doc.intervals);
    out.document["intervals"] = json::array();
    return out;
}

std::string render_parts(const json& document, std::size_t width) {
    text_table table({"part", "run", "behind", "ops", "ops/s", "p99"});
    table.leave_out_first({1, 3});
    for (const json& part : member(document, "parts")) {
        const json& total = member(part, "total");
        table.add({text(member(part, "environment"), "host"), text(member(part, "run"), "id"),
                   decimal(number(part, "offset_s"), 3) + " s", whole(count(total, "ok")),
                   format_count(number(total, "rate_per_s")),
                   format_latency(std::llround(number(member(total, "response"), "p99_ns")))});
    }
    return table.render(width);
}

}  // namespace chopsticks::results
