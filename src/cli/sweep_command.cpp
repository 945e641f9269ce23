#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/search/sweep_plan.hpp>
#include <cstdio>

#include "beside_runs.hpp"
#include "series.hpp"
#include "series_run.hpp"

namespace chopsticks::cli {

namespace {

using results::point_status;
using results::swept_point;

constexpr const char* sweep_file = "sweep.json";

struct sweep_arguments {
    run_arguments run;
    std::string rates;
    std::string users;
    std::vector<std::string> vary;
    unsigned repeat = 1;
    bool shuffle = false;
    bool resume = false;
    std::string cool_down = "30s";
    beside_arguments beside;
};

double cool_down_of(const std::string& text) {
    const auto longest_ns = parse_duration(text);
    if (!longest_ns) throw config_error("--cool-down: \"" + text + "\" is not a duration");
    return static_cast<double>(*longest_ns) / 1e9;
}

std::vector<search::axis> read_axes(const sweep_arguments& a) {
    std::vector<search::axis> axes;
    if (!a.rates.empty() && !a.users.empty()) {
        throw config_error(
            "--rates and --users: a closed loop has users, an open loop a rate; give one of them");
    }
    if (!a.rates.empty()) axes.push_back({"rate", search::parse_numbers(a.rates, "--rates")});
    if (!a.users.empty()) axes.push_back({"users", search::parse_numbers(a.users, "--users")});
    for (const std::string& text : a.vary) {
        auto [path, values] = search::parse_axis(text, "--vary");
        for (const search::axis& other : axes) {
            if (other.name == path) throw config_error("--vary " + path + ": is given twice");
        }
        axes.push_back({path, std::move(values)});
    }
    if (axes.empty()) {
        throw config_error(
            "nothing to sweep over: give --rates 1000:20000:1000, --users 1,2,4,...,512 or "
            "--vary path=v1,v2");
    }
    return axes;
}

run_arguments arguments_of(const sweep_arguments& a, const std::vector<search::axis>& axes,
                           const search::sweep_point& p, std::uint64_t seed) {
    run_arguments out = a.run;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (axes[i].name == "rate") {
            out.rate = p.values[i];
        } else if (axes[i].name == "users") {
            out.users = p.values[i];
        } else {
            out.sets.push_back(axes[i].name + "=" + p.values[i]);
        }
    }
    out.seed = std::to_string(seed_of(seed, p.repeat));
    return out;
}

/// "007-rate=1000-size=64KiB.json": sorts in the order of the axes.
std::string file_of(const std::vector<search::axis>& axes, const search::sweep_point& p,
                    unsigned repeats) {
    char number[32];
    std::snprintf(number, sizeof number, "%04zu", p.index + 1);
    std::string name = number;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t dot = axes[i].name.rfind('.');
        name +=
            "-" + axes[i].name.substr(dot == std::string::npos ? 0 : dot + 1) + "=" + p.values[i];
    }
    for (char& c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '=';
        if (!plain) c = '_';
    }
    if (name.size() > 120) name.resize(120);
    if (repeats > 1) name += "-r" + std::to_string(p.repeat);
    return name + ".json";
}

class sweep {
  public:
    sweep(const sweep_arguments& a, const std::vector<std::string>& command_line)
        : arguments_(a),
          axes_(read_axes(a)),
          points_(search::make_points(axes_, a.repeat)),
          path_(a.run.output + "/" + sweep_file),
          command_line_(command_line),
          cool_down_s_(cool_down_of(a.cool_down)) {}

    int go();

  private:
    void check_points();
    void begin();
    void take_up(const results::sweep_document& before);
    void run_points(beside_runs& beside);
    bool run_point(const search::sweep_point& p, series_runner& runner);
    live::watched_trial trial_of(const search::sweep_point& p) const;
    swept_point& entry(const search::sweep_point& p) { return document_.points[p.index]; }
    bool write();

    const sweep_arguments& arguments_;
    std::vector<search::axis> axes_;
    std::vector<search::sweep_point> points_;
    std::string path_;
    const std::vector<std::string>& command_line_;
    double cool_down_s_;
    results::sweep_document document_;
    bool written_ = true;
};

