#include <algorithm>
#include <array>
#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/shell.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "beside_runs.hpp"
#include "comparing.hpp"
#include "repeats.hpp"
#include "series.hpp"

namespace chopsticks::cli {

namespace {

constexpr std::array<const char*, 2> side_names = {"base", "new"};

struct ab_arguments {
    run_arguments run;  ///< of both sides
    std::array<std::string, 2> configs;
    std::array<std::vector<std::string>, 2> sets;
    unsigned repeat = 5;
    std::string pause = "0s";
    bool allow_same = false;
    comparison_arguments how;
    beside_arguments beside;
};

class ab {
  public:
    ab(const ab_arguments& a, const std::vector<std::string>& command_line)
        : arguments_(a), command_line_(command_line), how_(read_comparison(a.how)) {
        repeats_.pause_ns = pause_of(a.pause);
        repeats_.quiet = a.run.quiet;
    }

    int go();

  private:
    run_arguments arguments_of(std::size_t side) const;
    std::unique_ptr<run_setup> check_sides() const;
    void check_json() const;
    void try_targets() const;
    template <typename Fits>
    std::vector<std::string> files_of(std::size_t side, const Fits& fits) const;
    void tell_command(const repeats_made& made) const;
    int conclude(const repeats_made& made) const;
    std::string path_of(std::size_t side) const {
        return (std::filesystem::path(arguments_.run.output) / side_names[side]).string() + ".json";
    }

    const ab_arguments& arguments_;
    const std::vector<std::string>& command_line_;
    compare::options how_;
    repeat_options repeats_;
    std::vector<planned_repeat> plan_;
};

run_arguments ab::arguments_of(std::size_t side) const {
    run_arguments out = arguments_.run;
    if (!arguments_.configs[side].empty()) out.workload_file = arguments_.configs[side];
    const auto& more = arguments_.sets[side];
    out.sets.insert(out.sets.end(), more.begin(), more.end());
    return out;
}

/// Says on which side a mistake is.
template <typename Call>
auto of_side(std::size_t side, const Call& call) {
    try {
        return call();
    } catch (const config_error& error) {
        throw config_error(std::string(side_names[side]) + ": " + error.what());
    }
}

/// To whom, as a result tells it.
results::json target_json(const run_setup& checked, const run_arguments& arguments) {
    results::json out = series_identity(checked, arguments)["workload"];
    out.erase("file");
    return out;
}

/// Both sides are checked, and against each other, before anything runs. \return the base
std::unique_ptr<run_setup> ab::check_sides() const {
    run_arguments base = arguments_of(0);
    run_arguments now = arguments_of(1);
    auto first = of_side(0, [&] { return std::make_unique<run_setup>(base, false); });
    const auto second = of_side(1, [&] { return std::make_unique<run_setup>(now, false); });
    const std::string other = compare::other_work(results::to_json(first->scenario), "the base",
                                                  results::to_json(second->scenario));
    if (!other.empty() && !arguments_.how.force) {
        throw config_error(
            "the new side would do other work, and could not be compared (--force does it all the "
            "same): " +
            other);
    }
    const bool same = arguments_.sets[0] == arguments_.sets[1] &&
                      target_json(*first, base) == target_json(*second, now);
    if (same && !arguments_.allow_same) {
        throw config_error(
            "base and new are the same target with the same settings; --allow-same makes such an "
            "A/A test, which shows how far runs are apart by chance");
    }
    if (same && !arguments_.run.quiet)
        std::fprintf(stderr, "A/A: both sides are the same target with the same settings\n");
    return first;
}

void ab::check_json() const {
    const auto place = [](const std::string& path) {
        std::error_code error;
        return std::filesystem::weakly_canonical(path, error);
    };
    // None of the results is there yet.
    for (const planned_repeat& one : plan_) {
        if (arguments_.how.json.empty() || place(arguments_.how.json) != place(one.output))
            continue;
        throw config_error("--json " + arguments_.how.json +
                           ": the result of a run; the comparison needs a file of its own");
    }
    check_json_file(arguments_.how, {});
}

void ab::try_targets() const {
    for (const std::size_t side : {0U, 1U}) {
        if (stop_level.load() > 0) return;
        const std::vector<std::string> names =
            of_side(side, [&] { return try_target(arguments_of(side)); });
        for (const compare::gate& gate : how_.gates) {
            const auto known = [&](const std::string& name) { return gate.is_about(name); };
            if (gate.is_about("") || std::any_of(names.begin(), names.end(), known)) continue;
            std::string all;
            for (const std::string& name : names)
                all += (all.empty() ? "" : ", ") + name;
            throw config_error("gate \"" + gate.text +
                               "\": the runs will have no such figure; operations are " + all);
        }
    }
}

/// Of a side, in order of time: those of pairs of which both runs are as asked for.
template <typename Fits>
std::vector<std::string> ab::files_of(std::size_t side, const Fits& fits) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
        if (plan_[i].side == side && fits(i) && fits(i ^ 1)) out.push_back(plan_[i].output);
    }
    return out;
}

