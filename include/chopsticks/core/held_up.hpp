#pragma once
/// \file
/// What a thread lost.

#include <cstdint>

namespace chopsticks {

/// Time that a thread was kept from running although it wanted to.
struct held_up_figures {
    /// Ready, while other threads had the CPU, or a quota kept it away. 0 where the kernel does not
    /// count it; the time is then part of stopped_ns.
    std::int64_t queued_ns = 0;
    /// Not even ready: stopped by a signal or a debugger, frozen, waiting for a page from a disk,
    /// or the machine itself did not run.
    std::int64_t stopped_ns = 0;
    std::int64_t longest_ns = 0;  ///< the most in one stretch between two looks

    std::int64_t lost_ns() const noexcept { return queued_ns + stopped_ns; }

    /// Of the same thread, at another time.
    void add(const held_up_figures& more) noexcept {
        queued_ns += more.queued_ns;
        stopped_ns += more.stopped_ns;
        longest_ns = longest_ns > more.longest_ns ? longest_ns : more.longest_ns;
    }

    /// Takes off what lies behind a time that was seen `late_ns` after it had passed, and returns
    /// that: a thread that is kept from running over the end of an interval learns of it in the
    /// next one, and loses of both. As much as one stretch lost, at most.
    held_up_figures take_behind(std::int64_t late_ns) noexcept {
        held_up_figures out;
        const std::int64_t over = late_ns < longest_ns ? late_ns : longest_ns;
        if (over <= 0) return out;
        out.longest_ns = over;
        out.stopped_ns = over < stopped_ns ? over : stopped_ns;
        out.queued_ns = over - out.stopped_ns < queued_ns ? over - out.stopped_ns : queued_ns;
        stopped_ns -= out.stopped_ns;
        queued_ns -= out.queued_ns;
        return out;
    }
};

}  // namespace chopsticks
