#include "run_drivers.hpp"

#include <unistd.h>

#include <algorithm>
#include <chopsticks/compare/sides.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "comparing.hpp"
#include "plugins.hpp"
#include "repeats.hpp"
#include "series.hpp"

namespace chopsticks::cli {

namespace {

/// Runs a driver, unless --repeat says otherwise: as `ab`.
constexpr unsigned driver_runs = 5;

/// In the folder, beside the results.
constexpr const char* table_file = "drivers.json";

/// What is to be done, without to whom: what the default driver would refuse of the workload config
/// is no mistake where another is named.
scenario::scenario plan_of(const run_arguments& arguments) {
    std::vector<scenario::override_value> overrides;
    for (const std::string& set : arguments.sets)
        overrides.push_back(scenario::parse_override(set));
    load_plugins(arguments.plugins, arguments.workload_file, overrides);
    return scenario::load_scenario(arguments.scenario_file, overrides);
}

/// The key that names the driver of all groups.
std::string driver_key(const scenario::scenario& plan) {
    const std::string& workload = plan.groups.front().workload;
    for (const scenario::group& g : plan.groups) {
        if (g.workload == workload) continue;
        throw config_error("--driver: the scenario has groups of " + workload + " and of " +
                           g.workload + "; name the driver of each with --set");
    }
    const auto* const top = scenario::catalogue::at_top();
    const bool is_top = top != nullptr && top->name == workload;
    return is_top ? "workload.driver" : "workload." + workload + ".driver";
}

run_arguments with(const run_arguments& arguments, const std::string& key,
                   const std::string& driver) {
    run_arguments out = arguments;
    out.sets.push_back(key + "=" + driver);
    return out;
}

/// All are checked, and against the first, before anything runs. \return the seed
std::uint64_t check_drivers(const std::vector<repeated_side>& sides) {
    std::unique_ptr<run_setup> first;
    for (const repeated_side& side : sides) {
        try {
            auto checked = std::make_unique<run_setup>(side.arguments, false);
            if (!first) first = std::move(checked);
        } catch (const config_error& error) {
            throw config_error("--driver " + side.name + ": " + error.what());
        }
    }
    return first->scenario.seed;
}

/// What the runs of each that may be compared say together, and which may not.
compare::report_of_sides summarize_drivers(const std::vector<repeated_side>& sides,
                                           const std::vector<planned_repeat>& plan,
                                           const repeats_made& made) {
    compare::report_of_sides out;
    std::vector<std::vector<results::result_file>> found(sides.size());
    for (std::size_t i = 0; i < plan.size(); ++i) {
        if (made.runs[i].unfit.empty()) {
            for (auto& run : load_results({plan[i].output}))
                found[plan[i].side].push_back(std::move(run));
        } else {
            out.left_out.push_back((made.runs[i].written ? plan[i].output : plan[i].who) + " " +
                                   made.runs[i].unfit);
        }
    }
    std::vector<compare::side> shown;
    for (std::size_t i = 0; i < sides.size(); ++i) {
        if (!found[i].empty()) shown.push_back({sides[i].name, found[i]});
    }
    for (const compare::side& one : shown)
        refuse_unless_forced(compare::refusals(shown.front().all, one.all), false);
    out.all = compare::figures_of(shown, {});
    return out;
}

/// False, which is told, where it cannot be written.
bool show_drivers(const compare::report_of_sides& report, const std::string& file, bool quiet) {
    const std::string problem = results::write_file(file, results::dump(to_json(report), 1) + "\n");
    if (!problem.empty()) std::fprintf(stderr, "chopsticks: %s\n", problem.c_str());
    const bool printed =
        quiet || write_stdout(render(report, results::terminal_options::of(STDOUT_FILENO)) +
                              results::paragraph("Document", 12, file, 79));
    return problem.empty() && printed;
}

/// \return the exit status
int tell_drivers(const std::vector<repeated_side>& sides, const std::vector<planned_repeat>& plan,
                 const repeats_made& made, const std::string& file, bool quiet) {
    if (made.written() == 0) return made.exit_status;
    try {
        if (show_drivers(summarize_drivers(sides, plan, made), file, quiet))
            return made.exit_status;
    } catch (const config_error& error) {
        std::fprintf(stderr, "chopsticks: %s\n", error.what());
    }
    return results::worse_of(made.exit_status, exit_errors);
}

}  // namespace

void add_driver_option(CLI::App& command, std::optional<std::string>& drivers) {
    command
        .add_option("--driver", drivers,
                    "With this driver. Several, a,b,c: the same plan with each in turns, and one "
                    "table of them; --repeat is then runs a driver (default 5), --output a folder")
        ->type_name("NAMES");
}

std::vector<std::string> driver_names(const std::string& drivers) {
    std::vector<std::string> out;
    for (std::size_t from = 0; from <= drivers.size();) {
        const std::size_t to = std::min(drivers.find(',', from), drivers.size());
        out.push_back(drivers.substr(from, to - from));
        if (out.back().empty())
            throw config_error("--driver \"" + drivers +
                               "\": a name is empty; write --driver a,b,c");
        if (std::find(out.begin(), out.end() - 1, out.back()) != out.end() - 1)
            throw config_error("--driver: " + out.back() +
                               " is there twice; `ab --allow-same` compares a target with itself");
        from = to + 1;
    }
    return out;
}

run_arguments with_driver(const run_arguments& arguments, const std::string& driver) {
    return with(arguments, driver_key(plan_of(arguments)), driver);
}

int run_drivers(const run_arguments& arguments, const std::vector<std::string>& drivers,
                const repeat_arguments& repeats, const beside_arguments& told,
                const std::vector<std::string>& command_line) {
    if (!arguments.op_log.empty()) throw config_error("--op-log: of one driver alone");
    if (arguments.output.empty() || arguments.output == "-" || arguments.output.ends_with(".json"))
        throw config_error(
            "--driver: the runs of several drivers need a folder; give --output DIR");
    const scenario::scenario plan_alone = plan_of(arguments);
    const std::string key = driver_key(plan_alone);
    std::vector<repeated_side> sides;
    std::vector<std::string> paths;
    for (const std::string& name : drivers) {
        paths.push_back((std::filesystem::path(arguments.output) / (name + ".json")).string());
        sides.push_back({name, with(arguments, key, name), paths.back()});
    }
    repeat_options how;
    how.quiet = arguments.quiet;
    how.keep_going = repeats.keep_going;
    if (repeats.pause) how.pause_ns = pause_of(*repeats.pause);
    const std::uint64_t seed = check_drivers(sides);
    const std::vector<planned_repeat> plan =
        plan_in_turns(sides, repeats.count.value_or(driver_runs), seed);
    beside_runs beside(told, arguments.quiet);
    const std::string table = (std::filesystem::path(arguments.output) / table_file).string();
    if (std::filesystem::exists(table))
        throw config_error(table + " is there already; give another folder, or move it away");
    const results::output_lock lock = open_repeats(arguments.output, paths);
    catch_signals();
    for (const repeated_side& side : sides) {
        if (stop_level.load() == 0) try_target(side.arguments);
    }
    beside.begin_series({"comparison", plan_alone.name, plan.size()});
    const repeats_made made = make_repeats(plan, how, command_line, beside);
    const int status = tell_drivers(sides, plan, made, table, arguments.quiet);
    beside.end_series(status);
    beside.linger();
    return status;
}

}  // namespace chopsticks::cli
