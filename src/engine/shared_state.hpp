#pragma once
/// \file
/// What all cores of a run share.

#include <atomic>
#include <chopsticks/engine/run.hpp>
#include <cstdint>
#include <vector>

#include "operation_limit.hpp"

namespace chopsticks::engine {

/// Written before the cores start, but for the atomics.
struct shared_state {
    const run_options* options = nullptr;
    stats::layout names;
    /// [group][task][step] -> index into names.operations
    std::vector<std::vector<std::vector<std::uint16_t>>> slots;
    std::vector<std::uint16_t> first_endpoint;  ///< by group: index into names.endpoints
    std::vector<std::size_t> first_figure;      ///< by group: index into names.driver_figures
    operation_limit operations;
    std::atomic<std::uint64_t> bytes_left{0};
};

}  // namespace chopsticks::engine
