#include "worker.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <utility>

namespace chopsticks::engine {

namespace {

/// Of the calling thread, since it began.
void count_switches(std::uint64_t& voluntary, std::uint64_t& involuntary) noexcept {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    voluntary = static_cast<std::uint64_t>(used.ru_nvcsw);
    involuntary = static_cast<std::uint64_t>(used.ru_nivcsw);
}

}  // namespace

worker::worker(shared_state& shared, collector& sink, unsigned own_number)
    : shared_(shared),
      sink_(sink),
      loop_(own_number, shared.options->cpus.empty() ? -1 : shared.options->cpus[own_number],
            shared.options->idle) {
    limited_ = shared.options->plan->stop.operations > 0 || shared.options->plan->stop.bytes > 0;
}

worker::~worker() {
    stop();
}

void worker::start() {
    thread_ = std::thread([this] {
        // Made on the core's own thread, so that their memory comes from its arena.
        for (std::size_t g = 0; g < shared_.options->groups.size(); ++g) {
            groups_.push_back(std::make_unique<group_core>(*this, g));
        }
        loop_.add(static_cast<runtime::pump&>(*this));
        loop_.run();
        loop_.remove(static_cast<runtime::pump&>(*this));
        groups_.clear();
    });
}

void worker::stop() {
    if (!thread_.joinable()) return;
    loop_.request_stop();
    thread_.join();
}

void worker::start_load(const load_times& times) {
    times_ = times;
    auto empty = sink_.take_empty();
    CHOPSTICKS_ASSERT(empty != nullptr);
    use_empty(std::move(empty), times.start_ns);
    interval_start_ns_ = times.start_ns;
    next_tick_ns_ = times_.next_boundary(times.start_ns, shared_.options->interval_ns);
    last_figures_ = loop_.take_figures();
    last_cpu_ns_ = thread_cpu_ns();
    count_switches(last_voluntary_, last_involuntary_);
    runtime::lag_figures before;
    loop_.take_lag(before);
    // What drivers counted before is of no interval.
    take_driver_figures();
    for (stats::driver_value& one : current_->of_drivers)
        one.clear();
    loading_ = true;
    for (auto& g : groups_)
        g->start_load();
}

void worker::steer(std::int64_t at_ns, const std::vector<group_wish>& wanted) {
    for (std::size_t g = 0; g < groups_.size(); ++g)
        groups_[g]->steer(at_ns, wanted[g]);
    shared_.operations.set_resting(
        own_number(),
        std::all_of(groups_.begin(), groups_.end(), [](const auto& g) { return g->resting(); }));
}

void worker::begin_measure(std::int64_t at_ns) {
    times_.end_ns = at_ns + (times_.end_ns - times_.measure_ns);
    times_.measure_ns = at_ns;
    // The interval under way is of the warm-up, and ends with it.
    next_tick_ns_ = std::min(next_tick_ns_, at_ns);
}

void worker::end_early(std::int64_t now_ns) {
    if (now_ns >= times_.end_ns) return;
    times_.end_ns = now_ns;
    times_.measure_ns = std::min(times_.measure_ns, now_ns);
}

void worker::stop_load() {
    // This may come before the loop has looked for what became due since its last turn: the end of
    // the plan is part of it too.
    const std::int64_t now_ns = monotonic_ns();
    for (auto& g : groups_)
        g->take_due(now_ns);
    // The measure phase's own interval ends with it; what follows is the drain.
    if (loading_ && interval_start_ns_ < times_.end_ns) hand_over(times_.end_ns);
    for (auto& g : groups_)
        g->stop_load();
    loop_.wake_sleepers();
}

void worker::cancel_all(bool drain_expired) {
    drain_expired_ = drain_expired;
    for (auto& g : groups_)
        g->cancel_all();
    // Sessions that wait before they repeat an operation look at once whether they may.
    loop_.wake_sleepers();
}

std::uint64_t worker::in_flight() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& g : groups_)
        sum += g->in_flight();
    return sum;
}

std::uint64_t worker::users_alive() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& g : groups_)
        sum += g->users_alive();
    return sum;
}

void worker::finish_intervals() {
    if (!loading_) return;
    hand_over(monotonic_ns());
    loading_ = false;
    // The collector needs its sets back to end; this one is empty.
    current_.reset();
}

