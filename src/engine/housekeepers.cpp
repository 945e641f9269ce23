#include "housekeepers.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/prepare_step.hpp>
#include <utility>

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
/// One operation on several is not worth its while for fewer than these, where the sessions could
/// share them.
constexpr std::uint64_t batch_least = 100;
/// How often a session without work looks whether a batch has left some.
constexpr std::int64_t batch_look_ns = 5'000'000;

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

/// How many subjects the operation removes at once; 1: it is none of several.
std::uint64_t removes_at_once(const catalogue::operation& row) noexcept {
    if (row.use != scenario::subject_use::remove) return 1;
    for (const catalogue::parameter& p : row.parameters) {
        if (const auto* const batch = std::get_if<catalogue::batch_value>(&p.value))
            return batch->most;
    }
    return 1;
}

/// The operation of the workload that removes several at once; null: there is none.
const catalogue::operation* remover_of_several(const catalogue::workload& of) noexcept {
    for (const catalogue::operation& row : of.operations) {
        if (removes_at_once(row) > 1) return &row;
    }
    return nullptr;
}

bool answered(const outcome& out) noexcept {
    return out.status == op_status::slow_down || out.status == op_status::server_error ||
           out.status == op_status::io_error;
}

}  // namespace

housekeepers::housekeepers(runtime::reactor& loop, core_driver& driver, work_source& source,
                           const scenario::group& group, std::uint64_t seed)
    : loop_(loop),
      driver_(driver),
      source_(source),
      group_(group),
      workload_(catalogue::workload_of(group)),
      random_(seed) {}

housekeepers::chore housekeepers::make_chore(std::string_view operation_name) {
    if (operation_name.empty()) return {};
    const catalogue::operation* const row = catalogue::find_operation(workload_, operation_name);
    CHOPSTICKS_ASSERT(row != nullptr);
    return {row, driver_.bind(catalogue::plain_step(*row))};
}

housekeepers::chore housekeepers::make_preparing_chore() {
    if (workload_.prepare_with.empty()) return {};
    const scenario::step making = scenario::prepare_step(group_);
    return {catalogue::find_operation(workload_, making.op), driver_.bind(making)};
}

void housekeepers::start(duty what, unsigned sessions, std::function<void()> done) {
    done_ = std::move(done);
    stop_ = false;
    progress_done = 0;
    progress_failed = 0;
    last_success_ns = 0;
    refused_in_row_ = 0;
    last_failure_.clear();
    problem_.clear();
    if (what == duty::prepare) {
        making_ = make_preparing_chore();
    } else {
        removing_ = make_chore(workload_.clean_with);
        removing_containers_ = make_chore(workload_.clean_container_with);
        const auto* const several = remover_of_several(workload_);
        removing_several_ = make_chore(several != nullptr ? several->name : std::string_view());
    }
    sessions_.clear();
    for (unsigned i = 0; i < sessions; ++i)
        sessions_.push_back(driver_.make_session());
    alive_ = sessions_.size();
    for (std::size_t i = 0; i < sessions_.size(); ++i)
        runtime::start_detached(run(what, i));
}

void housekeepers::stop(bool cut) {
    stop_ = true;
    if (cut) cancel();
    // Those that wait before they try again.
    loop_.wake_sleepers();
}

void housekeepers::cancel() noexcept {
    for (auto& s : sessions_)
        s->cancel();
}

runtime::task<void> housekeepers::run(duty what, std::size_t number) {
    // Not on the stack of start: all exist before the first one can end.
    co_await loop_.yield();
    if (what == duty::prepare) {
        co_await prepare_some(number);
    } else {
        co_await clean_some(number);
    }
    if (--alive_ > 0) co_return;
    for (; !one_by_one_.empty(); one_by_one_.pop_back())
        source_.abandon(work_source::leftover_kind::subject);
    // Posted: the sessions may be destroyed there, and this coroutine still refers to one.
    loop_.post([this] {
        sessions_.clear();
        const auto done = std::exchange(done_, nullptr);
        done();
    });
}

runtime::task<housekeepers::insisted> housekeepers::insist(std::size_t number, const operation& op,
                                                           const chore& of) {
    std::int64_t backoff_ns = retry_first_ns;
    int refusals = 0;
    int failures = 0;
    while (!stop_) {
        outcome out;
        co_await sessions_[number]->execute(op, out);
        if (out.status == op_status::ok || is_expected(out, *of.row)) {
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
            if (problem_.empty()) problem_ = out.example;
            co_return insisted::refused;
        }
        if (stop_) break;
        ++failures;
        if (refusals == 0 && (!answered(out) || failures % failures_per_endpoint == 0)) {
            sessions_[number] = driver_.make_session();
        }
        // Between half of it and all: sessions that failed together do not come back together.
        const double part = 0.5 + 0.5 * random_.unit();
        const auto wait_ns = static_cast<std::int64_t>(static_cast<double>(backoff_ns) * part);
        co_await loop_.sleep_until(monotonic_ns() + wait_ns);
        backoff_ns = std::min(2 * backoff_ns, retry_most_ns);
    }
    co_return insisted::stopped;
}

