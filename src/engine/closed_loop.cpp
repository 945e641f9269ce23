// The users of a closed loop: a task, perhaps some thought, the next task.

#include <algorithm>
#include <chopsticks/core/clock.hpp>

#include "worker.hpp"

namespace chopsticks::engine {

namespace {

/// A user that found nothing to do its task on looks again after this; so that an empty data set
/// does not become a busy loop.
constexpr std::int64_t skip_pause_ns = 1'000'000;
/// A closed-loop user whose connect failed waits before its next task, twice as long each time: a
/// dead target answers in microseconds and would be asked a hundred thousand times a second.
constexpr std::int64_t backoff_first_ns = 10'000'000;
constexpr std::int64_t backoff_most_ns = 1'000'000'000;

}  // namespace

std::int64_t group_core::think_ns() {
    const scenario::think_time& t = plan_.closed.think;
    switch (t.kind) {
        case scenario::think_kind::none:
            return 0;
        case scenario::think_kind::constant:
            return t.mean_ns;
        case scenario::think_kind::uniform:
            return t.min_ns + static_cast<std::int64_t>(random_.unit() *
                                                        static_cast<double>(t.max_ns - t.min_ns));
        case scenario::think_kind::exponential:
            return static_cast<std::int64_t>(random_.exponential() *
                                             static_cast<double>(t.mean_ns));
    }
    return 0;
}

runtime::task<void> group_core::closed_user(user& u, std::int64_t start_ns) {
    ++users_alive_;
    runtime::reactor& loop = owner_.loop();
    co_await loop.sleep_until(start_ns);
    for (;;) {
        const std::int64_t now = monotonic_ns();
        if (!may_start(now)) break;
        ++load_[owner_.bin_of(now)].intended;
        co_await do_task(u, now);
        std::int64_t pause = think_ns();
        if (u.skipped) pause = std::max(pause, skip_pause_ns);
        if (u.last == op_status::connect_failed) {
            u.backoff_ns = std::clamp(u.backoff_ns * 2, backoff_first_ns, backoff_most_ns);
            pause = std::max(pause, u.backoff_ns);
        } else {
            u.backoff_ns = 0;
        }
        if (pause > 0) {
            co_await loop.sleep_until(monotonic_ns() + pause);
        } else {
            co_await loop.yield();
        }
    }
    --users_alive_;
}

}  // namespace chopsticks::engine
