#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>
#include <cstring>

#include "popularity_law.hpp"
#include "worker.hpp"

namespace chopsticks::engine {

namespace {

unsigned share_of(std::uint64_t total, unsigned core, unsigned cores) noexcept {
    return static_cast<unsigned>(total / cores + (core < total % cores ? 1 : 0));
}

load::population_options object_options(const worker& owner, const run_options& options,
                                        const group_setup& setup, unsigned users,
                                        std::uint64_t seed) {
    load::population_options p;
    p.core = owner.core();
    p.cores = owner.cores();
    p.initial_objects = setup.group->data.objects;
    // A replay reads its data set only: a recorded key stands for the same object throughout.
    const bool kept = setup.protect_initial || setup.replay != nullptr;
    p.protected_objects = kept ? setup.group->data.objects : 0;
    p.clean_protected = !setup.protect_initial;
    p.max_in_flight = users + options.plan->phase.prepare_concurrency + 1;
    p.keys = setup.group->data.popularity;
    p.unchanging = is_unchanging(*setup.group);
    p.read_shares = task_shares(*setup.group, owner.cores());
    p.seed = mix64(seed, stream_keys);
    return p;
}

load::population_options container_options(const worker& owner, const run_options& options,
                                           unsigned users, std::uint64_t seed) {
    load::population_options p;
    p.core = owner.core();
    p.cores = owner.cores();
    p.max_in_flight = users + options.plan->phase.prepare_concurrency + 1;
    p.seed = mix64(seed, stream_buckets);
    return p;
}

dispatcher make_dispatcher(const scenario::group& g, unsigned core, unsigned cores, bool recorded) {
    if (!g.open) return dispatcher(0, 0, false);
    return dispatcher(std::max(1U, share_of(g.open->queue_limit, core, cores)),
                      g.open->late_limit_ns, recorded);
}

std::vector<double> weights_of(const scenario::group& g) {
    std::vector<double> weights;
    for (const scenario::task& t : g.tasks)
        weights.push_back(t.weight);
    return weights;
}

}  // namespace

bool budget::take(std::uint64_t amount) noexcept {
    if (shared_ == nullptr) return true;
    while (local_ < amount) {
        std::uint64_t left = shared_->load(std::memory_order_relaxed);
        if (left == 0) {
            local_ = 0;  // used up by more than was left
            return false;
        }
        // Small steps near the end, so that no core sits on what another could use.
        const std::uint64_t want =
            std::min(left, std::max<std::uint64_t>(amount, std::min(batch_, left / 8)));
        if (shared_->compare_exchange_weak(left, left - want, std::memory_order_relaxed)) {
            local_ += want;
        }
    }
    local_ -= amount;
    return true;
}

group_core::group_core(worker& owner, std::size_t index)
    : owner_(owner),
      index_(index),
      plan_(*owner.shared().options->groups[index].group),
      workload_(scenario::catalogue::workload_of(plan_)),
      seed_(mix64(owner.shared().options->seed, index)),
      data_seed_(data_seed(plan_, owner.shared().options->seed, index)),
      random_(mix64(mix64(seed_, owner.core()), stream_choice)),
      driver_(owner.shared().options->groups[index].target->make_core(owner.loop(), owner.core())),
      op_log_(owner.shared().options->op_log != nullptr
                  ? &owner.shared().options->op_log->lane(owner.own_number())
                  : nullptr),
      objects_(object_options(owner, *owner.shared().options, owner.shared().options->groups[index],
                              users_of(plan_, owner.core(), owner.cores()), seed_)),
      containers_(container_options(owner, *owner.shared().options,
                                    users_of(plan_, owner.core(), owner.cores()), seed_)),
      mix_(weights_of(plan_), mix64(mix64(seed_, owner.core()), stream_words)),
      open_loop_(plan_.open.has_value()),
      helpers_random_(mix64(mix64(seed_, owner.core()), stream_backoff)),
      due_(make_dispatcher(plan_, owner.core(), owner.cores(),
                           owner.shared().options->groups[index].replay != nullptr)),
      operations_(owner.shared().options->plan->stop.operations > 0
                      ? &owner.shared().operations_left
                      : nullptr,
                  64),
      bytes_(owner.shared().options->plan->stop.bytes > 0 ? &owner.shared().bytes_left : nullptr,
             1 << 20) {
    const auto& slots = owner.shared().slots[index];
    std::uint16_t number = 0;
    for (std::size_t t = 0; t < plan_.tasks.size(); ++t) {
        prepared_task prepared;
        bool puts = false;
        for (std::size_t i = 0; i < plan_.tasks[t].steps.size(); ++i) {
            const scenario::step& s = plan_.tasks[t].steps[i];
            CHOPSTICKS_ASSERT(s.use != scenario::subject_use::unstated);
            puts |= s.use == scenario::subject_use::make;
            prepared.removes_own |= puts && s.use == scenario::subject_use::remove;
            const bool receives = scenario::catalogue::operation_of(plan_, s).carries ==
                                  scenario::catalogue::payload::received;
            bound_.push_back(driver_->bind(s));
            prepared.steps.push_back(
                prepared_step{&s, bound_.back().get(), s.use, receives, slots[t][i], number++});
        }
        tasks_.push_back(std::move(prepared));
    }
    const unsigned users = users_of(plan_, owner.core(), owner.cores());
    users_.resize(users);
    for (user& u : users_)
        u.connection = driver_->make_session();
    if (open_loop_) {
        idle_.reserve(users);
        if (trace::replay_feed* feed = owner.shared().options->groups[index].replay) {
            replay_ = std::make_unique<replay_work>(plan_, feed->lane(owner.core()), owner.cores());
        }
        owner_.loop().add(*this);
    }
}

group_core::~group_core() {
    CHOPSTICKS_ASSERT(users_alive_ == 0);
    if (open_loop_) owner_.loop().remove(*this);
}

void group_core::set_extents(const std::vector<std::uint64_t>& images) {
    blocks_ = std::make_unique<block_work>(plan_, images, owner_.core(),
                                           task_shares(plan_, owner_.cores()), users_.size(),
                                           mix64(seed_, stream_blocks));
}

std::string group_core::popularity_note() const {
    const std::vector<double> shares = task_shares(plan_, owner_.cores());
    const std::vector<double> masses =
        blocks_ != nullptr ? blocks_->masses(shares) : objects_.read_masses();
    return describe_popularity(plan_, shares, masses);
}

std::uint64_t group_core::to_prepare() const noexcept {
    if (blocks_ != nullptr) return plan_.blocks.prefill ? blocks_->prefill_writes() : 0;
    return objects_.remaining_to_prepare();
}

std::uint64_t group_core::missing() const noexcept {
    return blocks_ != nullptr ? to_prepare() - blocks_filled_ : objects_.remaining_to_prepare();
}

void group_core::start_load() {
    accepting_ = true;
    load_.assign(owner_.times().bins(), load_figures{});
    const std::size_t endpoints =
        owner_.shared().options->groups[index_].target->endpoints().size();
    gap_logs_.assign(endpoints > 1 ? 1 + endpoints : 1, gap_log(owner_.times().start_ns));
    endpoint_in_flight_.assign(endpoints > 1 ? endpoints : 0, 0);
    if (open_loop_) {
        start_open();
        return;
    }
    const load_times& times = owner_.times();
    // A core without users has nothing to do from the start.
    if (users_.empty()) exhausted_ns = times.start_ns;
    user_levels_ = scenario::user_plan(plan_.closed, times.measure_ns - times.start_ns);
    for (std::size_t i = 0; i < users_.size(); ++i) {
        // User n of all is user n / cores of core n % cores.
        runtime::start_detached(closed_user(users_[i], i * owner_.cores() + owner_.core()));
    }
}

void group_core::stop_load() {
    accepting_ = false;
    for (user* u : idle_)
        owner_.loop().make_ready(std::exchange(u->waiting, nullptr));
    idle_.clear();
    due_.drop_all();
}

bool group_core::finished() const noexcept {
    const bool spent = stopped_by_budget_ || operations_.used_up() || bytes_.used_up();
    // What waits has taken its operation from the limit and is still done, but not beyond the
    // bytes.
    return spent && in_flight_ == 0 && (due_.empty() || bytes_.used_up());
}

void group_core::cancel_all() {
    for (user& u : users_)
        u.connection->cancel();
    for (auto& h : helpers_)
        h->cancel();
}

bool group_core::may_start(std::int64_t now_ns) {
    if (!accepting_ || now_ns >= owner_.times().end_ns || stopped_by_budget_) return false;
    return take_from_budget(now_ns);
}

bool group_core::take_from_budget(std::int64_t due_ns) {
    if (due_ns < owner_.times().measure_ns) return true;
    // Bytes are taken when they were transferred; other cores may have used them up since.
    if (bytes_.used_up() || !operations_.take(1)) stopped_by_budget_ = true;
    return !stopped_by_budget_;
}

runtime::task<void> group_core::do_task(user& u, std::int64_t intended_ns) {
    const std::uint32_t chosen = replay_ ? u.planned.kind : mix_.next();
    prepared_task& t = tasks_[chosen];
    const std::size_t bin = owner_.bin_of(intended_ns);
    bool begun = false;
    sequence_state state;
    state.own = t.removes_own && objects_.begin_own(state.object);
    u.skipped = false;
    u.last = op_status::ok;
    outcome out;
    for (const prepared_step& step : t.steps) {
        operation op;
        claim c;
        if (!begin_step(u, step, state, c, op)) {
            owner_.recorder(bin).skip(step.slot);
            u.skipped = true;
            break;
        }
        if (!begun) {
            begun = true;
            ++changes_;
            ++load_[bin].issued;
            in_flight_max_ = std::max(in_flight_max_, ++in_flight_);
        }
        const std::size_t asked = note_wanted(*u.connection, intended_ns);
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
        end_step(c, state, out.status == op_status::ok);
        u.last = out.status;
        record(step.slot, op, out, intended_ns, cut_off);
        note_gaps(out, asked);
        if (op_log_ != nullptr) log(step, op, out, intended_ns);
        if (bytes_.limited() && bin > 0 && out.status == op_status::ok && !bytes_.take(out.bytes)) {
            stopped_by_budget_ = true;
        }
        if (out.status != op_status::ok) break;
        // The next step is due when this one is done.
        intended_ns = out.done_ns;
    }
    if (state.own) objects_.end_own(state.object, state.gone);
    if (!begun) {
        ++load_[bin].skipped;
        found_nothing(t);
        co_return;
    }
    --in_flight_;
    last_done_ns_ = std::max(last_done_ns_, out.done_ns > 0 ? out.done_ns : monotonic_ns());
    finish_task(bin, u.last);
}

/// Nothing can come to be there any more when every task has found nothing since the last one was
/// begun, and none is under way.
void group_core::found_nothing(prepared_task& t) {
    // A replay's next operation may be one that puts.
    if (replay_ || in_flight_ > 0) return;
    t.skipped_at = changes_;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
        if (plan_.tasks[i].weight > 0 && tasks_[i].skipped_at != changes_) return;
    }
    if (exhausted_ns.load(std::memory_order_relaxed) != 0) return;
    exhausted_ns.store(std::max(last_done_ns_, owner_.times().start_ns), std::memory_order_relaxed);
}

