#include <chopsticks/core/error.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/report/html.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>
#include <filesystem>

#include "command.hpp"
#include "comparing.hpp"
#include "one_file.hpp"

namespace chopsticks::cli {

namespace {

struct report_arguments {
    std::string subject;
    std::string output;
    bool quiet = false;
};

/// "r.json" -> "r.html", of a folder "report.html" in it.
std::string page_beside(const std::string& subject) {
    std::error_code error;
    std::filesystem::path path(subject);
    if (std::filesystem::is_directory(path, error)) return (path / "report.html").string();
    return path.replace_extension(".html").string();
}

std::string output_of(const report_arguments& a) {
    std::error_code error;
    if (a.output.empty()) {
        // What a shell hands over (/dev/stdin, <(...)) is no file with a folder of its own.
        if (a.subject.starts_with("/dev/") || a.subject.starts_with("/proc/"))
            throw config_error(a.subject + ": no page can lie beside it; name one with --output");
        std::string out = page_beside(a.subject);
        if (std::filesystem::exists(std::filesystem::symlink_status(out, error)))
            throw config_error(out + " is there already; --output " + out +
                               " replaces it, another name keeps it");
        return out;
    }
    if (is_one_file(a.subject, a.output))
        throw config_error("--output " + a.output + ": the result itself");
    return a.output;
}

int write_report(const report_arguments& a) {
    if (a.output == "-")
        return write_stdout(report::to_html(report::describe(a.subject))) ? exit_ok : exit_errors;
    const std::string output = output_of(a);
    results::check_output(output);
    const report::page page = report::describe(a.subject);
    const std::string problem = results::write_file(output, report::to_html(page));
    if (!problem.empty()) {
        std::fprintf(stderr, "chopsticks: %s\n", problem.c_str());
        return exit_errors;
    }
    if (!a.quiet) std::printf("%s\n", output.c_str());
    return exit_ok;
}

}  // namespace

void add_report_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("report", "Makes a page (HTML) of a result, a series or a comparison");
    auto a = std::make_shared<report_arguments>();
    command
        ->add_option("subject", a->subject,
                     "A result, sweep.json, find_max.json, what compare --json wrote, or a folder "
                     "with one of them or with results of several runs")
        ->required()
        ->type_name("PATH");
    command
        ->add_option(
            "-o,--output", a->output,
            "The page; a file of this name is replaced, - is standard output. Default: beside "
            "the result, never over a file that is there")
        ->type_name("FILE");
    command->add_flag("--quiet", a->quiet, "Only problems are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks report result.json\n"
        "  chopsticks report sweep/ -o curve.html\n"
        "The page is one file that needs no network.\n"
        "Exit status: 0 written, 1 could not be written, 2 nothing of chopsticks there.");
    command->callback([a, &result] { result = write_report(*a); });
}

}  // namespace chopsticks::cli
