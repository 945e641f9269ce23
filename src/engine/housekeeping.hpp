#pragma once
/// \file
/// What a run does around its load: opening its targets, making the initial objects, waiting for
/// what is in flight, removing what was made.

#include <atomic>
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
    /// The same, where another process has opened them and found this.
    bool join_targets(const std::vector<target_state>& found);
    /// Whether this process opened them.
    bool opened() const noexcept { return opened_; }
    /// What the targets are like, by group; of those that were opened.
    const std::vector<target_state>& targets() const noexcept { return targets_; }
    /// False: the objects are not there (why is in the result), or the run was interrupted.
    bool prepare();
    /// Marks what was made as complete, where this process opened the targets. False: as above.
    bool seal();
    /// Waits for the users, at most as long as the plan says, and then ends what they do.
    void drain();
    /// Removes all that may exist.
    void clean();
    /// Removes what open_targets made, and lets go of the targets; what is left then is in the
    /// result.
    void close_targets();

  private:
    /// How prepare or cleanup ended.
    enum class helpers_end : std::uint8_t { done, interrupted, gave_up };

    /// Tells all cores what was found to work on; returns why it cannot serve them.
    std::string share_out(std::size_t group, const target_state& state);
    /// Of opening or joining the last of targets_.
    bool refuse(const std::string& problem);
    bool makes_data(std::size_t group) const;
    helpers_end run_helpers(bool preparing, std::uint64_t total);
    /// \param running counts those that have not ended
    void start_helpers(bool preparing, std::atomic<unsigned>& running);
    void stop_helpers(bool cut);
    /// Of any helper; `began_ns` if there was none.
    std::int64_t last_success_ns(std::int64_t began_ns) const;
    void tell_progress(std::uint64_t total, std::int64_t began_ns, std::int64_t give_up_ns);
    /// What may exist by our own account.
    struct account {
        std::uint64_t objects = 0;
        std::uint64_t containers = 0;
    };
    account account_of(std::size_t group);
    /// Of all cores.
    write_account writes_of(std::size_t group);
    void warn_of_late_writes(std::size_t group);
    void warn_of_lost_leader(std::size_t group);
    /// Puts what is left of a group into the result: objects as the target counts them, where
    /// cleanup did not get through and the target answers, else as we do.
    void note_left(std::size_t group);

    steering& run_;
    std::vector<target_state> targets_;  ///< of groups whose open_target or join_target was run
    bool opened_ = false;                ///< open_targets was called, and not join_targets
    bool cleaned_ = false;               ///< the cleanup phase was begun
};

}  // namespace chopsticks::engine