std::size_t group_core::note_wanted(const session& by, std::int64_t intended_ns) noexcept {
    gap_logs_.front().wanted(intended_ns);
    if (endpoint_in_flight_.empty()) return 0;
    const std::size_t asked = by.endpoint();
    ++endpoint_in_flight_[asked];
    gap_logs_[1 + asked].wanted(intended_ns);
    return asked;
}

void group_core::note_gaps(const outcome& out, std::size_t asked) noexcept {
    const bool ok = out.status == op_status::ok;
    if (ok) gap_logs_.front().success(out.done_ns, in_flight_ > 1 || !due_.empty());
    if (endpoint_in_flight_.empty()) return;
    const bool more = --endpoint_in_flight_[asked] > 0;
    if (ok) gap_logs_[1 + out.endpoint].success(out.done_ns, more);
}

void group_core::finish_task(std::size_t bin, op_status last) {
    if (last == op_status::cancelled) {
        ++load_[bin].cancelled;
    } else {
        ++load_[bin].completed;
    }
}

void group_core::record(std::uint16_t slot, const operation& op, const outcome& out,
                        std::int64_t intended_ns, bool cut_off) {
    stats::recorder& r = owner_.recorder(owner_.bin_of(intended_ns));
    if (cut_off) {
        const std::int64_t cut_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
        r.unfinished(slot, cut_ns - intended_ns, out.status != op_status::cancelled);
    }
    if (out.status == op_status::cancelled) return;
    const auto endpoint =
        static_cast<std::uint16_t>(owner_.shared().first_endpoint[index_] + out.endpoint);
    if (out.status == op_status::ok) {
        stats::sample s;
        s.op = slot;
        s.endpoint = endpoint;
        s.retries = out.retries;
        s.size = op.length > 0 ? op.length : op.size;
        s.bytes = out.bytes;
        s.intended_ns = intended_ns;
        s.sent_ns = out.sent_ns;
        s.first_byte_ns = out.first_byte_ns;
        s.done_ns = out.done_ns;
        r.record(s);
        return;
    }
    stats::failure f;
    f.op = slot;
    f.endpoint = endpoint;
    f.retries = out.retries;
    f.status = out.status;
    f.native = out.native;
    f.intended_ns = intended_ns;
    f.done_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
    f.code = out.code;
    f.example = out.example;
    r.record(f);
}

