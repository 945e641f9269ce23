#pragma once
/// \file
/// What a core needs to replay its part of a recording.

#include <atomic>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// Belongs to its core.
class replay_work {
  public:
    replay_work(const scenario::group& group, trace::replay_lane& from, unsigned cores);

    trace::replay_lane& lane;

    /// Which of this core's part of the data set a key stands for.
    std::uint64_t position_of(std::uint64_t key) const noexcept {
        return objects_ > 0 ? key % objects_ / cores_ : 0;
    }
    /// Whether this key was put before, as far as a table of fixed size remembers; from now on it
    /// was.
    bool put_before(std::uint64_t key) noexcept {
        std::uint64_t& place = seen_[key % seen_.size()];
        const bool known = place == key + 1;
        place = key + 1;
        return known;
    }
    void forget(std::uint64_t key) noexcept {
        std::uint64_t& place = seen_[key % seen_.size()];
        if (place == key + 1) place = 0;
    }
    const scenario::replay_load& plan() const noexcept { return plan_; }

  private:
    const scenario::replay_load& plan_;
    std::uint64_t objects_;
    std::uint64_t cores_;
    std::vector<std::uint64_t> seen_;  ///< keys + 1, each at its own place; 0: none. Of objects
};

/// Main thread: starts the readers of all recordings and waits until they are ahead.
void start_replays(const std::vector<group_setup>& groups, const std::atomic<int>& stop_level);
void stop_replays(const std::vector<group_setup>& groups);

/// Main thread: just after the last recorded operation is due; INT64_MAX while that is not known,
/// or where some group's load is no recording.
std::int64_t replay_end_ns(const std::vector<group_setup>& groups, std::int64_t start_ns);

}  // namespace chopsticks::engine
