#pragma once
/// \file
/// What a run's drivers found wrong with the data, and the look at what no task has read.

#include "steering.hpp"

namespace chopsticks::engine {

/// Between drain and cleanup: has each driver read what was written and never read, and gathers
/// what was found wrong into the result. An interrupt ends the reading.
/// \param opened this process opened the targets: it looks for all of the world
void check_data(steering& run, bool opened);

}  // namespace chopsticks::engine