/// Every point is checked before the first one runs: a slip in the last value is found now.
void sweep::check_points() {
    std::uint64_t& seed = document_.seed;
    for (const search::sweep_point& p : points_) {
        if (p.repeat > 1) break;
        const run_setup checked(arguments_of(arguments_, axes_, p, 1), false);
        if (p.index > 0) continue;
        document_.identity = series_identity(checked, arguments_.run);
        document_.scenario = checked.scenario.name;
        seed = arguments_.run.seed ? checked.scenario.seed : 0;
    }
    if (seed == 0) {
        // The scenario's own, or one that is drawn.
        run_arguments first = arguments_of(arguments_, axes_, points_.front(), 1);
        first.seed = arguments_.run.seed;
        seed = run_setup(first, false).scenario.seed;
    }
}

void sweep::begin() {
    check_points();
    document_.started = format_utc(wall_ns());
    document_.command_line = command_line_;
    document_.shuffled = arguments_.shuffle;
    document_.repeat = arguments_.repeat;
    document_.axes = axes_;
    for (const search::sweep_point& p : points_) {
        swept_point& one = document_.points.emplace_back();
        one.plan = p;
        one.file = file_of(axes_, p, arguments_.repeat);
    }
}

/// Keeps what an earlier sweep got done, if it was the same sweep.
void sweep::take_up(const results::sweep_document& before) {
    std::string other = first_difference(document_.identity, before.identity);
    if (other.empty() && before.axes != document_.axes) other = "axes";
    if (other.empty() && before.repeat != document_.repeat) other = "repeat";
    if (other.empty() && before.shuffled != document_.shuffled) other = "shuffled";
    if (other.empty() && before.points.size() != points_.size()) other = "points";
    if (!other.empty()) {
        throw config_error(path_ + ": is of another sweep, its " + other +
                           " differs; give the same arguments, or another --output");
    }
    document_.seed = before.seed;
    document_.started = before.started;
    for (std::size_t i = 0; i < points_.size(); ++i) {
        if (before.points[i].status == point_status::done) document_.points[i] = before.points[i];
    }
}

bool sweep::write() {
    written_ = write_series(path_, results::to_json(document_));
    return written_;
}

/// By its place among the points, as its file is.
live::watched_trial sweep::trial_of(const search::sweep_point& p) const {
    live::watched_trial out{p.index + 1, {}};
    for (std::size_t i = 0; i < axes_.size(); ++i)
        out.what += (i > 0 ? " " : "") + axes_[i].name + "=" + p.values[i];
    if (arguments_.repeat > 1) out.what += " repeat " + std::to_string(p.repeat);
    return out;
}

/// False: the sweep was interrupted.
bool sweep::run_point(const search::sweep_point& p, series_runner& runner) {
    swept_point& one = entry(p);
    series_run_options how;
    how.who = "point " + std::to_string(p.index + 1);
    how.trial = trial_of(p);
    how.output = arguments_.run.output + "/" + one.file;
    how.quiet = arguments_.run.quiet;
    const series_run made = runner.make(arguments_of(arguments_, axes_, p, document_.seed), how);
    one.left_behind = made.left_behind;
    if (made.done) one.figures = results::point_figures_of(made.done->doc);
    one.exit_status = made.exit_status;
    one.problem = made.problem;
    one.status = made.interrupted        ? point_status::interrupted
                 : !made.problem.empty() ? point_status::failed
                                         : point_status::done;
    if (!one.problem.empty())
        std::fprintf(stderr, "chopsticks: %s: %s\n", how.who.c_str(), one.problem.c_str());
    return stop_level.load() == 0;
}

