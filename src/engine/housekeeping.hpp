#pragma once
/// \file
/// What a run does around its load: opening its targets, making the initial objects, waiting for
/// what is in flight, removing what was made.

#include <chopsticks/engine/run.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "steering.hpp"

namespace chopsticks::engine {

/// Belongs to the main thread, which calls it in the order of the phases.
class housekeeping {
  public:
    explicit housekeeping(steering& run) : run_(run) {}

    /// False: a target has a problem (in the result), or the run was interrupted.
    bool open_targets();
    /// False: the objects are not there (why is in the result), or the run was interrupted.
    bool prepare();
    /// Waits for the users, at most as long as the plan says, and then ends what they do.
    void drain();
    /// Removes all that may exist.
    void clean();
    /// Removes what open_targets made, and lets go of the targets.
    void close_targets();

  private:
    /// Tells all cores which bytes of the images are theirs; returns why that cannot be.
    std::string share_extents(std::size_t group, const target_state& state);
    bool run_helpers(bool preparing, std::uint64_t total);

    steering& run_;
    std::vector<bool> data_ready_;
    std::size_t opened_ = 0;  ///< groups whose open_target was run
};

}  // namespace chopsticks::engine
