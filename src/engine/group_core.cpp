#include "group_core.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>
#include <utility>

#include "popularity_law.hpp"
#include "streams.hpp"
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

dispatcher make_dispatcher(const scenario::group& g, unsigned core, unsigned cores, bool recorded) {
    if (!g.open) return dispatcher(0, 0, false);
    return dispatcher(std::max<std::size_t>(1, dealt(g.open->queue_limit, core, cores)),
                      g.open->late_limit_ns, recorded);
}

std::vector<double> weights_of(const scenario::group& g) {
    std::vector<double> weights;
    for (const scenario::task& t : g.tasks)
        weights.push_back(t.weight);
    return weights;
}

/// How many the group has on this core: its users at the most, each with a session.
std::size_t sessions_of(worker& owner, std::size_t index) {
    const run_options& run = *owner.shared().options;
    const scenario::group& plan = *run.groups[index].group;
    // Who steers does so process by process.
    if (run.control != nullptr && !plan.open)
        return dealt(run.control->users_most(index), owner.own_number(), run.cores);
    return users_of(plan, owner.core(), owner.cores());
}

/// \param random of the load's choices
source_options source_of(worker& owner, std::size_t index, std::uint64_t seed,
                         random_stream& random, trace::replay_lane* replay) {
    const run_options& run = *owner.shared().options;
    const group_setup& setup = run.groups[index];
    source_options o;
    o.plan = setup.group;
    o.core = owner.core();
    o.cores = owner.cores();
    o.users = sessions_of(owner, index);
    o.steered = run.control != nullptr;
    o.helpers = run.plan->phase.prepare_concurrency;
    o.protect_initial = setup.protect_initial;
    o.seed = seed;
    o.data_seed = data_seed(*setup.group, run.seed, index);
    o.random = &random;
    o.replay = replay;
    return o;
}

trace::replay_lane* lane_of(worker& owner, std::size_t index) {
    trace::replay_feed* const feed = owner.shared().options->groups[index].replay;
    return feed != nullptr ? &feed->lane(owner.core()) : nullptr;
}

group_records::entry entry_of(const stats::layout& names, std::uint16_t slot, bool has_object) {
    group_records::entry as;
    as.slot = slot;
    as.has_object = has_object;
    for (std::size_t i = names.parts.size(); i-- > 0;) {
        if (names.parts[i].of != slot) continue;
        as.first_part = static_cast<std::uint16_t>(i);
        ++as.parts;
    }
    return as;
}

}  // namespace

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

group_core::group_core(worker& owner, std::size_t index)
    : owner_(owner),
      plan_(*owner.shared().options->groups[index].group),
      seed_(mix64(owner.shared().options->seed, index)),
      replay_(lane_of(owner, index)),
      random_(mix64(mix64(seed_, owner.core()), stream_choice)),
      driver_(owner.shared().options->groups[index].target->make_core(owner.loop(), owner.core())),
      source_(make_work_source(source_of(owner, index, seed_, random_, replay_))),
      keepers_(owner.loop(), *driver_, *source_, plan_,
               mix64(mix64(seed_, owner.core()), stream_backoff)),
      records_(owner, index),
      mix_(weights_of(plan_), mix64(mix64(seed_, owner.core()), stream_words)),
      open_loop_(plan_.open.has_value()),
      control_(owner.shared().options->control),
      index_(index),
      due_(make_dispatcher(plan_, owner.core(), owner.cores(), replay_ != nullptr)),
      operations_(owner.shared().options->plan->stop.operations > 0
                      ? &owner.shared().operations.of(owner.own_number())
                      : nullptr,
                  batch_of(64)),
      bytes_(owner.shared().options->plan->stop.bytes > 0 ? &owner.shared().bytes_left : nullptr,
             batch_of(1 << 20)) {
    const auto& slots = owner.shared().slots[index];
    std::uint16_t number = 0;
    for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
        prepared_task& prepared = tasks_.emplace_back();
        for (std::size_t i = 0; i < plan_.tasks[t].steps.size(); ++i) {
            const scenario::step& s = plan_.tasks[t].steps[i];
            bound_.push_back(driver_->bind(s));
            const group_records::entry as =
                entry_of(owner.shared().names, slots[t][i], s.use != scenario::subject_use::none);
            prepared.steps.push_back({bound_.back().get(), as, number++});
        }
    }
    users_.resize(sessions_of(owner, index));
    for (user& u : users_) {
        u.number = static_cast<std::size_t>(&u - users_.data());
        u.connection = driver_->make_session();
    }
    if (!open_loop_) return;
    idle_.reserve(users_.size());
    owner_.loop().add(*this);
}

