#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/terminal.hpp>

#include "command.hpp"
#include "comparing.hpp"

namespace chopsticks::cli {

namespace {

using results::document_kind;

std::string shown(const std::string& path) {
    const auto options = results::terminal_options::of(STDOUT_FILENO);
    const results::result_file file = results::load_file(path);
    switch (file.kind) {
        case document_kind::run: {
            std::string out = results::render_report(file.document, {path, ""}, options);
            if (!file.parts().is_null())
                out += "\n" + results::render_parts(file.document,
                                                    static_cast<std::size_t>(options.width));
            return out;
        }
        case document_kind::sweep:
            return results::render_sweep(results::read_sweep(path), path, options);
        case document_kind::find_max:
        case document_kind::comparison:
        case document_kind::sweep_comparison:
            break;
    }
    throw config_error(path + ": not of a run or a sweep; chopsticks report " + path +
                       " makes a page of it");
}

}  // namespace

void add_show_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("show", "Prints a finished result as the run did at its end");
    auto path = std::make_shared<std::string>();
    command->add_option("file", *path, "The result of a run, a merged one, or sweep.json")
        ->required()
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  chopsticks show result.json\n"
        "Exit status: 0 printed (whatever the result says), 1 could not be, 2 no such result.");
    command->callback(
        [path, &result] { result = write_stdout(shown(*path)) ? exit_ok : exit_errors; });
}

}  // namespace chopsticks::cli
