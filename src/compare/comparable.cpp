// What has to be the same on both sides, and what is merely told.

#include <algorithm>
#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>
#include <map>
#include <set>
#include <utility>

#include "figures.hpp"

namespace chopsticks::compare {

namespace {

using results::json;
using results::result_file;

/// 2026-11-27T04:45:02Z: before, there was one S3 driver, which was called beast and is native now.
constexpr std::int64_t two_drivers_ns = 1'795'754'702'000'000'000;

/// Of a scenario, what says what is done: other values, other work. The rest is told.
constexpr const char* work[] = {"groups[",          "phases.prepare",         "phases.warmup_s",
                                "phases.measure_s", "phases.steady_within_s", "stop.",
                                "timeouts."};
/// In spite of that, what is only told.
constexpr const char* told_only[] = {".data.prefix", "phases.prepare_"};
/// Not even that: what differs between any two runs, or is told elsewhere.
constexpr const char* untold[] = {"scenario.description", "scenario.file",   "scenario.source",
                                  "scenario.seed",        "scenario.slo",    "workload.file",
                                  "workload.driver",      "workload.ignored"};

using facts = std::map<std::string, std::string>;

std::string text_of(const json& value) {
    return results::printable(value.is_string() ? value.get<std::string>() : results::dump(value));
}

/// Leaves of a document by their path: "groups[0].load.open.rate_per_s".
void flatten(const json& value, const std::string& path, facts& to) {
    if (!value.is_structured() || value.empty()) {
        to[path] = text_of(value);
        return;
    }
    if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            flatten(value[i], path + "[" + std::to_string(i) + "]", to);
        return;
    }
    for (const auto& [key, member] : value.items())
        flatten(member, (path.empty() ? "" : path + ".") + results::printable(key), to);
}

bool begins_with_one_of(const std::string& path, std::span<const char* const> all) {
    return std::any_of(all.begin(), all.end(),
                       [&](const char* one) { return path.starts_with(one); });
}

bool is_work(const std::string& path) {
    for (const char* const one : told_only) {
        if (path.find(one) != std::string::npos) return false;
    }
    return begins_with_one_of(path, work);
}

/// One of them, or a part of it; not `driver_options` for `driver`.
bool is_untold(const std::string& path) {
    return std::any_of(std::begin(untold), std::end(untold), [&](std::string_view one) {
        return path.starts_with(one) &&
               (path.size() == one.size() || path[one.size()] == '.' || path[one.size()] == '[');
    });
}

std::string driver_of(const result_file& run, const json& group) {
    const auto found = group.find("driver");
    if (found == group.end() || !found->is_string()) return "";
    const std::string driver = results::printable(found->get<std::string>());
    return driver == "beast" && run.started_ns < two_drivers_ns ? "native" : driver;
}

/// A document that was loaded has objects there, whose members may be anything.
facts facts_of(const result_file& run) {
    facts out;
    flatten(run.environment(), "environment", out);
    // Where no cluster was watched is as where nobody could watch one yet.
    std::erase_if(out, [](const auto& one) {
        return one.first == "environment.ceph" && one.second == "null";
    });
    flatten(run.workload(), "workload", out);
    out["schema_version"] = std::to_string(run.version);
    facts scenario;
    flatten(run.scenario(), "", scenario);
    for (const auto& [path, value] : scenario) {
        if (!is_work(path)) out["scenario." + path] = value;
    }
    for (const auto& [name, group] : run.groups().items()) {
        if (!group.is_object()) continue;
        const std::string path = "groups." + results::printable(name);
        out[path + ".driver"] = driver_of(run, group);
        const auto images = group.find("images");
        if (images == group.end() || !images->is_array()) continue;
        std::string sizes;
        std::set<std::string> features;
        for (const json& image : *images) {
            if (image.is_object() && image.contains("bytes"))
                sizes += (sizes.empty() ? "" : " ") + text_of(image["bytes"]);
            if (image.is_object() && image.contains("features"))
                features.insert(text_of(image["features"]));
        }
        out[path + ".images.bytes"] = sizes;
        std::string all;
        for (const std::string& one : features)
            all += (all.empty() ? "" : " ") + one;
        if (!all.empty()) out[path + ".images.features"] = all;
    }
    if (const auto cores = run.generator().find("cores"); cores != run.generator().end())
        out["generator.cores"] = std::to_string(cores->size());
    const auto of_run = run.document.find("run");
    if (of_run != run.document.end() && of_run->is_object() && of_run->contains("notes")) {
        std::string notes;
        for (const json& note : (*of_run)["notes"])
            notes += (notes.empty() ? "" : " ") + text_of(note);
        out["run.notes"] = notes;
    }
    // The endpoint inside the process has another port each time.
    if (out["workload.s3.access_key"] == "embedded") {
        std::erase_if(
            out, [](const auto& one) { return one.first.starts_with("workload.s3.endpoints"); });
    }
    std::erase_if(out, [](const auto& one) { return is_untold(one.first); });
    return out;
}

std::string joined(const std::set<std::string>& values) {
    std::string out;
    for (const std::string& one : values)
        out += (out.empty() ? "" : ", ") + (one.empty() ? std::string("none") : one);
    return out;
}

/// By path, the values on each side; a run that lacks the path has "not told".
std::vector<disparity> differing(std::span<const facts> base, std::span<const facts> now) {
    std::set<std::string> paths;
    for (const std::span<const facts> all : {base, now}) {
        for (const facts& one : all) {
            for (const auto& [path, value] : one)
                paths.insert(path);
        }
    }
    std::vector<disparity> out;
    for (const std::string& path : paths) {
        std::set<std::string> sides[2];
        for (const int which : {0, 1}) {
            for (const facts& one : which == 0 ? base : now) {
                const auto found = one.find(path);
                sides[which].insert(found == one.end() ? "not told" : found->second);
            }
        }
        if (sides[0] != sides[1]) out.push_back({path, joined(sides[0]), joined(sides[1])});
    }
    return out;
}

facts work_of(const json& scenario) {
    facts all;
    flatten(scenario, "", all);
    std::erase_if(all, [](const auto& one) { return !is_work(one.first); });
    return all;
}

/// What a side does with seeds, where that can be seen.
std::string use_of_seeds(runs all) {
    std::set<std::uint64_t> seeds;
    for (const result_file& run : all)
        seeds.insert(run.seed);
    if (all.size() < 2) return "";
    if (seeds.size() == 1) return "the same for all runs";
    return seeds.size() == all.size() ? "another for each run" : "the same for some runs";
}

void refuse_run(const result_file& run, std::vector<std::string>& to) {
    const std::string who = results::printable(run.path);
    if (!run.valid) {
        to.push_back(who + " is invalid: " +
                     (run.reasons.empty() ? "the generator was the limit"
                                          : results::printable(run.reasons.front())));
    }
    if (run.interrupted) {
        to.push_back(who + " was interrupted");
    } else if (!run.problem.empty()) {
        to.push_back(who + " ended early: " + results::printable(run.problem));
    } else if (run.aborted) {
        to.push_back(who + " ended early: an objective was missed");
    }
    if (!(run.duration_s > 0)) to.push_back(who + " measured nothing");
}

}  // namespace

