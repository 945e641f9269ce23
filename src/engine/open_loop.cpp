// The dispatcher of an open loop, and the users that it hands due tasks to.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <utility>

#include "worker.hpp"

namespace chopsticks::engine {

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
        if (queue_count_ > 0 && plan_.open->late_limit_ns > 0) shed_late(monotonic_ns());
        // What still waits when the measure phase ends is its backlog.
        const bool ended = owner_.loop().turn_ns() >= owner_.times().end_ns || bytes_.used_up();
        if (queue_count_ > 0 && !ended) {
            u.intended_ns = queue_[queue_head_];
            if (replay_) u.planned = replay_->pending[queue_head_];
            drop_oldest();
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
    if (!replay_) {
        const load_times& times = owner_.times();
        const unsigned cores = owner_.shared().options->cores;
        const load::rate_curve curve =
            scenario::rate_plan(*plan_.open, times.measure_ns - times.start_ns);
        arrivals_ = std::make_unique<load::arrival_schedule>(
            plan_.open->arrivals, curve, owner_.core(), cores, mix64(seed_, stream_arrivals));
        pacing_ = std::make_unique<pacing_meter>(curve, cores);
        take_next_due();
    }
    for (user& u : users_)
        runtime::start_detached(open_user(u));
}

void group_core::take_next_due() noexcept {
    const double due = arrivals_->next();
    next_due_ns_ =
        due < 9e18 ? owner_.times().start_ns + static_cast<std::int64_t>(due) : INT64_MAX;
}

/// The operation that a task which is never begun would have begun with.
std::uint16_t group_core::slot_of_next(const trace::planned_operation* recorded) noexcept {
    const std::uint32_t chosen = recorded != nullptr ? recorded->kind : mix_.next();
    return tasks_[chosen].steps.front().slot;
}

void group_core::shed(std::int64_t due_ns, const trace::planned_operation* recorded) {
    owner_.recorder(owner_.bin_of(due_ns)).shed(slot_of_next(recorded));
}

void group_core::drop_oldest() noexcept {
    queue_head_ = queue_head_ + 1 == queue_.size() ? 0 : queue_head_ + 1;
    --queue_count_;
}

/// Drops what has waited in the queue for longer than it may.
void group_core::shed_late(std::int64_t now_ns) {
    while (queue_count_ > 0 && now_ns - queue_[queue_head_] > plan_.open->late_limit_ns) {
        const std::int64_t due_ns = queue_[queue_head_];
        ++load_[owner_.bin_of(due_ns)].shed_late;
        shed(due_ns, replay_ ? &replay_->pending[queue_head_] : nullptr);
        drop_oldest();
    }
}

void group_core::record_unfinished(std::int64_t end_ns) {
    if (std::exchange(queue_counted_, true)) return;
    for (std::size_t i = 0; i < queue_count_; ++i) {
        const std::size_t at = (queue_head_ + i) % queue_.size();
        const std::uint16_t slot = slot_of_next(replay_ ? &replay_->pending[at] : nullptr);
        owner_.recorder(owner_.bin_of(queue_[at])).unfinished(slot, end_ns - queue_[at], false);
    }
}

std::int64_t group_core::hand_out(std::int64_t due_ns, std::int64_t now_ns,
                                  const trace::planned_operation* recorded) {
    const std::int64_t start_ns = owner_.times().start_ns;
    const std::size_t bin = owner_.bin_of(due_ns);
    ++load_[bin].intended;
    if (bin > 0) schedule_lag_.record(now_ns - due_ns);
    if (bin > 0 && pacing_) pacing_->planned(due_ns - start_ns);
    const std::int64_t late_limit_ns = plan_.open->late_limit_ns;
    if (late_limit_ns > 0 && now_ns - due_ns > late_limit_ns) {
        ++load_[bin].shed_late;
        shed(due_ns, recorded);
        return now_ns;
    }
    // It waited as long as this one did not: what is too late makes room.
    if (late_limit_ns > 0 && queue_count_ == queue_.size()) shed_late(now_ns);
    if (!idle_.empty()) {
        if (bin > 0 && pacing_) pacing_->issued(now_ns - start_ns);
        user* u = idle_.back();
        idle_.pop_back();
        u->intended_ns = due_ns;
        if (recorded != nullptr) u->planned = *recorded;
        // At once, not through the ready queue: what waits there is not yet due.
        std::exchange(u->waiting, nullptr).resume();
        return monotonic_ns();
    }
    if (queue_count_ < queue_.size()) {
        std::size_t tail = queue_head_ + queue_count_;
        if (tail >= queue_.size()) tail -= queue_.size();
        queue_[tail] = due_ns;
        if (recorded != nullptr) replay_->pending[tail] = *recorded;
        ++queue_count_;
        ++load_[bin].queued;
    } else {
        ++load_[bin].shed;
        shed(due_ns, recorded);
    }
    return now_ns;
}

std::int64_t group_core::run_due(std::int64_t now_ns) {
    if (replay_) return run_replay(now_ns);
    if (!accepting_ || stopped_by_budget_) return INT64_MAX;
    const load_times& times = owner_.times();
    while (next_due_ns_ <= now_ns) {
        const std::int64_t due = next_due_ns_;
        if (due >= times.end_ns) return INT64_MAX;
        // A user that was handed work in this very loop may have used up the bytes as well.
        if (stopped_by_budget_) return INT64_MAX;
        if (!take_from_budget(due)) return INT64_MAX;
        take_next_due();
        now_ns = hand_out(due, now_ns, nullptr);
    }
    return next_due_ns_;
}

}  // namespace chopsticks::engine
