#include <chopsticks/core/error.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstdio>

#include "beside_runs.hpp"
#include "execution.hpp"
#include "run_drivers.hpp"

namespace chopsticks::cli {

namespace {

int run_once(const run_arguments& arguments, beside_runs& beside,
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
    beside.join(how);
    const executed_run done = execute_run(setup, command_line, how);
    beside.end(done);
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

int run(const run_arguments& asked, const repeat_arguments& repeats, const beside_arguments& told,
        const std::optional<std::string>& driver, const std::vector<std::string>& command_line) {
    if (asked.op_log == "-") {
        throw config_error("--op-log -: an operation log is binary; give a file");
    }
    const std::vector<std::string> drivers =
        driver ? driver_names(*driver) : std::vector<std::string>();
    if (drivers.size() > 1) return run_drivers(asked, drivers, repeats, told, command_line);
    const run_arguments arguments = drivers.empty() ? asked : with_driver(asked, drivers.front());
    if (repeats.count) return run_repeats(arguments, repeats, told, command_line);
    if (repeats.pause || repeats.keep_going) {
        throw config_error(std::string(repeats.pause ? "--pause" : "--keep-going") +
                           ": there is one run only; give --repeat N");
    }
    beside_runs beside(told, arguments.quiet);
    const int status = run_once(arguments, beside, command_line);
    beside.linger();
    return status;
}

}  // namespace

void add_run_command(CLI::App& app, int& result, const std::vector<std::string>& command_line) {
    auto* command = app.add_subcommand("run", "Runs a scenario and writes its result");
    auto arguments = std::make_shared<run_arguments>();
    add_run_options(*command, *arguments);
    auto repeats = std::make_shared<repeat_arguments>();
    add_repeat_options(*command, *repeats);
    auto drivers = std::make_shared<std::optional<std::string>>();
    add_driver_option(*command, *drivers);
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
    auto beside = std::make_shared<beside_arguments>();
    add_beside_options(*command, *beside);
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
    command->callback([arguments, repeats, beside, drivers, &result, command_line] {
        result = run(*arguments, *repeats, *beside, *drivers, command_line);
    });
}

}  // namespace chopsticks::cli
