// What a group does before and after its load: making the initial objects, removing all of them.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <utility>

#include "worker.hpp"

namespace chopsticks::engine {

namespace catalogue = scenario::catalogue;

namespace {

constexpr std::int64_t retry_first_ns = 10'000'000;
constexpr std::int64_t retry_most_ns = 2'000'000'000;
/// A refusal is believed when it comes so often for one operation.
constexpr int refusals_most = 3;
/// And that nothing else will be removed either when so many objects in a row were refused.
constexpr std::uint64_t refused_in_row_most = 16;
/// A session is given up for one of the next endpoint after so many failures that its endpoint
/// answered; after each where it did not answer.
constexpr int failures_per_endpoint = 3;

/// Errors of a device that do not pass by waiting.
bool is_lasting(native_code code) noexcept {
    constexpr std::array lasting{ENOENT, EPERM, EACCES, EINVAL, EROFS, ENOSPC, ESHUTDOWN};
    return std::any_of(lasting.begin(), lasting.end(),
                       [&](int e) { return code == native_code::of_errno(e); });
}

/// The target has understood and does not want: asking again changes nothing.
bool is_refusal(const outcome& out) noexcept {
    switch (out.status) {
        case op_status::client_error:
        case op_status::redirect:
            return true;
        case op_status::io_error:
            return is_lasting(out.native);
        default:
            return false;
    }
}

/// It failed, and all is as if it had not.
bool is_expected(const outcome& out, const catalogue::operation& row) noexcept {
    return std::find(row.expected.begin(), row.expected.end(), out.native) != row.expected.end();
}

bool answered(const outcome& out) noexcept {
    return out.status == op_status::slow_down || out.status == op_status::server_error ||
           out.status == op_status::io_error;
}

}  // namespace

group_core::chore group_core::make_chore(std::string_view operation_name) {
    if (operation_name.empty()) return {};
    const catalogue::operation* const row = catalogue::find_operation(workload_, operation_name);
    CHOPSTICKS_ASSERT(row != nullptr);
    return {row, driver_->bind(catalogue::plain_step(*row))};
}

void group_core::start_helpers(bool preparing, unsigned concurrency, std::function<void()> done) {
    helpers_done_ = std::move(done);
    helpers_stop_ = false;
    progress_done = 0;
    progress_failed = 0;
    last_success_ns = 0;
    objects_abandoned_ = 0;
    containers_abandoned_ = 0;
    refused_in_row_ = 0;
    last_failure_.clear();
    problem.clear();
    if (preparing) {
        making_ = make_chore(workload_.prepare_with);
    } else {
        removing_ = make_chore(workload_.clean_with);
        removing_containers_ = make_chore(workload_.clean_container_with);
    }
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
    if (preparing && blocks_ != nullptr) {
        co_await prefill_some(number);
    } else if (preparing) {
        co_await prepare_some(number);
    } else {
        co_await clean_some(number);
    }
    if (--helpers_alive_ > 0) co_return;
    // Posted: the sessions may be destroyed there, and this coroutine still refers to one.
    owner_.loop().post([this] {
        helpers_.clear();
        const auto done = std::exchange(helpers_done_, nullptr);
        done();
    });
}

runtime::task<group_core::insisted> group_core::insist(std::size_t number, const operation& op,
                                                       const catalogue::operation& row) {
    std::int64_t backoff_ns = retry_first_ns;
    int refusals = 0;
    int failures = 0;
    while (!helpers_stop_) {
        outcome out;
        co_await helpers_[number]->execute(op, out);
        if (out.status == op_status::ok || is_expected(out, row)) {
            progress_done.fetch_add(1, std::memory_order_relaxed);
            last_success_ns.store(monotonic_ns(), std::memory_order_relaxed);
            refused_in_row_ = 0;
            last_failure_.clear();
            co_return insisted::done;
        }
        if (out.status == op_status::cancelled) break;
        progress_failed.fetch_add(1, std::memory_order_relaxed);
        last_failure_ = out.example;
        refusals = is_refusal(out) ? refusals + 1 : 0;
        if (refusals >= refusals_most) {
            if (problem.empty()) problem = out.example;
            co_return insisted::refused;
        }
        if (helpers_stop_) break;
        ++failures;
        if (refusals == 0 && (!answered(out) || failures % failures_per_endpoint == 0)) {
            helpers_[number] = driver_->make_session();
        }
        // Between half of it and all: helpers that failed together do not come back together.
        const double part = 0.5 + 0.5 * helpers_random_.unit();
        const auto wait_ns = static_cast<std::int64_t>(static_cast<double>(backoff_ns) * part);
        co_await owner_.loop().sleep_until(monotonic_ns() + wait_ns);
        backoff_ns = std::min(2 * backoff_ns, retry_most_ns);
    }
    co_return insisted::stopped;
}

runtime::task<void> group_core::prepare_some(std::size_t number) {
    load::object_ref ref;
    while (!helpers_stop_ && objects_.begin_prepare(ref)) {
        operation op;
        op.step = making_.bound.get();
        op.object = ref.index;
        op.version = ref.version;
        op.size = object_size(plan_, data_seed_, ref.index);
        const insisted how = co_await insist(number, op, *making_.row);
        objects_.end_put(ref, how == insisted::done);
        if (how == insisted::done) continue;
        // Without one of them the data set is not what the scenario says.
        if (how == insisted::refused) stop_helpers(false);
        break;
    }
}

runtime::task<void> group_core::prefill_some(std::size_t number) {
    operation op;
    while (!helpers_stop_ && blocks_->next_prefill(op)) {
        op.step = making_.bound.get();
        const insisted how = co_await insist(number, op, *making_.row);
        if (how == insisted::done) {
            ++blocks_filled_;
            continue;
        }
        if (how == insisted::refused) stop_helpers(false);
        break;
    }
}

runtime::task<void> group_core::clean_some(std::size_t number) {
    load::object_ref ref;
    while (!helpers_stop_) {
        const bool object = objects_.next_leftover(ref);
        if (!object && !containers_.next_leftover(ref)) break;
        const chore& removing = object ? removing_ : removing_containers_;
        operation op;
        op.step = removing.bound.get();
        op.object = ref.index;
        op.version = ref.version;
        op.cleaning = true;
        const insisted how = co_await insist(number, op, *removing.row);
        if (how == insisted::done) continue;
        ++(object ? objects_abandoned_ : containers_abandoned_);
        // One object may be locked; where all are, the rest needs no asking.
        if (how == insisted::refused && ++refused_in_row_ >= refused_in_row_most) {
            stop_helpers(false);
        }
    }
}

}  // namespace chopsticks::engine
