#pragma once
/// \file
/// A driver that sends nothing, for any workload. It answers at once, which shows what the
/// generator itself can do and lets scenarios be tried without a target, or as a model says, which
/// shows whether what a run says of its target is true.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/scenario/service_model.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace chopsticks::engine {

struct dummy_options {
    std::vector<std::uint64_t> extents;  ///< bytes of each, of workloads of extents
    scenario::service_model model;
    std::int64_t timeout_ns = 0;  ///< not 0: what takes longer fails with op_status::timeout
    /// An operation that takes no time ends on a later turn of the loop, after what else is ready,
    /// as a completion of a library would.
    bool a_turn_later = false;
};

/// What succeeds has the bytes of the step's payload. Cleanup takes no time and succeeds.
std::unique_ptr<driver> make_dummy_driver(dummy_options options);

}  // namespace chopsticks::engine
