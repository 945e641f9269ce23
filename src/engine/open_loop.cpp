// The users of an open loop, and what becomes of the tasks that the dispatcher has for them.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <utility>

#include "worker.hpp"

namespace chopsticks::engine {

/// What the dispatcher asks of the group and tells it.
struct group_core::due_taker {
    group_core& group;
    std::size_t bin = 0;  // of the task that note_due spoke of last

    bool ready() const noexcept { return group.accepting_ && !group.stopped_by_budget_; }
    bool allow(std::int64_t due_ns) { return group.take_from_budget(due_ns); }

    void note_due(std::int64_t due_ns, std::int64_t now_ns) {
        bin = group.owner_.bin_of(due_ns);
        ++group.load_[bin].intended;
        if (bin == 0) return;
        group.schedule_lag_.record(now_ns - due_ns);
        if (group.pacing_) group.pacing_->planned(due_ns - group.owner_.times().start_ns);
    }

    bool hand_over(const due_task& task, std::int64_t& now_ns) {
        if (group.idle_.empty()) return false;
        if (bin > 0 && group.pacing_) {
            group.pacing_->issued(now_ns - group.owner_.times().start_ns);
        }
        user* const u = group.idle_.back();
        group.idle_.pop_back();
        u->intended_ns = task.due_ns;
        if (task.recorded != nullptr) u->planned = *task.recorded;
        // At once, not through the ready queue: what waits there is not yet due.
        std::exchange(u->waiting, nullptr).resume();
        now_ns = monotonic_ns();
        return true;
    }

    void note_queued() { ++group.load_[bin].queued; }

    void shed(const due_task& task, bool late) {
        const std::size_t own = group.owner_.bin_of(task.due_ns);
        ++(late ? group.load_[own].shed_late : group.load_[own].shed);
        group.owner_.recorder(own).shed(group.slot_of_next(task.recorded));
    }
};

runtime::task<void> group_core::open_user(user& u) {
    ++users_alive_;
    struct wait_for_work {
        group_core* group;
        user* self;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) const {
            self->waiting = coroutine;
            group->idle_.push_back(self);
        }
        void await_resume() const noexcept {}
    };
    while (accepting_) {
        if (!due_.empty() && plan_.open->late_limit_ns > 0) {
            due_taker to{*this};
            due_.shed_late(monotonic_ns(), to);
        }
        // What still waits when the measure phase ends is its backlog.
        const bool ended = owner_.loop().turn_ns() >= owner_.times().end_ns || bytes_.used_up();
        if (!due_.empty() && !ended) {
            const due_task oldest = due_.oldest();
            u.intended_ns = oldest.due_ns;
            if (oldest.recorded != nullptr) u.planned = *oldest.recorded;
            due_.drop_oldest();
            if (pacing_ && owner_.bin_of(u.intended_ns) > 0) {
                pacing_->issued(monotonic_ns() - owner_.times().start_ns);
            }
        } else {
            const wait_for_work idle{this, &u};
            co_await idle;
            if (!accepting_) break;
        }
        co_await do_task(u, u.intended_ns);
        co_await owner_.loop().yield();
    }
    --users_alive_;
}

void group_core::start_open() {
    const load_times& times = owner_.times();
    if (replay_) {
        due_from_.emplace(replay_->lane, times.start_ns);
    } else {
        const unsigned cores = owner_.cores();
        const load::rate_curve curve =
            scenario::rate_plan(*plan_.open, times.measure_ns - times.start_ns);
        due_from_.emplace(
            std::make_unique<load::arrival_schedule>(plan_.open->arrivals, curve, owner_.core(),
                                                     cores, mix64(seed_, stream_arrivals)),
            times.start_ns);
        pacing_ = std::make_unique<pacing_meter>(curve, cores);
    }
    for (user& u : users_)
        runtime::start_detached(open_user(u));
}

/// The operation that a task which is never begun would have begun with.
std::uint16_t group_core::slot_of_next(const trace::planned_operation* recorded) noexcept {
    const std::uint32_t chosen = recorded != nullptr ? recorded->kind : mix_.next();
    return tasks_[chosen].steps.front().slot;
}

void group_core::record_unfinished(std::int64_t end_ns) {
    if (std::exchange(queue_counted_, true)) return;
    due_.for_each([&](const due_task& task) {
        owner_.recorder(owner_.bin_of(task.due_ns))
            .unfinished(slot_of_next(task.recorded), end_ns - task.due_ns, false);
    });
}

std::int64_t group_core::run_due(std::int64_t now_ns) {
    // Before the load there is nothing that could be due.
    if (!due_from_) return INT64_MAX;
    due_taker to{*this};
    return due_.run(*due_from_, now_ns, owner_.times().end_ns, to);
}

}  // namespace chopsticks::engine