group_core::~group_core() {
    CHOPSTICKS_ASSERT(users_alive_ == 0);
    if (open_loop_) owner_.loop().remove(*this);
}

std::string group_core::popularity_note() const {
    const std::vector<double> shares = task_shares(plan_, owner_.cores(), control_ != nullptr);
    return describe_popularity(plan_, shares, source_->masses(shares));
}

void group_core::start_load() {
    accepting_ = true;
    load_.assign(owner_.times().bins(), load_figures{});
    records_.begin();
    if (open_loop_) {
        start_open();
        return;
    }
    const load_times& times = owner_.times();
    // A core without users has nothing to do from the start.
    const bool anybody = control_ == nullptr || control_->users_most(index_) > 0;
    if (users_.empty() && anybody) exhausted_ns = times.start_ns;
    user_levels_ = control_ != nullptr
                       ? load::level_curve(HUGE_VAL)
                       : scenario::user_plan(plan_.closed, times.measure_ns - times.start_ns);
    for (std::size_t i = 0; i < users_.size(); ++i) {
        // User n of all is user n / cores of core n % cores.
        runtime::start_detached(closed_user(users_[i], i * owner_.cores() + owner_.core()));
    }
}

void group_core::stop_load() {
    accepting_ = false;
    idle_.clear();
    for (user& u : users_) {
        if (u.waiting) owner_.loop().make_ready(std::exchange(u.waiting, nullptr));
    }
    due_.drop_all();
}

bool group_core::finished() const noexcept {
    const operation_limit& limit = owner_.shared().operations;
    const bool used_up = operations_.used_up() && !limit.could_borrow(owner_.own_number());
    // Nobody is here to do the rest, and none of it was anybody else's when he wanted it.
    const bool rests = resting_ && limit.fell_short();
    const bool spent = stopped_by_budget_ || used_up || rests || bytes_.used_up();
    // What waits has taken its operation from the limit and is still done, but not beyond the
    // bytes.
    return spent && in_flight_ == 0 && (due_.empty() || bytes_.used_up());
}

void group_core::cancel_all() {
    for (user& u : users_)
        u.connection->cancel();
    keepers_.cancel();
}

bool group_core::may_start(std::int64_t now_ns) {
    if (!accepting_ || now_ns >= owner_.times().end_ns || stopped_by_budget_) return false;
    return take_from_budget(now_ns);
}

bool group_core::take_from_budget(std::int64_t due_ns) {
    if (due_ns < owner_.times().measure_ns) return true;
    // Bytes are taken when they were transferred; other cores may have used them up since.
    if (bytes_.used_up() ||
        (!operations_.take(1) && !owner_.shared().operations.borrow(owner_.own_number())))
        stopped_by_budget_ = true;
    return !stopped_by_budget_;
}

runtime::task<void> group_core::do_task(user& u, std::int64_t intended_ns) {
    const std::uint32_t chosen = replay_ != nullptr ? u.planned.kind : mix_.next();
    const trace::planned_operation* const recorded = replay_ != nullptr ? &u.planned : nullptr;
    prepared_task& t = tasks_[chosen];
    const std::size_t bin = owner_.bin_of(intended_ns);
    bool begun = false;
    u.skipped = false;
    u.last = op_status::ok;
    outcome out;
    for (const prepared_step& step : t.steps) {
        operation op;
        op.step = step.bound;
        if (!source_->begin(u.number, step.number, recorded, op)) {
            owner_.recorder(bin).skip(step.as.slot);
            u.skipped = true;
            break;
        }
        if (step.as.parts > 0) op.parts = u.parts.begin(records_, step.as, intended_ns);
        if (!begun) {
            begun = true;
            ++changes_;
            ++load_[bin].issued;
            in_flight_max_ = std::max(in_flight_max_, ++in_flight_);
        }
        const std::size_t asked = records_.wanted(*u.connection, intended_ns);
        out.status = op_status::ok;
        out.endpoint = 0;
        out.native = {};
        out.retries = 0;
        out.bytes = 0;
        out.sent_ns = out.first_byte_ns = out.done_ns = 0;
        co_await u.connection->execute(op, out);
        const bool cut_off = out.status == op_status::cancelled;
        if (cut_off && owner_.drain_expired()) {
            out.fail(op_status::timeout, "DrainTimeout",
                     "still in flight when the drain phase ended");
        }
        const bool ok = out.status == op_status::ok;
        source_->end(u.number, ok);
        u.last = out.status;
        records_.record(step.as, op, out, intended_ns, cut_off);
        records_.note_gaps(out, asked, in_flight_ > 1 || !due_.empty());
        if (bytes_.limited() && bin > 0 && ok && !bytes_.take(out.bytes)) stopped_by_budget_ = true;
        if (!ok) break;
        // The next step is due when this one is done.
        intended_ns = out.done_ns;
    }
    if (!begun) {
        ++load_[bin].skipped;
        found_nothing(t);
        co_return;
    }
    --in_flight_;
    last_done_ns_ = std::max(last_done_ns_, out.done_ns > 0 ? out.done_ns : monotonic_ns());
    ++(u.last == op_status::cancelled ? load_[bin].cancelled : load_[bin].completed);
    if (resting_) [[unlikely]]
        look_for_rest();
}

