#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/s3/driver/cleanup.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdio>
#include <optional>

#include "cleanup_images.hpp"
#include "target_options.hpp"

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
    s3::cleanup_options options;
    bool objects = false;  ///< an S3 bucket is looked through
    bool images = false;   ///< a pool of block devices is
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
    plan.options.run_id = text(member(doc, "run"), "id");
    if (plan.options.run_id.empty()) {
        throw config_error("--result " + a.result_file + ": it has no run id; give --run ID");
    }
    for (const results::json& group : member(member(doc, "scenario"), "groups")) {
        const std::string of = text(group, "workload");
        if (of == rbd::describe_workload().name) {
            plan.images = true;
            continue;
        }
        if (of != s3::describe_workload().name) {
            throw config_error("--result " + a.result_file + ": cleanup has no way to look for " +
                               "what a run of the workload \"" + of + "\" left");
        }
        plan.objects = true;
        const std::string prefix = text(member(group, "data"), "prefix");
        std::vector<std::string>& all = plan.options.prefixes;
        if (!prefix.empty() && std::find(all.begin(), all.end(), prefix) == all.end()) {
            all.push_back(prefix);
        }
    }
    // The file knows where the run was; a workload config or an option wins over it.
    if (!a.target.workload_file.empty()) return;
    for (const auto& [name, settings] : plan.workload.settings)
        settings->find_again(results::echoed_settings(doc, name));
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

void make_plan(const cleanup_arguments& a, cleanup_plan& plan) {
    check_selection(a);
    refuse_secrets(a.target);
    std::vector<scenario::override_value> overrides;
    for (const std::string& set : a.target.sets)
        overrides.push_back(scenario::parse_override(set));
    plan.workload = scenario::load_workload_config(a.target.workload_file, overrides);
    if (!a.result_file.empty()) read_result(a, plan);
    if (!a.run_id.empty()) plan.options.run_id = a.run_id;
    if (!a.older_than.empty()) {
        const auto age = parse_duration(a.older_than);
        if (!age || *age <= 0) {
            throw config_error("--older-than: \"" + a.older_than +
                               "\" is not a duration; write 1d, 12h, 90m");
        }
        plan.options.older_than_ns = *age;
    }
    if (!a.prefix.empty()) {
        plan.options.prefixes = {a.prefix.back() == '/' ? a.prefix : a.prefix + "/"};
    }
    if (plan.options.prefixes.empty()) {
        plan.options.prefixes = {scenario::data_set().prefix};
    }
    s3::settings& s3 = s3::settings_of(plan.workload);
    apply_target(s3, a.target);
    if (a.result_file.empty()) {
        plan.images = rbd::settings_of(plan.workload).given;
        plan.objects = !plan.images || !s3.endpoints.empty();
    }
    for (const std::string& warning : plan.workload.warnings)
        std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    plan.options.config = &s3;
    if (!plan.objects) return;
    for (const std::string& warning : complete_target(s3))
        std::fprintf(stderr, "Warning: %s\n", warning.c_str());
}

std::uint64_t entries(const s3::run_remains& run) {
    return run.objects + run.versions + run.markers + run.uploads;
}

/// "95 objects, 12 older versions (1.5 MiB)".
std::string describe_entries(const s3::run_remains& run) {
    std::string out;
    const auto add = [&out](std::uint64_t count, const char* what) {
        if (count > 0) out += (out.empty() ? "" : ", ") + counted(count, what);
    };
    add(run.objects, "object");
    add(run.versions, "older version");
    add(run.markers, "delete marker");
    add(run.uploads, "unfinished upload");
    if (out.empty()) return "nothing";
    return out + " (" + format_size(run.bytes) + ")";
}

/// Whether it counts as left behind: what was not asked for does not, what is left alone does.
bool remains(const s3::run_remains& run, bool removed) {
    if (run.too_young) return false;
    if (!removed || !run.kept_why.empty()) return true;
    return run.left > 0 || run.foreign > 0 || run.mark_left || !run.problem.empty() ||
           run.removed_buckets < run.buckets.size();
}