/// How to compare what there is.
void ab::tell_command(const repeats_made& made) const {
    const auto may_be_compared = [&](std::size_t i) { return made.runs[i].unfit.empty(); };
    const auto was_written = [&](std::size_t i) { return made.runs[i].written; };
    std::vector<std::string> base = files_of(0, may_be_compared);
    std::vector<std::string> now = files_of(1, may_be_compared);
    std::string command = "chopsticks compare";
    if (base.empty()) {
        base = files_of(0, was_written);
        now = files_of(1, was_written);
        if (base.empty()) {
            std::fprintf(stderr,
                         "chopsticks: no pair of runs was made, so there is nothing to compare\n");
            return;
        }
        std::size_t bad = 0;
        while (!was_written(bad) || may_be_compared(bad))
            ++bad;
        std::fprintf(stderr, "chopsticks: no pair of runs may be compared: %s %s\n",
                     plan_[bad].output.c_str(), made.runs[bad].unfit.c_str());
        command += " --force";
    }
    for (const std::string& file : base)
        command += " " + shell_word(file);
    command += " --vs";
    for (const std::string& file : now)
        command += " " + shell_word(file);
    std::fprintf(
        stderr, "To compare the %zu of %u pairs that %s:\n  %s\n", base.size(), arguments_.repeat,
        command.find(" --force") == std::string::npos ? "are whole" : "were made", command.c_str());
}

int ab::conclude(const repeats_made& made) const {
    int status = exit_usage;
    try {
        const auto any = [](std::size_t) { return true; };
        const auto base = load_results(files_of(0, any));
        const auto now = load_results(files_of(1, any));
        status = compare_results(arguments_.how, how_, base, now);
    } catch (const config_error& error) {
        std::fprintf(stderr, "chopsticks: %s\n", error.what());
        tell_command(made);
        // Why they cannot be compared is the runs' status, if it says anything.
        return made.exit_status != exit_ok ? made.exit_status : static_cast<int>(exit_usage);
    }
    return results::worse_of(made.exit_status, status);
}

int ab::go() {
    std::unique_ptr<run_setup> checked = check_sides();
    std::vector<repeated_side> sides;
    for (const std::size_t side : {0U, 1U})
        sides.push_back({side_names[side], arguments_of(side), path_of(side)});
    plan_ = plan_in_turns(sides, arguments_.repeat, checked->scenario.seed);
    const std::string scenario = checked->scenario.name;
    checked.reset();
    beside_runs beside(arguments_.beside, arguments_.run.quiet);
    const results::output_lock lock = open_repeats(arguments_.run.output, {path_of(0), path_of(1)});
    check_json();
    catch_signals();
    try_targets();
    beside.begin_series({"comparison", scenario, plan_.size()});
    const repeats_made made = make_repeats(plan_, repeats_, command_line_, beside);
    const bool whole = !made.interrupted && !made.stopped;
    if (!whole) tell_command(made);
    const int status = whole ? conclude(made) : made.exit_status;
    beside.end_series(status);
    beside.linger();
    return status;
}

}  // namespace

void add_ab_command(CLI::App& app, int& result, const std::vector<std::string>& command_line) {
    auto* command =
        app.add_subcommand("ab", "Runs a scenario on two targets in turns, and compares them");
    auto a = std::make_shared<ab_arguments>();
    add_run_options(*command, a->run);
    command
        ->add_option("--base", a->configs[0], "Workload config of the base: the old release, say")
        ->type_name("CONFIG");
    command
        ->add_option("--new", a->configs[1],
                     "Workload config of the new side (default of both: --workload-config)")
        ->type_name("CONFIG");
    command->add_option("--base-set", a->sets[0], "As --set, of the base alone")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    command->add_option("--new-set", a->sets[1], "As --set, of the new side alone")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    command->add_option("--repeat", a->repeat, "Runs a side, in the order A B B A A B B A ...")
        ->type_name("N")
        ->check(CLI::Range(1U, repeats_most))
        ->capture_default_str();
    command->add_option("--pause", a->pause, "Between two runs")
        ->type_name("TIME")
        ->capture_default_str();
    command->add_option("--output", a->run.output, "Folder of the results")
        ->required()
        ->type_name("DIR");
    command->add_flag("--allow-same", a->allow_same,
                      "An A/A test: both sides may be the same target with the same settings");
    add_comparison_options(*command, a->how);
    add_beside_options(*command, a->beside);
    command->add_flag("--quiet", a->run.quiet, "Only problems and the comparison are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks ab -f scenarios/mixed.yaml --base old.yaml --new new.yaml -t 5m \\\n"
        "      --repeat 5 --output ab --gate 'p99(get) +5%'\n"
        "  chopsticks ab -f mixed --embedded --new-set workload.driver=beast --output drivers\n"
        "Exit status: 0 all ran and no gate failed, 1 a gate regressed, or a target failed or "
        "missed an SLO, 2 bad usage or target, 3 the generator was the limit, 4 a gate could not "
        "be decided, 5 a run left something behind, 130 interrupted.");
    command->callback([a, &result, command_line] { result = ab(*a, command_line).go(); });
}

}  // namespace chopsticks::cli
