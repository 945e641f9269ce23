#pragma once
/// \file
/// The recordings of a run, as the main thread sees them. What becomes of recorded operations on a
/// core is the source's business, that they are due the dispatcher's.

#include <atomic>
#include <chopsticks/engine/run.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// Starts the readers of all recordings and waits until they are ahead.
void start_replays(const std::vector<group_setup>& groups, const std::atomic<int>& stop_level);
void stop_replays(const std::vector<group_setup>& groups);

/// Just after the last recorded operation is due; INT64_MAX while that is not known, or where some
/// group's load is no recording.
std::int64_t replay_end_ns(const std::vector<group_setup>& groups, std::int64_t start_ns);

}  // namespace chopsticks::engine
