#include "dispatcher.hpp"

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
    const double due = plan_->next();
    next_due_ns_ = due < 9e18 ? start_ns_ + static_cast<std::int64_t>(due) : INT64_MAX;
}

std::int64_t due_source::next_recorded_ns(std::int64_t now_ns) noexcept {
    next_recorded_ = lane_->front(now_ns - start_ns_);
    if (next_recorded_ != nullptr) return start_ns_ + next_recorded_->due_ns;
    return lane_->ended() ? INT64_MAX : now_ns + empty_pause_ns;
}

const trace::planned_operation* due_source::take() noexcept {
    if (lane_ == nullptr) {
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
