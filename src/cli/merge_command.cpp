#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>

#include "command.hpp"
#include "one_file.hpp"

namespace chopsticks::cli {

namespace {

struct merge_arguments {
    std::vector<std::string> files;
    std::string output;
    bool quiet = false;
};

int merge_files(const merge_arguments& a) {
    std::vector<results::result_file> parts;
    for (const std::string& file : a.files) {
        if (is_one_file(file, a.output)) {
            throw config_error("--output " + a.output +
                               ": one of the parts; the merged result needs a file of its own");
        }
        parts.push_back(results::load_result(file));
    }
    results::check_output(a.output);
    const results::merged_result merged = results::merge(parts);
    const std::string problem = results::write_file(a.output, merged.text);
    if (!problem.empty()) {
        std::fprintf(stderr, "chopsticks: %s\n", problem.c_str());
        return exit_errors;
    }
    if (a.quiet) return exit_ok;
    const auto options = results::terminal_options::of(STDOUT_FILENO);
    const std::string said =
        results::render_report(merged.document, {a.output, ""}, options) + "\n" +
        results::render_parts(merged.document, static_cast<std::size_t>(options.width));
    std::fwrite(said.data(), 1, said.size(), stdout);
    return exit_ok;
}

}  // namespace

void add_merge_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand("merge", "Adds results of one load from several hosts up");
    auto arguments = std::make_shared<merge_arguments>();
    command->add_option("file", arguments->files, "Results of runs of one scenario at one time")
        ->required()
        ->type_name("FILE");
    command->add_option("-o,--output", arguments->output, "The merged result")
        ->required()
        ->type_name("FILE");
    command->add_flag("--quiet", arguments->quiet, "Only problems are printed");
    command->footer(
        "Example:\n"
        "  chopsticks merge host-1.json host-2.json -o both.json\n"
        "Exit status: 0 merged, 1 could not be written, 2 these results are not parts of one "
        "load.");
    command->callback([arguments, &result] { result = merge_files(*arguments); });
}

}  // namespace chopsticks::cli