void print_run(const s3::run_remains& run, const std::string& bucket, bool removed) {
    std::printf("run %s%s\n", run.run.c_str(),
                run.started.empty() ? "" : (", started " + run.started).c_str());
    std::printf("  %s in the bucket \"%s\" below \"%s\"\n", describe_entries(run).c_str(),
                bucket.c_str(), run.folder.c_str());
    if (!run.unfinished.empty()) {
        std::printf("  among them a data set that was never finished, below \"%s\"\n",
                    run.unfinished.c_str());
    }
    for (const std::string& name : run.buckets)
        std::printf("  the bucket \"%s\"%s\n", name.c_str(), removed ? "" : ", if it is empty");
    if (run.foreign > 0) {
        std::printf("  %s there that this run is not shown to have made, and that stay: \"%s\"%s\n",
                    counted(run.foreign, "other thing").c_str(), run.foreign_example.c_str(),
                    run.foreign > 1 ? ", ..." : "");
    }
    if (!run.kept_why.empty()) std::printf("  left alone: %s\n", run.kept_why.c_str());
    if (removed && run.kept_why.empty()) {
        std::printf("  removed: %llu of %llu", static_cast<unsigned long long>(run.removed),
                    static_cast<unsigned long long>(entries(run)));
        if (!run.buckets.empty()) {
            std::printf(", and %llu of %s", static_cast<unsigned long long>(run.removed_buckets),
                        counted(run.buckets.size(), "bucket").c_str());
        }
        std::printf("; left: %llu\n", static_cast<unsigned long long>(run.left));
    }
    if (!run.problem.empty()) std::printf("  problem: %s\n", run.problem.c_str());
}

int print_report(const s3::cleanup_report& report, const cleanup_plan& plan) {
    const bool removed = plan.options.remove;
    std::uint64_t runs = 0;
    std::uint64_t left = 0;
    std::uint64_t to_remove = 0;
    std::uint64_t bytes = 0;
    for (const s3::run_remains& run : report.runs) {
        print_run(run, plan.options.config->bucket, removed);
        if (remains(run, removed)) ++left;
        if (!run.kept_why.empty()) continue;
        ++runs;
        to_remove += entries(run);
        bytes += run.bytes;
    }
    if (report.runs.empty()) std::printf("nothing was found\n");
    if (!removed && runs > 0) {
        std::printf("nothing was removed; to remove what %s left (%s, %s): add --yes\n",
                    counted(runs, "run").c_str(), counted(to_remove, "thing").c_str(),
                    format_size(bytes).c_str());
    }
    std::fflush(stdout);
    if (stop_level.load() > 0) return exit_interrupted;
    return left > 0 ? exit_left_behind : exit_ok;
}

int clean_up_objects(const cleanup_plan& plan) {
    const auto tell = [&](const s3::cleanup_progress& p) {
        const std::string waits = p.waiting.empty() ? "" : "; waits " + p.waiting;
        if (p.run.empty()) {
            std::fprintf(stderr, "cleanup: looks for runs%s\n", waits.c_str());
            return;
        }
        std::fprintf(stderr, "cleanup: run %s: %llu found, %llu removed so far%s\n", p.run.c_str(),
                     static_cast<unsigned long long>(p.found),
                     static_cast<unsigned long long>(p.removed), waits.c_str());
    };
    const s3::cleanup_report report = s3::clean_up(plan.options, stop_level, tell);
    const int status = print_report(report, plan);
    if (report.problem.empty() || stop_level.load() > 0) return status;
    std::fprintf(stderr, "chopsticks: %s\n", report.problem.c_str());
    return report.runs.empty() ? static_cast<int>(exit_usage) : static_cast<int>(exit_left_behind);
}

int clean_up(const cleanup_arguments& a) {
    cleanup_plan plan;
    make_plan(a, plan);
    plan.options.remove = a.yes;
    catch_signals();
    std::optional<left_images> images;
    if (plan.images) {
        // Before anything is removed: a cluster that cannot be reached is told alone.
        images.emplace(rbd::settings_of(plan.workload));
        images->select(plan.options.run_id, plan.options.older_than_ns);
    }
    int status = exit_ok;
    if (plan.objects) status = clean_up_objects(plan);
    if (images && stop_level.load() == 0 && images->clean_up(a.yes) && status == exit_ok) {
        status = exit_left_behind;
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
        "A workload config with `rbd` has images looked for, one with an endpoint objects.\n"
        "Exit status: 0 nothing remains, 2 bad usage or target, 5 something remains, 130 "
        "interrupted.");
    command->callback([a, &result] { result = clean_up(*a); });
}

}  // namespace chopsticks::cli
