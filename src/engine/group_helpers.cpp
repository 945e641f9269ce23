// What a group does before and after its load: making the initial objects, removing all of them.

#include <chopsticks/core/clock.hpp>

#include "worker.hpp"

namespace chopsticks::engine {

namespace {

/// How often prepare and cleanup repeat an object's operation before they give up.
constexpr int prepare_attempts = 6;
constexpr int clean_attempts = 3;
constexpr std::int64_t backoff_first_ns = 10'000'000;

}  // namespace

void group_core::start_helpers(bool preparing, unsigned concurrency, std::function<void()> done) {
    helpers_done_ = std::move(done);
    helpers_stop_ = false;
    progress_done = 0;
    progress_failed = 0;
    problem.clear();
    helpers_.clear();
    for (unsigned i = 0; i < concurrency; ++i)
        helpers_.push_back(driver_->make_session());
    helpers_alive_ = helpers_.size();
    for (std::size_t i = 0; i < helpers_.size(); ++i) {
        runtime::start_detached(run_helper(preparing, i));
    }
}

void group_core::stop_helpers(bool cut) {
    helpers_stop_ = true;
    if (cut) {
        for (auto& h : helpers_)
            h->cancel();
    }
    // Those that wait before they try again.
    owner_.loop().wake_sleepers();
}

runtime::task<void> group_core::run_helper(bool preparing, std::size_t number) {
    // Not on the stack of start_helpers: all helpers exist before the first one can end.
    co_await owner_.loop().yield();
    session& connection = *helpers_[number];
    if (preparing && blocks_ != nullptr) {
        co_await prefill_some(connection);
    } else if (preparing) {
        co_await prepare_some(connection);
    } else {
        co_await clean_some(connection);
    }
    if (--helpers_alive_ > 0) co_return;
    // Posted: the sessions may be destroyed there, and this coroutine still refers to one.
    owner_.loop().post([this] {
        helpers_.clear();
        const auto done = std::exchange(helpers_done_, nullptr);
        done();
    });
}

runtime::task<void> group_core::prepare_some(session& connection) {
    const std::uint16_t code = put_code(plan_.workload);
    load::object_ref ref;
    int failures = 0;
    while (!helpers_stop_ && objects_.begin_prepare(ref)) {
        operation op;
        op.code = code;
        op.object = ref.index;
        op.version = ref.version;
        op.size = object_size(plan_, data_seed_, ref.index);
        outcome out;
        co_await connection.execute(op, out);
        const bool ok = out.status == op_status::ok;
        objects_.end_put(ref, ok);
        if (ok) {
            progress_done.fetch_add(1, std::memory_order_relaxed);
            failures = 0;
            continue;
        }
        if (out.status == op_status::cancelled) break;
        progress_failed.fetch_add(1, std::memory_order_relaxed);
        if (helpers_stop_) break;
        if (++failures >= prepare_attempts) {
            if (problem.empty()) problem = out.example;
            stop_helpers(false);
            break;
        }
        co_await owner_.loop().sleep_until(monotonic_ns() + (backoff_first_ns << failures));
    }
}

runtime::task<void> group_core::prefill_some(session& connection) {
    operation op;
    while (!helpers_stop_ && blocks_->next_prefill(op)) {
        op.code = put_code(plan_.workload);
        for (int attempt = 1;; ++attempt) {
            outcome out;
            co_await connection.execute(op, out);
            if (out.status == op_status::ok) {
                ++blocks_filled_;
                progress_done.fetch_add(1, std::memory_order_relaxed);
                break;
            }
            if (out.status == op_status::cancelled) co_return;
            progress_failed.fetch_add(1, std::memory_order_relaxed);
            if (helpers_stop_) co_return;
            if (attempt >= prepare_attempts) {
                if (problem.empty()) problem = out.example;
                stop_helpers(false);
                co_return;
            }
            co_await owner_.loop().sleep_until(monotonic_ns() + (backoff_first_ns << attempt));
        }
    }
}

runtime::task<void> group_core::clean_some(session& connection) {
    load::object_ref ref;
    for (;;) {
        std::uint16_t code = delete_code(plan_.workload);
        if (!objects_.next_leftover(ref)) {
            code = delete_container_code(plan_.workload);
            if (!containers_.next_leftover(ref)) break;
        }
        operation op;
        op.code = code;
        op.object = ref.index;
        op.version = ref.version;
        bool gone = false;
        const std::uint64_t done_before = progress_done.load(std::memory_order_relaxed);
        for (int attempt = 1; !gone && !helpers_stop_ && attempt <= clean_attempts; ++attempt) {
            outcome out;
            co_await connection.execute(op, out);
            gone = out.status == op_status::ok || out.native == native_code::of_http(404);
            if (gone) break;
            if (out.status == op_status::cancelled) break;
            if (problem.empty()) problem = out.example;
            co_await owner_.loop().sleep_until(monotonic_ns() + (backoff_first_ns << attempt));
        }
        (gone ? progress_done : progress_failed).fetch_add(1, std::memory_order_relaxed);
        // A target that answers nobody would be asked for every object of the rest, for minutes
        // each.
        if (!gone && progress_done.load(std::memory_order_relaxed) == done_before) break;
    }
}

}  // namespace chopsticks::engine