std::int64_t worker::run_due(std::int64_t now_ns) {
    if (!loading_) return INT64_MAX;
    const std::uint64_t flying = in_flight();
    live_in_flight.store(flying, std::memory_order_relaxed);
    if (limited_ && flying == 0) {
        std::int64_t last_ns = 0;
        for (const auto& g : groups_)
            last_ns = std::max(last_ns, g->last_done_ns());
        finished_ns.store(last_ns, std::memory_order_relaxed);
        finished.store(std::all_of(groups_.begin(), groups_.end(),
                                   [](const auto& g) { return g->finished(); }),
                       std::memory_order_release);
    }
    if (now_ns >= next_tick_ns_) hand_over(next_tick_ns_);
    return next_tick_ns_;
}

void worker::use_empty(std::unique_ptr<record_set> set, std::int64_t now_ns) {
    bin_now_ = times_.bin_of(now_ns, bin_now_);
    current_ = std::move(set);
    current_->bins.resize(times_.bins());
    // Here and not when the first operation ends.
    current_->bins[bin_now_] = sink_.take_recorder();
}

void worker::take_driver_figures() noexcept {
    const std::vector<stats::group_figure>& all = shared_.names.driver_figures;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        stats::driver_meters* const meters = groups_[g]->driver().meters();
        if (meters == nullptr) continue;
        const std::size_t first = shared_.first_figure[g];
        const std::size_t end = g + 1 < groups_.size() ? shared_.first_figure[g + 1] : all.size();
        meters->take(current_->of_drivers.data() + first, end - first);
    }
}

void worker::hand_over(std::int64_t end_ns) {
    const std::int64_t start_ns = interval_start_ns_;
    const std::int64_t step = shared_.options->interval_ns;
    next_tick_ns_ = times_.next_boundary(std::max(end_ns, monotonic_ns() - step), step);
    auto fresh = sink_.take_empty();
    const bool last = end_ns >= times_.end_ns;
    // The collector is behind: this interval goes on, so that no core waits for it.
    if (fresh == nullptr && !last) return;
    if (last) {
        for (auto& g : groups_)
            g->record_unfinished(times_.end_ns);
    }
    handover h;
    h.core = own_number();
    h.number = times_.interval_number(start_ns, step);
    h.when = start_ns >= times_.end_ns       ? phase::drain
             : start_ns >= times_.measure_ns ? phase::measure
                                             : phase::warmup;
    h.start_ns = start_ns;
    h.end_ns = end_ns;
    take_driver_figures();
    h.records = std::move(current_);
    if (fresh == nullptr) fresh = sink_.make_set();
    use_empty(std::move(fresh), end_ns);
    for (auto& g : groups_) {
        h.groups.push_back(g->take_load());
        h.connections.add(g->driver().counters());
    }
    const driver_counters now_counters = h.connections;
    h.connections = now_counters.since(last_connections_);
    last_connections_ = now_counters;
    const runtime::loop_figures figures = loop_.take_figures();
    h.figures.busy_ns = figures.busy_ns - last_figures_.busy_ns;
    h.figures.span_ns = figures.total_ns - last_figures_.total_ns;
    h.figures.lag_max_ns = figures.longest_ns;
    h.figures.held_up = figures.held_up;
    h.figures.held_up.queued_ns -= last_figures_.held_up.queued_ns;
    h.figures.held_up.stopped_ns -= last_figures_.held_up.stopped_ns;
    h.figures.held_up.add(std::exchange(lost_behind_, {}));
    // Or else what stops the core over the end of the warm-up is told of that alone, and the
    // silence that it makes in the measure phase is the target's.
    lost_behind_ = h.figures.held_up.take_behind(monotonic_ns() - end_ns);
    last_figures_ = figures;
    const std::int64_t cpu = thread_cpu_ns();
    h.figures.cpu_ns = cpu - last_cpu_ns_;
    last_cpu_ns_ = cpu;
    loop_.take_lag(h.lag);
    std::uint64_t voluntary = 0;
    std::uint64_t involuntary = 0;
    count_switches(voluntary, involuntary);
    h.figures.switches_voluntary = voluntary - last_voluntary_;
    h.figures.switches_involuntary = involuntary - last_involuntary_;
    last_voluntary_ = voluntary;
    last_involuntary_ = involuntary;
    interval_start_ns_ = end_ns;
    sink_.give(std::move(h));
    if (shared_.options->op_log != nullptr) shared_.options->op_log->lane(own_number()).hand_over();
}

}  // namespace chopsticks::engine
