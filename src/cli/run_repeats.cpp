#include "run_repeats.hpp"

#include <unistd.h>

#include <chopsticks/compare/spread.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/search/repeats.hpp>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "comparing.hpp"
#include "repeats.hpp"
#include "series.hpp"

namespace chopsticks::cli {

namespace {

/// Where the results go.
struct place {
    std::string folder;  ///< made for them; empty: the files are named
    std::string path;    ///< that the numbers are put into
};

place place_of(const std::string& output, const run_setup& checked) {
    if (output.empty())
        return {"", results::default_file_name(checked.scenario.name, checked.run_id)};
    if (output == "-") {
        throw config_error(
            "--output -: there are several results; give a folder for them, or a file.json that "
            "gets their numbers");
    }
    std::error_code error;
    if (output.ends_with(".json") && !std::filesystem::is_directory(output, error))
        return {"", output};
    return {output, (std::filesystem::path(output) / "run.json").string()};
}

/// What the runs that may be compared say together, and which may not. False, which is told, where
/// it cannot be written.
bool summarize(const std::vector<planned_repeat>& plan, const repeats_made& made) {
    std::vector<std::string> files;
    std::string text;
    constexpr std::size_t wide = 79;
    for (std::size_t i = 0; i < plan.size(); ++i) {
        if (made.runs[i].unfit.empty()) {
            files.push_back(plan[i].output);
        } else if (made.runs[i].written) {
            text +=
                results::paragraph("Left out", 12, plan[i].output + " " + made.runs[i].unfit, wide);
        }
    }
    if (!files.empty()) {
        const auto found = compare::spread_of(load_results(files), {});
        text = render(found, results::terminal_options::of(STDOUT_FILENO)) + text;
    }
    return write_stdout(text);
}

/// \return the exit status
int tell(const std::vector<planned_repeat>& plan, const repeats_made& made, bool quiet) {
    if (made.written() == 0 || quiet) return made.exit_status;
    try {
        if (!summarize(plan, made)) return results::worse_of(made.exit_status, exit_errors);
    } catch (const config_error& error) {
        std::fprintf(stderr, "chopsticks: %s\n", error.what());
        return results::worse_of(made.exit_status, exit_errors);
    }
    return made.exit_status;
}

}  // namespace

void add_repeat_options(CLI::App& command, repeat_arguments& a) {
    command
        .add_option("--repeat", a.count,
                    "Runs one after the other, each with a seed and a result of its own")
        ->type_name("N")
        ->check(CLI::Range(1U, repeats_most));
    command.add_option("--pause", a.pause, "Between the runs of --repeat (default: none)")
        ->type_name("TIME");
    command.add_flag("--keep-going", a.keep_going,
                     "Makes the other runs of --repeat behind one that failed");
}

int run_repeats(const run_arguments& arguments, const repeat_arguments& repeats,
                const beside_arguments& told, const std::vector<std::string>& command_line) {
    repeat_options how;
    how.quiet = arguments.quiet;
    how.keep_going = repeats.keep_going;
    if (repeats.pause) how.pause_ns = pause_of(*repeats.pause);
    const run_setup checked(arguments, false);
    const place to = place_of(arguments.output, checked);
    std::vector<planned_repeat> plan;
    const unsigned count = *repeats.count;
    for (unsigned n = 1; n <= count; ++n) {
        planned_repeat& one = plan.emplace_back();
        one.who = "run " + std::to_string(n) + " of " + std::to_string(count);
        one.arguments = arguments;
        one.arguments.seed = std::to_string(seed_of(checked.scenario.seed, n));
        one.output = search::numbered_file(to.path, n, count);
        if (!arguments.op_log.empty())
            one.op_log = search::numbered_file(arguments.op_log, n, count);
    }
    if (!arguments.op_log.empty()) refuse_earlier(arguments.op_log);
    beside_runs beside(told, arguments.quiet);
    const results::output_lock lock = open_repeats(to.folder, {to.path});
    beside.begin_series({"repeats", checked.scenario.name, count});
    const repeats_made made = make_repeats(plan, how, command_line, beside);
    const int status = tell(plan, made, arguments.quiet);
    beside.end_series(status);
    beside.linger();
    return status;
}

}  // namespace chopsticks::cli
