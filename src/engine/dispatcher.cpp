#include "dispatcher.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <utility>

namespace chopsticks::engine {

namespace {

/// How soon to look again when the reader of a recording has nothing yet.
constexpr std::int64_t empty_pause_ns = 250'000;

}  // namespace

due_source::due_source(std::unique_ptr<load::arrival_source> plan, std::int64_t start_ns)
    : plan_(std::move(plan)), start_ns_(start_ns) {
    plan_next();
}

void due_source::plan_next() noexcept {
    note_planned(plan_->next());
}

void due_source::note_planned(double due) noexcept {
    next_due_ns_ = due < 9e18 ? start_ns_ + static_cast<std::int64_t>(due) : INT64_MAX;
    // A change that was heard of late goes back to before what was taken.
    next_due_ns_ = std::max(next_due_ns_, taken_ns_);
}

void due_source::change(std::int64_t at_ns, double share) noexcept {
    CHOPSTICKS_ASSERT(lane_ == nullptr);
    note_planned(plan_->change(static_cast<double>(at_ns - start_ns_), share));
}

std::int64_t due_source::next_recorded_ns(std::int64_t now_ns) noexcept {
    next_recorded_ = lane_->front(now_ns - start_ns_);
    if (next_recorded_ != nullptr) return start_ns_ + next_recorded_->due_ns;
    return lane_->ended() ? INT64_MAX : now_ns + empty_pause_ns;
}

const trace::planned_operation* due_source::take() noexcept {
    if (lane_ == nullptr) {
        taken_ns_ = next_due_ns_;
        plan_next();
        return nullptr;
    }
    CHOPSTICKS_ASSERT(next_recorded_ != nullptr);
    taken_ = *next_recorded_;
    lane_->pop();
    return &taken_;
}

void dispatcher::push(const due_task& task) noexcept {
    std::size_t tail = head_ + count_;
    if (tail >= due_ns_.size()) tail -= due_ns_.size();
    due_ns_[tail] = task.due_ns;
    if (task.recorded != nullptr) recorded_[tail] = *task.recorded;
    ++count_;
}

}  // namespace chopsticks::engine
