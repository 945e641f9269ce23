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
};

}  // namespace chopsticks
