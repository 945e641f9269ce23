#include "mark_keeper.hpp"

#include <chopsticks/core/clock.hpp>

namespace chopsticks::s3 {

namespace {

/// How long the end of a run waits for a refresh that is under way.
constexpr std::int64_t stop_most_ns = 15'000'000'000;

}  // namespace

mark_keeper::mark_keeper(core_state& core, const std::vector<target_address>& addresses)
    : core_(core), addresses_(addresses) {
    core_.loop.add(*this);
}

mark_keeper::~mark_keeper() {
    core_.loop.remove(*this);
}

std::string mark_keeper::key() const {
    return run_mark_key(core_.options.group->data.prefix, mark.run, mark.group);
}

void mark_keeper::start() {
    stopped_ = false;
    due_ns = monotonic_ns() + core_.options.mark_refresh_ns;
}

runtime::task<void> mark_keeper::stop() {
    stopped_ = true;
    due_ns = 0;
    // A write that is cut off may yet be carried out, after the mark was removed.
    const std::int64_t until_ns = monotonic_ns() + stop_most_ns;
    if (busy_) core_.waits.set("for the answer to the run's mark", until_ns);
    while (busy_) {
        if (monotonic_ns() >= until_ns || core_.control_cancelled) session_->cancel();
        co_await core_.loop.sleep_until(monotonic_ns() + 1'000'000);
    }
    core_.waits.clear();
    work_.reset();
    session_.reset();
}

void mark_keeper::expired() {
    if (busy_ || stopped_) return;
    busy_ = true;
    work_.emplace(refresh());
    work_->await_suspend(std::noop_coroutine()).resume();
}

runtime::task<void> mark_keeper::refresh() {
    if (!session_) {
        session_ = std::make_unique<s3_session>(core_, addresses_[next_address_]);
        session_->detach();
    }
    control_request ask;
    ask.method = "PUT";
    ask.key = key();
    ask.body = write_run_mark(mark);
    const control_reply reply = co_await session_->control(ask);
    const bool written = reply.problem.empty() && reply.status < 300;
    if (!written && !stopped_) {
        next_address_ = (next_address_ + 1) % addresses_.size();
        session_.reset();
    }
    const std::int64_t pause = core_.options.mark_refresh_ns / (written ? 1 : 6);
    if (!stopped_) due_ns = monotonic_ns() + pause;
    busy_ = false;
}

}  // namespace chopsticks::s3
