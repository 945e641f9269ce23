#pragma once
/// \file
/// Asking a target before a run which of a scenario's operations it has.

#include "setup.hpp"

namespace chopsticks::cli {

/// Does each operation of the scenario once, as a run of its own that puts no load on: on few small
/// objects below the folder of a new run id, with that run's mark, which it removes again. Prints a
/// line for each, and what is left. Returns the exit status. Throws config_error.
int probe_target(const run_arguments& arguments);

}  // namespace chopsticks::cli
