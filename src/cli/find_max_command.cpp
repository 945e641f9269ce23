#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/search/max_rate.hpp>
#include <cmath>
#include <cstdio>

#include "beside_runs.hpp"
#include "series.hpp"
#include "series_run.hpp"
#include "trial.hpp"

namespace chopsticks::cli {

namespace {

constexpr const char* find_max_file = "find_max.json";
/// As many as search::persistence wants; for batches they are added up.
constexpr std::int64_t intervals_per_trial = 40;
constexpr std::int64_t interval_least_ns = 25'000'000;
constexpr std::int64_t interval_most_ns = 1'000'000'000;

struct find_max_arguments {
    run_arguments run;
    std::string width = "3%";
    std::string trial = "30s";
    std::string validate;
    std::string budget = "30m";
    std::string cool_down = "30s";
    double start = 0;
    double most = 1e9;
    unsigned trials = 6;
    beside_arguments beside;
};

double seconds_of(const std::string& text, const char* option, bool zero_allowed) {
    const auto ns = parse_duration(text);
    if (!ns || *ns < 0 || (*ns == 0 && !zero_allowed)) {
        throw config_error(std::string(option) + ": \"" + text +
                           "\" is not a duration; write 30s, 5m");
    }
    return static_cast<double>(*ns) / 1e9;
}

double width_of(const std::string& text) {
    const bool percent = !text.empty() && text.back() == '%';
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end) / (percent ? 100 : 1);
    if (end == text.c_str() || *(end + (percent ? 1 : 0)) != '\0' || !(value > 0) || value > 1) {
        throw config_error("--width: \"" + text + "\" is no width; write 3% or 0.03");
    }
    return value;
}

/// A trial tells about one rate; a load that moves during it has none.
void refuse_moving_rate(const scenario::group& g) {
    const char* what = g.open->replay                                       ? "a recording"
                       : !g.open->stages.empty()                            ? "stages"
                       : g.open->around.how != load::modulation::kind::none ? "a modulated rate"
                                                                            : nullptr;
    if (what == nullptr) return;
    throw config_error("find-max: the load of group " + g.name + " is " + what +
                       ", but each trial needs one constant rate; use a scenario without, or "
                       "`sweep --rates`");
}

/// For those that look at the search as it goes.
std::string what_of(const search::trial_plan& p) {
    std::string out = name(p.kind);
    if (p.kind != search::trial_kind::probe) out += " at " + results::decimal(p.rate, 1) + "/s";
    return out;
}

std::string number_text(double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

class find_max {
  public:
    find_max(const find_max_arguments& a, const std::vector<std::string>& command_line)
        : arguments_(a), command_line_(command_line), path_(a.run.output + "/" + find_max_file) {}

    int go();

  private:
    search::max_rate_options read_options() const;
    run_arguments arguments_of(const search::trial_plan& p) const;
    bool run_trial(series_runner& runner, search::max_rate_search& search,
                   const search::trial_plan& p);
    void make_trial(series_runner& runner, search::max_rate_search& search,
                    results::search_trial& t, search::trial_report& report);
    void run_trials(beside_runs& beside, search::max_rate_search& search, cool_down& rest);
    void begin(const search::max_rate_options& options);
    void conclude(const search::max_rate_search& search);

    const find_max_arguments& arguments_;
    const std::vector<std::string>& command_line_;
    std::string path_;
    results::find_max_document document_;
    std::uint32_t probe_users_ = 0;
    std::vector<scenario::slo> slos_;
    bool written_ = true;
    bool needs_rest_ = false;
};

search::max_rate_options find_max::read_options() const {
    search::max_rate_options o;
    o.width = width_of(arguments_.width);
    o.trial_s = seconds_of(arguments_.trial, "--trial", false);
    o.validation_s = arguments_.validate.empty()
                         ? 2 * o.trial_s
                         : seconds_of(arguments_.validate, "--validate", true);
    o.budget_s = seconds_of(arguments_.budget, "--budget", false);
    o.start_rate = arguments_.start;
    o.rate_most = arguments_.most;
    o.trials_most = arguments_.trials;
    return o;
}

run_arguments find_max::arguments_of(const search::trial_plan& p) const {
    run_arguments out = arguments_.run;
    if (p.kind == search::trial_kind::probe) {
        out.users = std::to_string(probe_users_);
    } else {
        out.rate = number_text(p.rate);
    }
    out.duration = std::to_string(std::llround(p.load_s * 1e3)) + "ms";
    // Trials of one rate must differ, or they would be one trial.
    out.seed = std::to_string(seed_of(document_.seed, p.number));
    return out;
}

/// Runs it.
void find_max::make_trial(series_runner& runner, search::max_rate_search& search,
                          results::search_trial& t, search::trial_report& report) {
    series_run_options how;
    how.who = "trial " + std::to_string(t.plan.number);
    how.trial = {t.plan.number, what_of(t.plan)};
    how.output = arguments_.run.output + "/" + t.file;
    how.quiet = true;
    // The search itself ends a trial early.
    how.change.apply = [](scenario::scenario& plan, const scenario::workload_config&) {
        plan.abort_after_ns.reset();
    };
    how.change.interval_ns =
        std::clamp(static_cast<std::int64_t>(t.plan.load_s * 1e9) / intervals_per_trial,
                   interval_least_ns, interval_most_ns);
    std::optional<trial_watcher> watcher;
    how.prepared = [&](run_setup& setup, const stats::layout& names) -> engine::observer* {
        watcher.emplace(search, slos_, names, t.plan.load_s, setup.enough);
        return &*watcher;
    };
    const series_run made = runner.make(arguments_of(t.plan), how);
    t.left_behind = !made.left_behind.empty();
    t.problem = made.problem;
    // A result that is not where it belongs is none.
    if (!made.done || !made.done->where.problem.empty()) return;
    report = watcher->report();
    t.ended_early = watcher->ended_early();
    t.figures = results::point_figures_of(made.done->doc);
    report.rate_per_s = t.figures->rate_per_s;
    report.generator_limited = !made.done->doc.validity.valid;
}

/// False: interrupted.
bool find_max::run_trial(series_runner& runner, search::max_rate_search& search,
                         const search::trial_plan& p) {
    const std::int64_t began = monotonic_ns();
    search::trial_report report;
    results::search_trial t;
    t.plan = p;
    char file[64];
    std::snprintf(file, sizeof file, "trial-%03llu.json",
                  static_cast<unsigned long long>(p.number));
    t.file = file;
    make_trial(runner, search, t, report);
    if (stop_level.load() > 0) return false;
    report.failed = !t.problem.empty();
    report.elapsed_s = static_cast<double>(monotonic_ns() - began) / 1e9;
    // Else the trial's line says it.
    if (report.failed && arguments_.run.quiet)
        std::fprintf(stderr, "chopsticks: %s\n", t.problem.c_str());
    search.report(report);
    t.elapsed_s = report.elapsed_s;
    t.growing = report.growing;
    t.generator_limited = report.generator_limited;
    const bool probe = p.kind == search::trial_kind::probe;
    for (const search::tried_rate& r : search.rates()) {
        if (!probe && r.rate == p.rate) t.rate_is = r.what;
    }
    needs_rest_ = probe || t.rate_is == search::rate_class::upper;
    if (!arguments_.run.quiet) std::fputs(results::format_trial(t).c_str(), stderr);
    document_.trials.push_back(std::move(t));
    return true;
}

void find_max::conclude(const search::max_rate_search& search) {
    results::search_bounds& r = document_.result;
    r.lower_per_s = search.lower();
    r.missed_per_s = search.upper();
    r.generator_per_s = search.generator_limit();
    r.validated = search.validated();
    r.trials_lengthened = search.stretch();
    r.settled = search.settled();
    r.finish = search.finished();
    document_.spent_s = search.spent_s();
    document_.rates = search.rates();
    written_ = write_series(path_, results::to_json(document_));
}

/// Checks everything, and learns what the document begins with.
void find_max::begin(const search::max_rate_options& options) {
    run_arguments shape = arguments_.run;
    shape.rate = "1";
    const run_setup checked(shape, false);
    for (const std::string& warning : checked.warnings)
        std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    slos_ = checked.scenario.slos;
    double users = 0;
    for (const scenario::group& g : checked.scenario.groups) {
        refuse_moving_rate(g);
        users += g.open->max_in_flight;
    }
    probe_users_ = static_cast<std::uint32_t>(std::min(users, 4096.0));
    if (slos_.empty()) {
        throw config_error("no objective: give --slo 'p99(get) < 20ms', or `slo:` in the scenario");
    }
    for (const scenario::slo& one : slos_) {
        document_.objectives.push_back(one.text);
        if (!one.at_least()) continue;
        throw config_error("SLO \"" + one.text +
                           "\": the rate is what is searched for; leave the objective out");
    }
    document_.started = format_utc(wall_ns());
    document_.command_line = command_line_;
    document_.seed = checked.scenario.seed;
    document_.scenario = checked.scenario.name;
    document_.identity = series_identity(checked, arguments_.run);
    document_.options = options;
}

void find_max::run_trials(beside_runs& beside, search::max_rate_search& search, cool_down& rest) {
    series_runner runner(command_line_, beside);
    while (const std::optional<search::trial_plan> p = search.next()) {
        if (needs_rest_) {
            beside.wait("the target's latency at rest");
            search.wait(rest.wait());
        }
        if (stop_level.load() > 0 || !run_trial(runner, search, *p)) {
            document_.interrupted = true;
            break;
        }
        conclude(search);
    }
}

int find_max::go() {
    const search::max_rate_options options = read_options();
    begin(options);
    beside_runs beside(arguments_.beside, arguments_.run.quiet);
    const results::output_lock lock = make_series_folder(arguments_.run.output, find_max_file);
    catch_signals();
    search::max_rate_search search(options, search_objectives(slos_));
    cool_down rest(arguments_.run, seconds_of(arguments_.cool_down, "--cool-down", true));
    try {
        rest.take_baseline();
    } catch (const config_error& error) {
        std::fprintf(stderr, "chopsticks: %s\n", error.what());
        return exit_usage;
    }
    conclude(search);
    beside.begin_series({"search", document_.scenario, std::nullopt});
    run_trials(beside, search, rest);
    conclude(search);
    if (!arguments_.run.quiet) {
        const std::string text = results::render_find_max(
            document_, written_ ? path_ : "", results::terminal_options::of(::fileno(stdout)));
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }
    const int of_search = results::exit_status_of(document_);
    const int status = written_ ? of_search : results::worse_of(of_search, exit_errors);
    beside.end_series(status);
    beside.linger();
    return status;
}

}  // namespace

void add_find_max_command(CLI::App& app, int& result,
                          const std::vector<std::string>& command_line) {
    auto* command = app.add_subcommand("find-max", "Finds the highest rate that meets objectives");
    auto a = std::make_shared<find_max_arguments>();
    add_run_options(*command, a->run);
    for (const char* option :
         {"--users", "--rate", "--spawn-rate", "--duration", "--until-confident"})
        command->remove_option(command->get_option(option));
    command->add_option("--width", a->width, "How close the bounds shall be: 3% or 0.03")
        ->type_name("SHARE")
        ->capture_default_str();
    command->add_option("--trial", a->trial, "Load of one trial, behind the scenario's warm-up")
        ->type_name("TIME")
        ->capture_default_str();
    command->add_option("--trials", a->trials, "The most trials of one rate")
        ->type_name("N")
        ->check(CLI::Range(1U, 1000U))
        ->capture_default_str();
    command
        ->add_option("--validate", a->validate,
                     "Load of the run that confirms the lower bound (default: two trials)")
        ->type_name("TIME");
    command->add_option("--budget", a->budget, "The longest the search may take")
        ->type_name("TIME")
        ->capture_default_str();
    command
        ->add_option("--start-rate", a->start,
                     "The rate to begin with (default: half of what a closed loop reaches)")
        ->type_name("OPS_PER_S")
        ->check(CLI::PositiveNumber);
    command->add_option("--max-rate", a->most, "Never offer more than this")
        ->type_name("OPS_PER_S")
        ->check(CLI::PositiveNumber);
    command
        ->add_option("--cool-down", a->cool_down,
                     "The longest to wait behind an overload for the target's latency at rest; "
                     "0: not at all")
        ->type_name("TIME")
        ->capture_default_str();
    command->add_option("--output", a->run.output, "Folder of the trials and of find_max.json")
        ->required()
        ->type_name("DIR");
    add_beside_options(*command, a->beside);
    command->add_flag("--quiet", a->run.quiet, "Only problems are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks find-max -f scenarios/read_only.yaml --embedded --slo 'p99(get) < 5ms' \\\n"
        "      --trial 5s --width 10% --output max\n"
        "Exit status: 0 found, 1 no rate meets the objectives or the search was not finished, 2 "
        "bad usage or target, 3 the generator was the limit, 5 found, but a trial left something "
        "behind, 130 interrupted.");
    command->callback([a, &result, command_line] { result = find_max(*a, command_line).go(); });
}

}  // namespace chopsticks::cli
