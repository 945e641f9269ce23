#pragma once
/// \file
/// What is due in an open loop, from when it is due until a user takes it or it is shed. It knows
/// neither users nor records nor a clock: whoever runs it says what time it is.

#include <chopsticks/load/arrival.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdint>
#include <memory>
#include <vector>

namespace chopsticks::engine {

/// Where due work comes from: a plan of arrivals, or one core's lane of a recording. Belongs to the
/// core. Times are those of `now_ns`, from the same instant.
class due_source {
  public:
    /// \param start_ns of the load
    due_source(std::unique_ptr<load::arrival_source> plan, std::int64_t start_ns);
    /// \param lane outlives it
    due_source(trace::replay_lane& lane, std::int64_t start_ns)
        : lane_(&lane), start_ns_(start_ns) {}

    /// When the next task is due; INT64_MAX: never. While the reader of a recording is behind it is
    /// a little after `now_ns`, when to ask again.
    std::int64_t next_ns(std::int64_t now_ns) noexcept {
        return lane_ == nullptr ? next_due_ns_ : next_recorded_ns(now_ns);
    }

    /// Goes on behind a task that next_ns() said to be due. The operation it is of, good until the
    /// next call; null: a plan leaves that open.
    const trace::planned_operation* take() noexcept;

    /// From `at_ns` on so much of the planned rate is due (load::arrival_source::change). Not of a
    /// recording. Where that time is over, what was due since then by the plan before stays due.
    void change(std::int64_t at_ns, double share) noexcept;

  private:
    std::int64_t next_recorded_ns(std::int64_t now_ns) noexcept;
    void plan_next() noexcept;
    void note_planned(double due) noexcept;

    std::unique_ptr<load::arrival_source> plan_;  // null: a recording
    trace::replay_lane* lane_ = nullptr;          // null: a plan
    std::int64_t start_ns_;
    std::int64_t next_due_ns_ = INT64_MAX;                     // of a plan
    std::int64_t taken_ns_ = INT64_MIN;                        // when what was taken last was due
    const trace::planned_operation* next_recorded_ = nullptr;  // null: the lane gave none
    trace::planned_operation taken_;
};

/// A task that is due.
struct due_task {
    std::int64_t due_ns = 0;
    const trace::planned_operation* recorded = nullptr;  ///< null: no recording
};

/// The queue of due work of one group on one core. Memory is taken by the constructor, none later.
/// Belongs to the core.
///
/// What it decides it tells a taker, which has:
///   bool ready()              work is still taken on
///   bool allow(due_ns)        one more task may begin; false: and none after it
///   void note_due(due_ns, now_ns)
///   bool hand_over(const due_task&, std::int64_t& now_ns)
///                             an idle user has it, and it is `now_ns` since; false: there is none
///   void note_queued()          the task that note_due spoke of
///   void shed(const due_task&, bool late)
class dispatcher {
  public:
    /// \param places of the queue; 0: nothing is ever due
    /// \param late_limit_ns how long a task may wait; 0: for ever
    /// \param recorded the tasks are of a recording
    dispatcher(std::size_t places, std::int64_t late_limit_ns, bool recorded)
        : late_limit_ns_(late_limit_ns), due_ns_(places), recorded_(recorded ? places : 0) {}

    /// Takes what has become due until `now_ns`. When to call again; INT64_MAX: nothing more is
    /// due before `end_ns`, or the taker takes on nothing any more.
    template <typename Source, typename Taker>
    std::int64_t run(Source& from, std::int64_t now_ns, std::int64_t end_ns, Taker& to) {
        for (;;) {
            // A user that was handed work in this very loop may have ended the load.
            if (!to.ready()) return INT64_MAX;
            const std::int64_t due_ns = from.next_ns(now_ns);
            if (due_ns >= end_ns) return INT64_MAX;
            if (due_ns > now_ns) return due_ns;
            if (!to.allow(due_ns)) return INT64_MAX;
            now_ns = place({due_ns, from.take()}, now_ns, to);
        }
    }

    /// Sheds what has waited for longer than it may.
    template <typename Taker>
    void shed_late(std::int64_t now_ns, Taker& to) {
        if (late_limit_ns_ == 0) return;
        while (!empty() && is_late(oldest().due_ns, now_ns)) {
            to.shed(oldest(), true);
            drop_oldest();
        }
    }

    bool empty() const noexcept { return count_ == 0; }
    std::size_t waiting() const noexcept { return count_; }

    /// What has waited longest, if anything has; `recorded` is good until the next run().
    due_task oldest() const noexcept { return at(head_); }
    void drop_oldest() noexcept {
        head_ = head_ + 1 == due_ns_.size() ? 0 : head_ + 1;
        --count_;
    }
    void drop_all() noexcept { count_ = 0; }

    /// All that waits, the oldest first.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t i = 0; i < count_; ++i)
            visit(at((head_ + i) % due_ns_.size()));
    }

  private:
    bool is_late(std::int64_t due_ns, std::int64_t now_ns) const noexcept {
        return late_limit_ns_ > 0 && now_ns - due_ns > late_limit_ns_;
    }
    bool full() const noexcept { return count_ == due_ns_.size(); }
    due_task at(std::size_t place) const noexcept {
        return {due_ns_[place], recorded_.empty() ? nullptr : &recorded_[place]};
    }
    void push(const due_task& task) noexcept;

    /// Gives a task to an idle user or to the queue, or sheds it. What time it is then.
    template <typename Taker>
    std::int64_t place(const due_task& task, std::int64_t now_ns, Taker& to) {
        to.note_due(task.due_ns, now_ns);
        if (is_late(task.due_ns, now_ns)) {
            to.shed(task, true);
            return now_ns;
        }
        // It waited as long as this one did not: what is too late makes room.
        if (full()) shed_late(now_ns, to);
        if (to.hand_over(task, now_ns)) return now_ns;
        if (full()) {
            to.shed(task, false);
            return now_ns;
        }
        push(task);
        to.note_queued();
        return now_ns;
    }

    std::int64_t late_limit_ns_;
    std::vector<std::int64_t> due_ns_;                // a ring
    std::vector<trace::planned_operation> recorded_;  // beside it; empty: no recording
    std::size_t head_ = 0;
    std::size_t count_ = 0;
};

}  // namespace chopsticks::engine
