#pragma once
/// \file
/// Asking a target which operations it has.

#include <vector>

#include "steering.hpp"

namespace chopsticks::engine {

/// As run::probe.
std::vector<probe_answer> ask_each_step(steering& run);

}  // namespace chopsticks::engine
