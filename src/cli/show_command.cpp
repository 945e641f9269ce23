#include <unistd.h>

#include <chopsticks/compare/report.hpp>
#include <chopsticks/compare/sides.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/folder.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/terminal.hpp>
#include <filesystem>
#include <system_error>
#include <vector>

#include "command.hpp"
#include "comparing.hpp"

namespace chopsticks::cli {

namespace {

using results::document_kind;

/// Runs of a folder that are read at once.
constexpr std::size_t runs_most = 1000;

std::string shown(const results::result_file& file, const results::terminal_options& options) {
    using compare::report_format;
    switch (file.kind) {
        case document_kind::run: {
            std::string out = results::render_report(file.document, {file.path, ""}, options);
            if (!file.parts().is_null())
                out += "\n" + results::render_parts(file.document,
                                                    static_cast<std::size_t>(options.width));
            return out;
        }
        case document_kind::sweep:
            return results::render_sweep(results::read_sweep(file.path), file.path, options);
        case document_kind::find_max:
            return results::render_find_max(results::read_find_max(file.path), file.path, options);
        case document_kind::comparison:
            return render(compare::read_report_of_runs(file), report_format::table, options);
        case document_kind::drivers:
            return render(compare::read_report_of_sides(file), options);
        case document_kind::sweep_comparison:
            break;
    }
    return render(compare::read_report_of_sweeps(file), report_format::table, options);
}

std::string shown(const std::string& path) {
    const auto options = results::terminal_options::of(STDOUT_FILENO);
    std::error_code error;
    if (!std::filesystem::is_directory(path, error))
        return shown(results::load_file(path), options);
    const results::folder_documents found = results::documents_in(path);
    if (!found.series.empty()) return shown(results::load_file(found.series.front()), options);
    if (found.runs.size() == 1) return shown(results::load_file(found.runs.front()), options);
    if (found.runs.size() > runs_most)
        throw config_error(path + ": " + std::to_string(found.runs.size()) +
                           " results; name one of them");
    std::vector<results::result_file> runs;
    for (const std::string& file : found.runs) {
        runs.push_back(results::load_result(file));
        runs.back().intervals = {};
    }
    return results::render_runs(path, runs, options);
}

}  // namespace

void add_show_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("show", "Prints a finished result as the run did at its end");
    auto path = std::make_shared<std::string>();
    command
        ->add_option("path", *path,
                     "A result, sweep.json, find_max.json, what compare --json wrote, or a folder "
                     "with one of them or with results of several runs")
        ->required()
        ->type_name("PATH");
    command->footer(
        "Example:\n"
        "  chopsticks show result.json\n"
        "Exit status: 0 printed (whatever the result says), 1 could not be, 2 no such result.");
    command->callback(
        [path, &result] { result = write_stdout(shown(*path)) ? exit_ok : exit_errors; });
}

}  // namespace chopsticks::cli
