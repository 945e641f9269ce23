#pragma once
/// \file
/// What a person and a script see of a comparison. Pure; any thread.

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/compare/sweep.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/terminal.hpp>
#include <string>
#include <vector>

namespace chopsticks::compare {

/// A comparison and what is told with it.
struct report_of_runs {
    comparison found;
    std::vector<disparity> differences;
    std::vector<std::string> forced;  ///< why it should not have been made
    std::vector<std::string> base_files;
    std::vector<std::string> new_files;
};

struct report_of_sweeps {
    curves found;
    std::vector<disparity> differences;
    std::vector<std::string> forced;
    std::string base_file;
    std::string new_file;
};

enum class report_format : std::uint8_t { table, markdown };

/// All of it in one sentence: the gates if there are any, else what changed most.
std::string sentence(const comparison& found);
/// Where the curves part.
std::string sentence(const curves& found);

/// The sentence, what differs, the table. Lines fit the terminal's width, 80 columns where there is
/// none; of markdown they are as long as they are.
std::string render(const report_of_runs& report, report_format format,
                   const results::terminal_options& terminal);
std::string render(const report_of_sweeps& report, report_format format,
                   const results::terminal_options& terminal);

/// The document of --json; its format is fixed by compare.schema.json.
results::json to_json(const report_of_runs& report);
results::json to_json(const report_of_sweeps& report);

/// What to_json wrote, to be shown again: all that `render` tells is as it was; the degrees of
/// freedom of errors are not known any more. The file is of kind comparison, or sweep_comparison.
/// Throws config_error where a member is missing or says what nobody writes.
report_of_runs read_report_of_runs(const results::result_file& file);
report_of_sweeps read_report_of_sweeps(const results::result_file& file);

}  // namespace chopsticks::compare
