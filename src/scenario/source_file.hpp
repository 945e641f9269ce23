#pragma once
/// \file
/// Where a scenario's text comes from: a file, the program itself, standard input.

#include <string>
#include <string_view>

namespace chopsticks::scenario {

struct scenario_source {
    std::string name;  ///< for messages; "stdin" for standard input
    std::string text;
};

/// What `-f WHAT` means: "-" is standard input (read once per process, so that each run of a sweep
/// gets the same); a file of that name; otherwise a shipped scenario. Error: config_error.
scenario_source find_scenario(const std::string& what);

/// config_error for what other tools have in files like this: a locustfile, an fio job file.
void refuse_foreign_file(std::string_view text, const std::string& file);

}  // namespace chopsticks::scenario