void group_core::log(const prepared_step& step, const operation& op, const outcome& out,
                     std::int64_t intended_ns) noexcept {
    trace::op_record r;
    r.intended_ns = intended_ns;
    r.sent_ns = out.sent_ns;
    r.done_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
    r.op = step.slot;
    r.endpoint = static_cast<std::uint16_t>(owner_.shared().first_endpoint[index_] + out.endpoint);
    r.has_object = step.use != scenario::subject_use::none;
    r.object = op.object;
    r.size = op.size;
    r.offset = op.offset;
    r.length = op.length;
    r.status = out.status;
    r.native = out.native;
    op_log_->add(r);
}

std::vector<load_figures> group_core::take_load() {
    const std::int64_t now = std::min(monotonic_ns(), owner_.times().end_ns);
    std::vector<load_figures> taken = load_;
    const std::size_t bin = owner_.bin_of(now);
    taken[bin].backlog = due_.waiting();
    if (!due_.empty()) taken[bin].backlog_age_max_ns = now - due_.oldest().due_ns;
    taken[bin].users = users_active_;
    taken[bin].in_flight_max = in_flight_max_;
    load_.assign(taken.size(), load_figures{});
    in_flight_max_ = in_flight_;
    return taken;
}

}  // namespace chopsticks::engine
