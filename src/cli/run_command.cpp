#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstdio>

#include "execution.hpp"
#include "run_drivers.hpp"

namespace chopsticks::cli {

namespace {

/// What `run` alone takes.
struct beside_arguments {
    std::string on_phase;
    std::optional<std::string> on_phase_timeout;
    view_arguments view;
    std::vector<std::string> drivers;
};

phase_command phase_command_of(const beside_arguments& a) {
    phase_command out;
    out.command = a.on_phase;
    if (!a.on_phase_timeout) return out;
    if (a.on_phase.empty()) throw config_error("--on-phase-timeout: there is no --on-phase");
    const auto most_ns = parse_duration(*a.on_phase_timeout);
    if (!most_ns || *most_ns <= 0)
        throw config_error("--on-phase-timeout: \"" + *a.on_phase_timeout +
                           "\" is not a duration above 0; write 30s, 5m");
    out.most_ns = *most_ns;
    return out;
}

int run_once(const run_arguments& arguments, const phase_command& on_phase, live_view* view,
             const std::vector<std::string>& command_line) {
    run_setup setup(arguments, true);
    execution_options how;
    // By its device, so that nothing is written beside it.
    how.output = arguments.output == "-" ? "/dev/stdout"
                 : !arguments.output.empty()
                     ? arguments.output
                     : results::default_file_name(setup.scenario.name, setup.run_id);
    how.quiet = arguments.quiet;
    how.op_log = arguments.op_log;
    how.on_phase = on_phase;
    how.view = view;
    const executed_run done = execute_run(setup, command_line, how);
    if (view != nullptr) view->end(done);
    if (!done.target_problem.empty()) {
        std::fprintf(stderr, "chopsticks: %s\n", done.target_problem.c_str());
        for (const std::string& line : done.left_behind)
            std::fprintf(stderr, "chopsticks: %s\n", line.c_str());
        return exit_status_of(done);
    }
    const results::run_document& doc = done.doc;
    if (!done.where.problem.empty()) {
        std::fprintf(stderr, "chopsticks: %s\n", done.where.problem.c_str());
    }
    if (!doc.run.problem.empty() && !arguments.quiet)
        std::fprintf(stderr, "chopsticks: %s\n", doc.run.problem.c_str());
    if (!arguments.quiet) {
        // A result that goes to the standard output has it for itself.
        std::FILE* to = doc.interval_file.empty() ? stderr : stdout;
        const std::string report = results::render_report(
            results::to_json_without_intervals(doc), {done.where.path, doc.interval_file},
            results::terminal_options::of(::fileno(to)));
        std::fwrite(report.data(), 1, report.size(), to);
        std::fflush(to);
    } else {
        for (const std::string& line :
             results::verdict_problems(results::to_json_without_intervals(doc)))
            std::fprintf(stderr, "chopsticks: %s\n", line.c_str());
    }
    return exit_status_of(done);
}

int run(const run_arguments& asked, const repeat_arguments& repeats, const beside_arguments& beside,
        const std::vector<std::string>& command_line) {
    if (asked.op_log == "-") {
        throw config_error("--op-log -: an operation log is binary; give a file");
    }
    const phase_command on_phase = phase_command_of(beside);
    const bool many_drivers = beside.drivers.size() > 1;
    if (repeats.count || many_drivers) {
        const std::string mend =
            many_drivers ? ": of one run; name one driver" : ": of one run; leave out --repeat";
        if (!on_phase.command.empty()) throw config_error("--on-phase" + mend);
        if (beside.view.any()) throw config_error("--metrics-listen, --web-listen" + mend);
    }
    if (many_drivers) return run_drivers(asked, beside.drivers, repeats, command_line);
    const run_arguments arguments =
        beside.drivers.empty() ? asked : with_driver(asked, beside.drivers.front());
    if (repeats.count) return run_repeats(arguments, repeats, command_line);
    if (repeats.pause || repeats.keep_going) {
        throw config_error(std::string(repeats.pause ? "--pause" : "--keep-going") +
                           ": there is one run only; give --repeat N");
    }
    if (!beside.view.any()) return run_once(arguments, on_phase, nullptr, command_line);
    live_view view(beside.view);
    view.say_where(arguments.quiet);
    const int status = run_once(arguments, on_phase, &view, command_line);
    view.linger(arguments.quiet);
    return status;
}

}  // namespace

void add_run_command(CLI::App& app, int& result, const std::vector<std::string>& command_line) {
    auto* command = app.add_subcommand("run", "Runs a scenario and writes its result");
    auto arguments = std::make_shared<run_arguments>();
    add_run_options(*command, *arguments);
    auto repeats = std::make_shared<repeat_arguments>();
    add_repeat_options(*command, *repeats);
    auto beside = std::make_shared<beside_arguments>();
    add_driver_option(*command, beside->drivers);
    command
        ->add_option("--output", arguments->output,
                     "Result file (default: SCENARIO-RUN.json here); intervals go beside it as "
                     ".jsonl. - is standard output: no intervals then, and the report on standard "
                     "error. Of --repeat a folder, or "
                     "FILE.json, which gets numbers")
        ->type_name("FILE");
    command
        ->add_option("--op-log", arguments->op_log,
                     "Also writes a record of every operation, for `oplog` and for replays")
        ->type_name("FILE");
    command
        ->add_option("--on-phase", beside->on_phase,
                     "Runs it by /bin/sh as each phase begins, beside the load; CHOPSTICKS_PHASE "
                     "is the phase")
        ->type_name("CMD");
    command
        ->add_option("--on-phase-timeout", beside->on_phase_timeout,
                     "Such a command is ended after it (default: 1m)")
        ->type_name("TIME");
    add_view_options(*command, beside->view);
    command->add_flag("--quiet", arguments->quiet, "Only problems are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks run -f mixed --embedded\n"
        "  AWS_SECRET_ACCESS_KEY=... chopsticks run -f scenarios/read_only.yaml \\\n"
        "      --endpoint http://rgw1:7480 --endpoint http://rgw2:7480 --access-key K -u 128 -t "
        "5m\n"
        "  chopsticks run -f scenarios/mixed.yaml --workload-config config/s3.yaml --rate 2000 \\\n"
        "      --set groups.0.data.size=1MiB --output result.json\n"
        "  chopsticks run -f mixed --embedded --repeat 5 --output runs\n"
        "  chopsticks run -f mixed --embedded --driver native,curl --output drivers\n"
        "Exit status: 0 ran and valid, 1 the target failed (errors over the limit, wrong data) or "
        "missed an SLO, 2 bad usage or target, 3 the generator was the limit, 5 something was left "
        "behind, 130 interrupted.");
    command->callback([arguments, repeats, beside, &result, command_line] {
        result = run(*arguments, *repeats, *beside, command_line);
    });
}

}  // namespace chopsticks::cli
