#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdio>

#include "plugins.hpp"
#include "target_options.hpp"
#include "workloads.hpp"

namespace chopsticks::cli {

namespace {

struct cleanup_arguments {
    run_arguments target;
    std::string run_id;
    std::string result_file;
    std::string older_than;
    std::string prefix;
    bool yes = false;
};

/// What is asked for, after all files are read.
struct cleanup_plan {
    scenario::workload_config workload;
    engine::cleanup_request asked;
    std::vector<std::string> workloads;  ///< that left something, or may have

    void add(const std::string& name) {
        if (std::find(workloads.begin(), workloads.end(), name) == workloads.end()) {
            workloads.push_back(name);
        }
    }
};

const results::json& member(const results::json& of, const char* name) {
    static const results::json nothing;
    const auto found = of.is_object() ? of.find(name) : of.end();
    return found != of.end() ? *found : nothing;
}

std::string text(const results::json& of, const char* name) {
    const results::json& value = member(of, name);
    return value.is_string() ? value.get<std::string>() : std::string();
}

/// Run, prefixes and target from a result; what the command line says comes before it.
void read_result(const cleanup_arguments& a, cleanup_plan& plan) {
    const results::json doc = results::read_result(a.result_file);
    plan.asked.run_id = text(member(doc, "run"), "id");
    if (plan.asked.run_id.empty()) {
        throw config_error("--result " + a.result_file + ": it has no run id; give --run ID");
    }
    for (const results::json& group : member(member(doc, "scenario"), "groups")) {
        const std::string of = text(group, "workload");
        if (scenario::catalogue::find_workload(of) == nullptr) {
            throw config_error("--result " + a.result_file + ": there is no workload \"" + of +
                               "\" here; if a plug-in brings it, name its file with --plugin");
        }
        if (cleanup_of(of) == nullptr) {
            throw config_error("--result " + a.result_file + ": cleanup has no way to look for " +
                               "what a run of the workload \"" + of + "\" left");
        }
        plan.add(of);
        const std::string prefix = text(member(group, "data"), "prefix");
        std::vector<std::string>& all = plan.asked.prefixes;
        if (!prefix.empty() && std::find(all.begin(), all.end(), prefix) == all.end()) {
            all.push_back(prefix);
        }
    }
    // The file knows where the run was; a workload config or an option wins over it.
    if (!a.target.workload_file.empty()) return;
    for (const auto& [name, settings] : plan.workload.settings)
        scenario::foreign_call(name, "find_again of the settings",
                               [&, of = settings.get(), &from = name] {
                                   of->find_again(results::echoed_settings(doc, from));
                               });
}

void check_selection(const cleanup_arguments& a) {
    const int chosen = (a.run_id.empty() ? 0 : 1) + (a.result_file.empty() ? 0 : 1) +
                       (a.older_than.empty() ? 0 : 1);
    if (chosen != 1) {
        throw config_error(
            "cleanup: say what to clean up: one of --run ID, --result FILE, --older-than 1d");
    }
    for (const std::string& set : a.target.sets) {
        if (set.starts_with("workload.")) continue;
        throw config_error("--set " + set.substr(0, set.find('=')) +
                           ": there is no scenario here; only workload.* can be set");
    }
    if (a.run_id.find_first_of("/\n") != std::string::npos || a.run_id == "kept" ||
        a.run_id == "runs") {
        throw config_error("--run: \"" + a.run_id +
                           "\" is not a run id; it is in a run's first line and in its result: "
                           "20261122T150405Z-abcdef3f9a2c");
    }
}

/// Those that the workload config or the options name a target of.
void choose_by_target(cleanup_plan& plan) {
    for (const auto& one : scenario::catalogue::workloads()) {
        const scenario::workload_settings& settings = *plan.workload.find(one.name);
        const auto is_named = target_of(one.name).is_named;
        const bool named = is_named == nullptr
                               ? settings.given
                               : scenario::foreign_call(one.name, "target.is_named",
                                                        [&] { return is_named(settings); });
        if (named && cleanup_of(one.name) != nullptr) plan.add(std::string(one.name));
    }
    const auto* const top = scenario::catalogue::at_top();
    if (plan.workloads.empty() && top != nullptr) plan.add(std::string(top->name));
}

void make_plan(const cleanup_arguments& a, cleanup_plan& plan) {
    check_selection(a);
    refuse_secrets(a.target);
    std::vector<scenario::override_value> overrides;
    for (const std::string& set : a.target.sets)
        overrides.push_back(scenario::parse_override(set));
    load_plugins(a.target.plugins, a.target.workload_file, overrides);
    plan.workload = scenario::load_workload_config(a.target.workload_file, overrides);
    if (!a.result_file.empty()) read_result(a, plan);
    if (!a.run_id.empty()) plan.asked.run_id = a.run_id;
    if (!a.older_than.empty()) {
        const auto age = parse_duration(a.older_than);
        if (!age || *age <= 0) {
            throw config_error("--older-than: \"" + a.older_than +
                               "\" is not a duration; write 1d, 12h, 90m");
        }
        plan.asked.older_than_ns = *age;
    }
    if (!a.prefix.empty()) {
        plan.asked.prefixes = {a.prefix.back() == '/' ? a.prefix : a.prefix + "/"};
    }
    if (plan.asked.prefixes.empty()) plan.asked.prefixes = {scenario::data_set().prefix};
    apply_target(plan.workload, a.target);
    if (a.result_file.empty()) choose_by_target(plan);
    for (const std::string& warning : plan.workload.warnings)
        std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    for (const std::string& name : plan.workloads) {
        const auto complete = target_of(name).complete;
        if (complete == nullptr) continue;
        const std::vector<std::string> warnings = scenario::foreign_call(
            name, "target.complete",
            [&] { return complete(*plan.workload.settings.find(name)->second); });
        for (const std::string& warning : warnings)
            std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    }
    plan.asked.remove = a.yes;
    plan.asked.stop = &stop_level;
}

std::unique_ptr<engine::cleanup> open_cleanup(const std::string& workload,
                                              const engine::cleanup_request& asked) {
    bool interrupted = false;
    std::unique_ptr<engine::cleanup> made;
    scenario::foreign_call(workload, "open_cleanup", [&] {
        try {
            made = cleanup_of(workload)(asked);
        } catch (const engine::cleanup_interrupted&) {
            interrupted = true;
        }
    });
    if (interrupted) throw engine::cleanup_interrupted();
    if (made == nullptr) {
        throw config_error("plug-in " +
                           std::string(scenario::catalogue::find_workload(workload)->from) +
                           ": open_cleanup of the workload " + workload + " made no cleanup");
    }
    return made;
}

int clean_up(const cleanup_arguments& a) {
    cleanup_plan plan;
    make_plan(a, plan);
    catch_signals();
    // Before anything is removed: a target that cannot be reached is told alone.
    std::vector<std::unique_ptr<engine::cleanup>> opened;
    for (const std::string& name : plan.workloads) {
        plan.asked.settings = plan.workload.find(name);
        try {
            opened.push_back(open_cleanup(name, plan.asked));
        } catch (const engine::cleanup_interrupted&) {
            return exit_interrupted;
        }
    }
    int status = exit_ok;
    for (std::size_t n = 0; n < opened.size(); ++n) {
        if (stop_level.load() > 0) break;
        const engine::cleanup_end end = scenario::foreign_call(
            plan.workloads[n], "carry_out of the cleanup", [&] { return opened[n]->carry_out(); });
        if (end == engine::cleanup_end::clean || status != exit_ok) continue;
        status = end == engine::cleanup_end::refused ? exit_usage : exit_left_behind;
    }
    return stop_level.load() > 0 ? static_cast<int>(exit_interrupted) : status;
}

}  // namespace

void add_cleanup_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("cleanup", "Lists what earlier runs left behind, and removes it");
    auto a = std::make_shared<cleanup_arguments>();
    command->add_option("--run", a->run_id, "The run with this id")->type_name("ID");
    command->add_option("--result", a->result_file, "The run of this result, where it was")
        ->type_name("FILE");
    command
        ->add_option("--older-than", a->older_than,
                     "All runs that started so long ago, by the server's clock: 1d, 12h")
        ->type_name("TIME");
    command
        ->add_option("--prefix", a->prefix,
                     "data.prefix of the runs (default: the result's, or chopsticks/)")
        ->type_name("P");
    command->add_flag("--yes", a->yes, "Removes it; without, everything is only listed");
    add_target_options(*command, a->target);
    command->footer(
        "Examples:\n"
        "  chopsticks cleanup --result mixed-20261122T150405Z-abcdef3f9a2c.json\n"
        "  chopsticks cleanup --older-than 1d --workload-config config/s3.yaml --yes\n"
        "A workload config with `rbd` has images looked for, one with `rados` objects of pools, "
        "one "
        "with an endpoint those of a bucket.\n"
        "Exit status: 0 nothing remains, 2 bad usage or target, 5 something remains, 130 "
        "interrupted.");
    command->callback([a, &result] { result = clean_up(*a); });
}

}  // namespace chopsticks::cli
