#pragma once
/// \file
/// How a group's initial objects are made.

#include <chopsticks/scenario/scenario.hpp>

namespace chopsticks::scenario {

/// The workload's operation that makes them (catalogue::workload::prepare_with), with its standard
/// parameters but for words that reads of the group say, where both operations have that word: what
/// is read with a key of the customer has to be written with it. Reads behind a step of their own
/// task that writes do not count, since they read what that wrote; of reads that say different
/// things the first one does. The group's workload has such an operation.
step prepare_step(const group& of);

}  // namespace chopsticks::scenario