void sweep::run_points(beside_runs& beside) {
    std::vector<search::sweep_point> order = points_;
    if (arguments_.shuffle) search::shuffle(order, document_.seed);
    for (const search::sweep_point& p : order) {
        const swept_point& one = entry(p);
        if (one.status != point_status::done || !one.figures) continue;
        beside.had_trial(trial_of(p), *one.figures, one.exit_status.value_or(exit_ok),
                         arguments_.run.output + "/" + one.file);
    }
    series_runner runner(command_line_, beside);
    cool_down rest(arguments_.run, cool_down_s_);
    bool first = true;
    std::size_t n = 0;
    for (const search::sweep_point& p : order) {
        ++n;
        if (entry(p).status == point_status::done) continue;
        try {
            beside.wait("the target's latency at rest");
            if (first) rest.take_baseline();
            entry(p).cool_down_s = first ? 0.0 : rest.wait();
            entry(p).cooled_down = rest.is_back();
        } catch (const config_error&) {
            // The point itself will say what is wrong with the target.
            entry(p).cooled_down = false;
        }
        first = false;
        if (!arguments_.run.quiet) {
            std::fprintf(stderr, "Point %zu of %zu: %s\n", n, order.size(),
                         trial_of(p).what.c_str());
        }
        const bool on = stop_level.load() == 0 && run_point(p, runner);
        document_.interrupted = !on;
        write();
        if (!on) break;
    }
}

int sweep::go() {
    begin();
    beside_runs beside(arguments_.beside, arguments_.run.quiet);
    const results::output_lock lock =
        make_series_folder(arguments_.run.output, arguments_.resume ? "" : sweep_file);
    if (arguments_.resume) take_up(results::read_sweep(path_));
    if (!write()) return exit_errors;
    beside.begin_series({"sweep", document_.scenario, points_.size()});
    run_points(beside);
    if (!arguments_.run.quiet) {
        const std::string text = results::render_sweep(
            document_, path_, results::terminal_options::of(::fileno(stdout)));
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }
    const int of_points = results::exit_status_of(document_);
    const int status = written_ ? of_points : results::worse_of(of_points, exit_errors);
    beside.end_series(status);
    beside.linger();
    return status;
}

}  // namespace

void add_sweep_command(CLI::App& app, int& result, const std::vector<std::string>& command_line) {
    auto* command = app.add_subcommand("sweep", "Runs a scenario at many rates, users or settings");
    auto a = std::make_shared<sweep_arguments>();
    add_run_options(*command, a->run);
    command->remove_option(command->get_option("--users"));
    command->remove_option(command->get_option("--rate"));
    command
        ->add_option("--rates", a->rates,
                     "Open loop: LO:HI:STEP, geometric:LO:HI:FACTOR or 1,2,4,...,512")
        ->type_name("LIST");
    command->add_option("-u,--users", a->users, "Closed loop: users, a list as of --rates")
        ->type_name("LIST");
    command
        ->add_option("--vary", a->vary,
                     "Values of any path of --set; several make a matrix of all combinations")
        ->type_name("PATH=V1,V2")
        ->allow_extra_args(false);
    command->add_option("--repeat", a->repeat, "Runs per point, each with a seed of its own")
        ->type_name("N")
        ->check(CLI::Range(1U, 1000U));
    command->add_flag("--shuffle", a->shuffle,
                      "Random order, by the seed: drift of the target "
                      "does not look like an effect of load");
    command
        ->add_option("--cool-down", a->cool_down,
                     "The longest to wait between runs for the target's latency at rest; 0: not "
                     "at all")
        ->type_name("TIME")
        ->capture_default_str();
    command->add_option("--output", a->run.output, "Folder of the runs and of sweep.json")
        ->required()
        ->type_name("DIR");
    add_beside_options(*command, a->beside);
    command->add_flag("--resume", a->resume, "Goes on with the sweep in the folder");
    command->add_flag("--quiet", a->run.quiet, "Only problems are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks sweep -f scenarios/mixed.yaml --embedded --rates 1000:8000:1000 -t 10s \\\n"
        "      --output rates\n"
        "  chopsticks sweep -f scenarios/mixed.yaml --embedded --users 1,2,4,...,64 \\\n"
        "      --vary groups.0.data.size=4KiB,1MiB --repeat 3 --shuffle --output matrix\n"
        "Exit status: 0 all points ran and are valid, 1 one failed or missed an SLO, 2 bad usage, "
        "3 the generator was the limit of one, 5 one left something behind, 130 interrupted.");
    command->callback([a, &result, command_line] { result = sweep(*a, command_line).go(); });
}

}  // namespace chopsticks::cli