runtime::task<void> housekeepers::prepare_some(std::size_t number) {
    while (!stop_) {
        operation op;
        op.step = making_.bound.get();
        if (!source_.next_to_prepare(op)) break;
        const insisted how = co_await insist(number, op, making_);
        source_.end_prepare(op, how == insisted::done);
        if (how == insisted::done) continue;
        // Without one of them the data set is not what the scenario says.
        if (how == insisted::refused) stop(false);
        break;
    }
}

std::size_t housekeepers::batch_size() const {
    if (removing_several_.row == nullptr) return 1;
    const std::uint64_t share = source_.left().subjects / sessions_.size();
    const std::uint64_t most = removes_at_once(*removing_several_.row);
    return std::clamp<std::uint64_t>(share, std::min(batch_least, most), most);
}

runtime::task<void> housekeepers::clean_some(std::size_t number) {
    using leftover_kind = work_source::leftover_kind;
    std::vector<batch_subject> batch;
    while (!stop_) {
        if (!one_by_one_.empty()) {
            const batch_subject one = one_by_one_.back();
            one_by_one_.pop_back();
            co_await clean_one(number, one, leftover_kind::subject);
            continue;
        }
        operation op;
        op.cleaning = true;
        leftover_kind what = leftover_kind::subject;
        batch.clear();
        for (std::size_t room = batch_size(); room > 0; --room) {
            what = source_.next_to_clean(op);
            if (what != leftover_kind::subject) break;
            batch.push_back({op.object, op.version});
        }
        if (batch.size() > 1) {
            ++batches_;
            co_await clean_batch(number, batch);
            --batches_;
        } else if (batch.size() == 1) {
            co_await clean_one(number, batch.front(), leftover_kind::subject);
        }
        // It came behind the last subject.
        if (what == leftover_kind::container) {
            const batch_subject container{op.object, op.version};
            co_await clean_one(number, container, what);
        }
        if (what == leftover_kind::container || !batch.empty()) continue;
        // What a batch does not remove is for all sessions: one object that fails for good keeps
        // none of the others.
        if (batches_ == 0) break;
        co_await loop_.sleep_until(monotonic_ns() + batch_look_ns);
    }
}

runtime::task<void> housekeepers::clean_batch(std::size_t number,
                                              std::vector<batch_subject>& batch) {
    operation op;
    op.cleaning = true;
    op.step = removing_several_.bound.get();
    op.object = batch.front().object;
    op.version = batch.front().version;
    op.batch = batch;
    outcome out;
    co_await sessions_[number]->execute(op, out);
    std::uint64_t done = 0;
    for (batch_subject& one : batch) {
        one.done = one.done || out.status == op_status::ok;
        done += one.done ? 1 : 0;
    }
    if (done > 0) {
        progress_done.fetch_add(done, std::memory_order_relaxed);
        last_success_ns.store(monotonic_ns(), std::memory_order_relaxed);
        refused_in_row_ = 0;
    }
    if (done == batch.size()) {
        last_failure_.clear();
        co_return;
    }
    if (out.status != op_status::cancelled) {
        progress_failed.fetch_add(1, std::memory_order_relaxed);
        last_failure_ = out.example;
        // A target that has no such thing, or does not answer it: it is not asked again.
        if (done == 0) removing_several_.row = nullptr;
    }
    // What an answer says of one subject it says of no other. Each that it does not say to be gone
    // is removed by itself, with the patience and the reasons of a single removal.
    for (const batch_subject& one : batch) {
        if (!one.done) one_by_one_.push_back(one);
    }
}

runtime::task<void> housekeepers::clean_one(std::size_t number, const batch_subject& subject,
                                            work_source::leftover_kind what) {
    const chore& removing =
        what == work_source::leftover_kind::subject ? removing_ : removing_containers_;
    operation op;
    op.cleaning = true;
    op.step = removing.bound.get();
    op.object = subject.object;
    op.version = subject.version;
    const insisted how = co_await insist(number, op, removing);
    if (how == insisted::done) co_return;
    source_.abandon(what);
    // One object may be locked; where all are, the rest needs no asking.
    if (how == insisted::refused && ++refused_in_row_ >= refused_in_row_most) stop(false);
}

}  // namespace chopsticks::engine
