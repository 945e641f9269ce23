#pragma once
/// \file
/// Two sides of results compared and printed: what `compare` and `ab` have in common.

#include <unistd.h>

#include <chopsticks/compare/report.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "command.hpp"

namespace chopsticks::cli {

/// How to compare, as typed.
struct comparison_arguments {
    std::vector<std::string> gates;
    std::vector<std::string> margins;
    std::string json;
    std::string format = "table";
    bool force = false;
};

/// --gate, --margin, --force, --json, --format.
void add_comparison_options(CLI::App& command, comparison_arguments& a);

/// Gates, those in files too, and margins. Throws config_error.
compare::options read_comparison(const comparison_arguments& a);

/// Throws config_error where --json names one of these results, which it would overwrite, or a file
/// that cannot be written: a comparison must not find out at its end that it has nowhere to go.
void check_json_file(const comparison_arguments& a, const std::vector<std::string>& results);

/// Throws config_error that names the sides' reasons, unless there is none or it is forced.
void refuse_unless_forced(const std::vector<std::string>& why, bool force);

/// False, which is told, where it cannot: a pipeline that reads half of it must not take it for
/// all.
[[nodiscard]] bool write_stdout(const std::string& text);

/// Writes what --json asks for, to a file or to standard output. False, which is told, if it
/// cannot.
[[nodiscard]] bool write_comparison(const comparison_arguments& a, const results::json& document);

/// Prints a report, as a document too where asked to. False, which is told, if it cannot.
template <typename Report>
[[nodiscard]] bool print_comparison(const comparison_arguments& a, const Report& report) {
    if (!a.json.empty() && !write_comparison(a, to_json(report))) return false;
    if (a.json == "-") return true;
    const auto format =
        a.format == "markdown" ? compare::report_format::markdown : compare::report_format::table;
    return write_stdout(render(report, format, results::terminal_options::of(STDOUT_FILENO)));
}

/// Compares runs that were loaded from these files, and prints it. \return 0, or what the gates
/// come to, or 1 where it could not be written. Throws config_error where they are not comparable.
int compare_results(const comparison_arguments& a, const compare::options& how,
                    const std::vector<results::result_file>& base,
                    const std::vector<results::result_file>& now);

/// The exit status of a comparison.
int exit_of(compare::gate_result of_gates) noexcept;

/// Reads results. Throws config_error.
std::vector<results::result_file> load_results(const std::vector<std::string>& paths);

}  // namespace chopsticks::cli
