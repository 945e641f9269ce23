#pragma once
/// \file
/// `run --driver`: with another driver, or the same plan with each of several.

#include <optional>
#include <string>
#include <vector>

#include "run_repeats.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

/// --driver.
void add_driver_option(CLI::App& command, std::optional<std::string>& drivers);

/// The names in it, none twice. Throws config_error.
std::vector<std::string> driver_names(const std::string& drivers);

/// The same run with that driver, of whichever workload the scenario is. Throws config_error.
run_arguments with_driver(const run_arguments& arguments, const std::string& driver);

/// Makes the runs of all of these drivers in turns, and shows in one table what each came to.
/// \return the exit status
int run_drivers(const run_arguments& arguments, const std::vector<std::string>& drivers,
                const repeat_arguments& repeats, const beside_arguments& told,
                const std::vector<std::string>& command_line);

}  // namespace chopsticks::cli
