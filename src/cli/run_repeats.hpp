#pragma once
/// \file
/// `run --repeat`.

#include <optional>
#include <string>
#include <vector>

#include "beside_runs.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

/// What `run` may be told of repeats; as typed.
struct repeat_arguments {
    std::optional<unsigned> count;
    std::optional<std::string> pause;
    bool keep_going = false;
};

/// --repeat, --pause, --keep-going.
void add_repeat_options(CLI::App& command, repeat_arguments& a);

/// Makes the runs, and says what they are together. \return the exit status
int run_repeats(const run_arguments& arguments, const repeat_arguments& repeats,
                const beside_arguments& beside, const std::vector<std::string>& command_line);

}  // namespace chopsticks::cli
