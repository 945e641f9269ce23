#pragma once
/// \file
/// A driver that answers at once and sends nothing, for any workload: it shows what the generator
/// itself can do, and lets scenarios be tried without a target.

#include <chopsticks/engine/driver.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace chopsticks::engine {

struct dummy_options {
    std::vector<std::uint64_t> extents;  ///< bytes of each, of workloads of extents
    std::int64_t delay_ns = 0;           ///< how long each operation takes
    /// An operation without delay ends on a later turn of the loop, after what else is ready, as a
    /// completion of a library would.
    bool a_turn_later = false;
};

/// Every operation succeeds; bytes are those of the step's payload.
std::unique_ptr<driver> make_dummy_driver(dummy_options options);

}  // namespace chopsticks::engine