std::string other_work(const json& base, const std::string& base_name, const json& other) {
    const facts expected = work_of(base);
    const facts found = work_of(other);
    std::string told;
    std::size_t count = 0;
    for (const disparity& one : differing(std::span(&expected, 1), std::span(&found, 1))) {
        // Builds of before a setting was told have its default.
        if (one.base == "not told" || one.now == "not told") {
            const bool of_group = one.what.starts_with("groups[");
            if (!of_group) continue;
        }
        if (++count <= 3) {
            told += (told.empty() ? "" : "; ") + one.what + ": " + one.base + " in " + base_name +
                    ", " + one.now + " here";
        }
    }
    if (count > 3) told += "; and " + std::to_string(count - 3) + " more";
    return told;
}

std::vector<std::string> refusals(runs base, runs now) {
    std::vector<std::string> out;
    for (const runs all : {base, now}) {
        for (const result_file& run : all) {
            refuse_run(run, out);
        }
    }
    const std::string first = results::printable(base.front().path);
    for (const runs all : {base, now}) {
        for (const result_file& run : all) {
            const std::string told = other_work(base.front().scenario(), first, run.scenario());
            if (!told.empty())
                out.push_back(results::printable(run.path) + " did other work: " + told);
            // Each process of a merged result has done all that the scenario says.
            const std::size_t processes = run.made_of().size();
            if (processes == base.front().made_of().size()) continue;
            out.push_back(results::printable(run.path) + " has the load of " +
                          counted(processes, "run") + " together, " + first + " that of " +
                          std::to_string(base.front().made_of().size()));
        }
    }
    const std::string seeds = use_of_seeds(base);
    const std::string seeds_now = use_of_seeds(now);
    if (!seeds.empty() && !seeds_now.empty() && seeds != seeds_now) {
        out.push_back("seeds are " + seeds + " of the base, " + seeds_now + " of the new side");
    }
    return out;
}

void check_distinct(runs base, runs now) {
    std::map<std::string, std::string> seen;
    std::set<std::string> merged;
    for (const runs all : {base, now}) {
        for (const result_file& run : all) {
            if (!run.parts().empty()) merged.insert(run.path);
            for (const results::run_identity& one : run.made_of()) {
                for (const std::string& known : {"id " + one.id, one.content}) {
                    if (known.empty()) continue;
                    const auto [at, is_new] = seen.emplace(known, run.path);
                    if (is_new) continue;
                    throw config_error(run.path + " and " + at->second +
                                       (merged.contains(run.path) || merged.contains(at->second)
                                            ? " have the same run in them"
                                            : " are the same run") +
                                       "; the same figures twice are no second opinion");
                }
            }
        }
    }
}

namespace {

/// "served", or "not supported by the target (120 of 120 answers)".
std::string served_words(runs side, const std::string& operation) {
    std::uint64_t unsupported = 0;
    std::uint64_t ended = 0;
    for (const result_file& run : side) {
        const auto* const f = results::find(run.operations, operation);
        if (f == nullptr) continue;
        unsupported += results::unsupported_of(*f);
        ended += f->ok + f->failed;
    }
    if (unsupported == 0) return ended > 0 ? "served" : "not measured";
    return "not supported by the target (" + std::to_string(unsupported) + " of " +
           std::to_string(ended) + " answers)";
}

}  // namespace

std::vector<disparity> disparities(runs base, runs now) {
    std::vector<facts> sides[2];
    for (const result_file& run : base)
        sides[0].push_back(facts_of(run));
    for (const result_file& run : now)
        sides[1].push_back(facts_of(run));
    // First, because they say why figures are missing.
    std::vector<disparity> out;
    for (const results::operation_figures& one : base.front().operations) {
        if (!is_unserved(base, now, one.name)) continue;
        out.push_back({one.name, served_words(base, one.name), served_words(now, one.name)});
    }
    for (disparity& one : differing(sides[0], sides[1]))
        out.push_back(std::move(one));
    return out;
}

}  // namespace chopsticks::compare