/// Nothing can come to be there any more when every task has found nothing since the last one was
/// begun, and none is under way.
void group_core::found_nothing(prepared_task& t) {
    // A replay's next operation may be one that puts.
    if (replay_ != nullptr || in_flight_ > 0) return;
    t.skipped_at = changes_;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (plan_.tasks[i].weight > 0 && tasks_[i].skipped_at != changes_) return;
    }
    if (exhausted_ns.load(std::memory_order_relaxed) != 0) return;
    exhausted_ns.store(std::max(last_done_ns_, owner_.times().start_ns), std::memory_order_relaxed);
}

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

std::int64_t group_core::turn_of(std::uint64_t number, std::int64_t now_ns) const noexcept {
    const std::int64_t start_ns = owner_.times().start_ns;
    const auto from = static_cast<double>(std::max<std::int64_t>(now_ns - start_ns, 0));
    // The slack is for levels at the end of a ramp, which no double holds exactly.
    const double at = user_levels_.first_at_least(static_cast<double>(number + 1) - 1e-9, from);
    if (at == from) return std::max(now_ns, start_ns);
    return at < 9e18 ? start_ns + static_cast<std::int64_t>(std::ceil(at)) : INT64_MAX;
}

/// Until it is below the wanted number, or the load ends.
struct group_core::wait_above {
    user* self;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const noexcept {
        self->waiting = coroutine;
    }
    void await_resume() const noexcept {}
};

runtime::task<void> group_core::closed_user(user& u, std::uint64_t number) {
    ++users_alive_;
    runtime::reactor& loop = owner_.loop();
    const wait_above above{&u};
    for (;;) {
        if (u.number >= users_wanted_) [[unlikely]] {
            set_active(u, false);
            if (!accepting_) break;
            co_await above;
            continue;
        }
        const std::int64_t now = monotonic_ns();
        const std::int64_t turn_ns = turn_of(number, now);
        if (turn_ns > now) {
            // Above the number of users that the stage wants: it waits for a later one.
            set_active(u, false);
            if (!accepting_ || turn_ns >= owner_.times().end_ns) break;
            co_await loop.sleep_until(turn_ns);
            continue;
        }
        if (!may_start(now)) break;
        set_active(u, true);
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
            u.pausing = true;
            co_await loop.sleep_until(monotonic_ns() + pause);
            u.pausing = false;
        } else {
            co_await loop.yield();
        }
    }
    set_active(u, false);
    --users_alive_;
}

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
    if (replay_ != nullptr) {
        due_from_.emplace(*replay_, times.start_ns);
    } else {
        const unsigned cores = owner_.cores();
        const load::rate_curve curve =
            scenario::rate_plan(*plan_.open, times.measure_ns - times.start_ns);
        due_from_.emplace(
            std::make_unique<load::arrival_schedule>(plan_.open->arrivals, curve, owner_.core(),
                                                     cores, mix64(seed_, stream_arrivals)),
            times.start_ns);
        pacing_ = std::make_unique<pacing_meter>(curve, cores);
        if (control_ != nullptr) steer(times.start_ns, wish_);
    }
    for (user& u : users_)
        runtime::start_detached(open_user(u));
}

std::uint16_t group_core::slot_of_next(const trace::planned_operation* recorded) noexcept {
    const std::uint32_t chosen = recorded != nullptr ? recorded->kind : mix_.next();
    return tasks_[chosen].steps.front().as.slot;
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

std::vector<load_figures> group_core::take_load() {
    const std::int64_t now = std::min(monotonic_ns(), owner_.times().end_ns);
    std::vector<load_figures> taken = load_;
    const std::size_t bin = owner_.bin_of(now);
    taken[bin].backlog = due_.waiting();
    if (!due_.empty()) taken[bin].backlog_age_max_ns = now - due_.oldest().due_ns;
    taken[bin].users = users_active_;
    if (control_ != nullptr) tell_wanted(taken[bin]);
    taken[bin].in_flight_max = in_flight_max_;
    load_.assign(taken.size(), load_figures{});
    in_flight_max_ = in_flight_;
    return taken;
}

}  // namespace chopsticks::engine
