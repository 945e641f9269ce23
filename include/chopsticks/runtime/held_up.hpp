#pragma once
/// \file
/// How long a thread was kept from running although it wanted to: another thread had its CPU, its
/// cgroup's quota was used up, it was stopped, or the whole machine stood still. Whatever waits
/// meanwhile is answered late, and without these figures the target would be blamed for it.

#include <chopsticks/core/held_up.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chopsticks::runtime {

/// /proc/[pid]/schedstat: since the thread began (Documentation/scheduler/sched-stats.rst).
struct sched_times {
    std::int64_t ran_ns = 0;
    std::int64_t queued_ns = 0;  ///< ready to run, waiting for a CPU
    std::int64_t slices = 0;     ///< times that it got one
};
/// None when the text is not what the kernel writes.
std::optional<sched_times> parse_schedstat(std::string_view text) noexcept;

using chopsticks::held_up_figures;

/// A stretch of a thread's time, as far as it was not the thread's own will.
struct stretch {
    std::int64_t wall_ns = 0;
    std::int64_t waited_ns = 0;  ///< asleep as it had asked for, and no longer than that
    std::int64_t cpu_ns = 0;
    std::optional<std::int64_t> queued_ns;  ///< as the kernel counts it
    std::int64_t slices = 0;
};

/// What was lost in it. That a CPU which is free takes up to 20 us to begin with a thread is part
/// of sleeping and counts as nothing. Interrupts, and the CPU time of going to sleep, are below 2
/// ms in a stretch of tens of milliseconds and count as nothing.
held_up_figures judge(const stretch& s) noexcept;

/// Watches the thread that calls it. Two system calls per look, about 2 us; no allocation.
class held_up_watch {
  public:
    held_up_watch() = default;
    ~held_up_watch();
    held_up_watch(const held_up_watch&) = delete;
    held_up_watch& operator=(const held_up_watch&) = delete;

    /// From now on; on the thread that is watched. Without /proc all that it lost counts as
    /// stopped.
    void begin(std::int64_t now_ns) noexcept;
    /// It slept for so long of what it had asked for.
    void waited(std::int64_t ns) noexcept { waited_ns_ += ns; }
    /// A stretch ends here, the next begins.
    void look(std::int64_t now_ns) noexcept;

    /// Since begin; the longest since this was last called.
    held_up_figures take() noexcept;

  private:
    std::optional<sched_times> read_times() const noexcept;

    int schedstat_ = -1;
    std::int64_t looked_ns_ = 0;
    std::int64_t waited_ns_ = 0;
    std::int64_t cpu_ns_ = 0;
    std::optional<sched_times> times_;
    held_up_figures figures_;
};

}  // namespace chopsticks::runtime
