// The users of a closed loop: a task, perhaps some thought, the next task.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <cmath>
#include <utility>

#include "worker.hpp"

namespace chopsticks::engine {

namespace {

/// A user that found nothing to do its task on looks again after this; so that an empty data set
/// does not become a busy loop.
constexpr std::int64_t skip_pause_ns = 1'000'000;
/// A closed-loop user whose connect or block I/O failed waits before its next task, twice as long
/// each time: a dead target, or a client that the cluster has shut out, is answered in microseconds
/// and would ask a hundred thousand times a second. Now and then a failed I/O costs next to
/// nothing.
constexpr std::int64_t backoff_first_ns = 10'000'000;
constexpr std::int64_t io_backoff_first_ns = 10'000;
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

/// When user `number` (over all cores, from 0) has its turn: now or later; INT64_MAX: never again.
std::int64_t group_core::turn_of(std::uint64_t number, std::int64_t now_ns) const noexcept {
    const std::int64_t start_ns = owner_.times().start_ns;
    const auto from = static_cast<double>(std::max<std::int64_t>(now_ns - start_ns, 0));
    // The slack is for levels at the end of a ramp, which no double holds exactly.
    const double at = user_levels_.first_at_least(static_cast<double>(number + 1) - 1e-9, from);
    if (at == from) return std::max(now_ns, start_ns);
    return at < 9e18 ? start_ns + static_cast<std::int64_t>(std::ceil(at)) : INT64_MAX;
}

runtime::task<void> group_core::closed_user(user& u, std::uint64_t number) {
    ++users_alive_;
    runtime::reactor& loop = owner_.loop();
    for (;;) {
        const std::int64_t now = monotonic_ns();
        const std::int64_t turn_ns = turn_of(number, now);
        if (turn_ns > now) {
            // Above the number of users that the stage wants: it waits for a later one.
            users_active_ -= std::exchange(u.active, false) ? 1 : 0;
            if (!accepting_ || turn_ns >= owner_.times().end_ns) break;
            co_await loop.sleep_until(turn_ns);
            continue;
        }
        if (!may_start(now)) break;
        users_active_ += std::exchange(u.active, true) ? 0 : 1;
        ++load_[owner_.bin_of(now)].intended;
        co_await do_task(u, now);
        std::int64_t pause = think_ns();
        if (u.skipped) pause = std::max(pause, skip_pause_ns);
        if (u.last == op_status::connect_failed || u.last == op_status::io_error) {
            const std::int64_t first_ns =
                u.last == op_status::io_error ? io_backoff_first_ns : backoff_first_ns;
            u.backoff_ns = std::clamp(u.backoff_ns * 2, first_ns, backoff_most_ns);
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
    users_active_ -= std::exchange(u.active, false) ? 1 : 0;
    --users_alive_;
}

}  // namespace chopsticks::engine
