#include <chopsticks/core/error.hpp>
#include <chopsticks/live/annotations.hpp>
#include <cstdio>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

struct annotate_arguments {
    std::vector<std::string> words;
    std::optional<std::int32_t> pid;
};

::pid_t only_running() {
    const std::vector<live::running_process> all = live::running_processes();
    if (all.empty()) {
        throw config_error(
            "no run of this user is under way here (one that another user or another container "
            "started is not seen)");
    }
    if (all.size() == 1) return all[0].pid;
    std::string text = "several runs are under way; say which with --pid:";
    for (const live::running_process& one : all)
        text += "\n  --pid " + std::to_string(one.pid) + ": " + one.run;
    throw config_error(text);
}

int annotate(const annotate_arguments& a) {
    std::string text;
    for (const std::string& word : a.words)
        text += (text.empty() ? "" : " ") + word;
    if (text.find_first_not_of(" \n\t") == std::string::npos)
        throw config_error("annotate: the text is empty; say what happened");
    if (text.size() > stats::event_marks::text_bytes_max) {
        throw config_error("annotate: the text has " + std::to_string(text.size()) +
                           " bytes, at most " + std::to_string(stats::event_marks::text_bytes_max) +
                           " are kept");
    }
    live::annotate(a.pid ? *a.pid : only_running(), text);
    return exit_ok;
}

}  // namespace

void add_annotate_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("annotate", "Notes in the result of a run under way what happens");
    auto arguments = std::make_shared<annotate_arguments>();
    command->add_option("text", arguments->words, "What happens; several words are one text")
        ->required()
        ->type_name("TEXT");
    command
        ->add_option("--pid", arguments->pid,
                     "The process that makes the run (default: the only one of this user)")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    command->footer(
        "Example, while a run goes in another terminal:\n"
        "  chopsticks annotate osd.3 out\n"
        "kill -USR1 PID makes a mark without words.\n"
        "Exit status: 0 noted, 2 there is no such run.");
    command->callback([arguments, &result] { result = annotate(*arguments); });
}

}  // namespace chopsticks::cli
