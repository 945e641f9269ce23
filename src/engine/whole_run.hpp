#pragma once
/// \file
/// What the cores of a run come to together. All of it is the main thread's.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "steering.hpp"
#include "success_gaps.hpp"

namespace chopsticks::engine {

/// Since when a group has had nothing left to work on, on any core; 0: it has.
std::int64_t exhausted_since(const worker_list& workers, std::size_t group);

/// Since when nothing is done any more, because a limit of the run is used up or no
/// group has anything left to work on; 0: it goes on.
std::int64_t done_since(const worker_list& workers);

/// Once the figures are added up: when the targets gave no success.
/// \param gaps [group][0: of the group; 1 and up: of its endpoints]
void add_silences(run_result& result, const run_options& options, const shared_state& shared,
                  const std::vector<std::vector<core_gaps>>& gaps, std::int64_t measure_ns);

}  // namespace chopsticks::engine
