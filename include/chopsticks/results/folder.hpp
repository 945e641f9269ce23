#pragma once
/// \file
/// The documents of this program in a folder.

#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/terminal.hpp>
#include <string>
#include <vector>

namespace chopsticks::results {

/// Their paths, by name.
struct folder_documents {
    std::vector<std::string> series;  ///< of a sweep, a search or a comparison: at most one
    std::vector<std::string> runs;
};

/// Looks at the beginnings of the files *.json in it. Throws config_error where it cannot be read,
/// has too many entries, several documents of series, or nothing of ours.
folder_documents documents_in(const std::string& folder);

/// A table of runs, in lines that fit the terminal's width, 80 columns where there is none.
std::string render_runs(const std::string& folder, const std::vector<result_file>& runs,
                        const terminal_options& options);

}  // namespace chopsticks::results
