#include "collector.hpp"

#include <pthread.h>

#include <algorithm>

namespace chopsticks::engine {

namespace {

/// Sets of records per core: one being filled, one being added up, one to spare.
constexpr unsigned sets_per_core = 3;

/// All but the levels, which are no sums over time.
void add_events(load_figures& sum, load_figures more) noexcept {
    more.backlog = 0;
    more.in_flight_max = 0;
    more.users = 0;
    more.users_wanted.reset();
    more.rate_wanted_per_s.reset();
    sum.add(more);
}

}  // namespace

void loop_lag::add(const runtime::lag_figures& one) noexcept {
    for (std::size_t i = 0; i < one.turns.counts.size(); ++i) {
        turns.record_n(runtime::lag_counts::value_of(i), one.turns.counts[i]);
        timers.record_n(runtime::lag_counts::value_of(i), one.timers.counts[i]);
    }
}

collector::collector(const stats::layout& names, std::size_t group_count, unsigned core_count,
                     std::int64_t interval_ns, observer* watcher)
    : measured(names, 3),
      warmup(names, 3),
      groups(group_count),
      cores(core_count),
      of_drivers(stats::make_values(names.driver_figures, 3)),
      measured_of_drivers(of_drivers),
      names_(names),
      core_count_(core_count),
      interval_ns_(interval_ns),
      watcher_(watcher),
      last_in_(core_count, -1),
      backlog_(group_count, std::vector<std::uint64_t>(core_count)) {
    for (unsigned i = 0; i < core_count * sets_per_core; ++i) {
        empty_.push_back(make_set());
        // Two bins: the part of the load that is, and the one before it.
        for (int bin = 0; bin < 2; ++bin)
            spare_.push_back(std::make_unique<stats::recorder>(names));
    }
    thread_ = std::thread([this] { work(); });
}

collector::~collector() {
    finish();
}

std::unique_ptr<record_set> collector::take_empty() {
    const std::lock_guard lock(mutex_);
    if (empty_.empty()) return nullptr;
    auto set = std::move(empty_.back());
    empty_.pop_back();
    return set;
}

std::unique_ptr<record_set> collector::make_set() const {
    auto set = std::make_unique<record_set>();
    set->of_drivers = stats::make_values(names_.driver_figures, 3);
    return set;
}

std::unique_ptr<stats::recorder> collector::take_recorder() {
    {
        const std::lock_guard lock(mutex_);
        if (!spare_.empty()) {
            auto recorder = std::move(spare_.back());
            spare_.pop_back();
            return recorder;
        }
    }
    return std::make_unique<stats::recorder>(names_);
}

void collector::load_starts(std::int64_t start_ns, std::size_t stage_count) {
    load_start_ns_ = start_ns;
    for (std::size_t i = 0; i < stage_count; ++i) {
        stages.emplace_back(names_);
        stages.back().groups.resize(groups.size());
    }
}

void collector::give(handover h) {
    {
        const std::lock_guard lock(mutex_);
        inbox_.push_back(std::move(h));
    }
    place_.wake();
}

void collector::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (!thread_.joinable()) return;
        finishing_ = true;
    }
    place_.wake();
    thread_.join();
}

void collector::work() {
    ::pthread_setname_np(::pthread_self(), "collector");
    for (;;) {
        handover h;
        {
            std::unique_lock lock(mutex_);
            while (!finishing_ && inbox_.empty()) {
                lock.unlock();
                place_.wait_until(INT64_MAX);
                lock.lock();
            }
            if (inbox_.empty()) break;
            h = std::move(inbox_.front());
            inbox_.pop_front();
        }
        merge(h);
        for (auto& bin : h.records->bins) {
            if (bin) bin->clear();
        }
        for (stats::driver_value& one : h.records->of_drivers)
            one.clear();
        const std::lock_guard lock(mutex_);
        for (auto& bin : h.records->bins) {
            if (bin) spare_.push_back(std::move(bin));
        }
        empty_.push_back(std::move(h.records));
    }
    // Cores that ended earlier than others leave intervals to which not all contributed.
    for (auto& [number, rest] : open_)
        emit(*rest);
    open_.clear();
    place_.retire();
}

void collector::merge(handover& h) {
    std::unique_ptr<interval>& o = open_[h.number];
    if (!o) {
        o = std::make_unique<interval>(names_);
        o->number = h.number;
        o->when = h.when;
        o->start_s = static_cast<double>(h.start_ns - load_start_ns_) / 1e9;
        o->duration_s = static_cast<double>(h.end_ns - h.start_ns) / 1e9;
        o->groups.resize(groups.size());
        o->cores.resize(core_count_);
    }
    interval& sum = *o;
    sum.duration_s = std::max(sum.duration_s, static_cast<double>(h.end_ns - h.start_ns) / 1e9);
    for (std::size_t bin = 0; bin < h.records->bins.size(); ++bin) {
        const stats::recorder* const records = h.records->bins[bin].get();
        if (records == nullptr) continue;
        records->add_to(sum.figures);
        records->add_to(bin == 0 ? warmup : measured);
        if (bin > 0 && !stages.empty()) records->add_to(stages[bin - 1].figures);
    }
    for (std::size_t g = 0; g < groups.size(); ++g) {
        std::uint64_t waiting = 0;
        for (std::size_t bin = 0; bin < h.groups[g].size(); ++bin) {
            const load_figures& more = h.groups[g][bin];
            sum.groups[g].add(more);
            if (bin == 0) continue;
            add_events(groups[g], more);
            if (!stages.empty()) add_events(stages[bin - 1].groups[g], more);
            waiting += more.backlog;
        }
        // The backlog is a level: what counts is the last one of the measure phase.
        if (h.when == phase::measure) backlog_[g][h.core] = waiting;
    }
    sum.cores[h.core] = h.figures;
    if (h.when == phase::measure) {
        core_figures& core = cores[h.core];
        core.busy_ns += h.figures.busy_ns;
        core.span_ns += h.figures.span_ns;
        core.cpu_ns += h.figures.cpu_ns;
        core.lag_max_ns = std::max(core.lag_max_ns, h.figures.lag_max_ns);
        core.switches_voluntary += h.figures.switches_voluntary;
        core.switches_involuntary += h.figures.switches_involuntary;
        lag.add(h.lag);
        driver_counters events = h.connections;
        events.open_connections = 0;
        measured_connections.add(events);
    }
    if (h.when == phase::measure || h.when == phase::drain) {
        // What is in flight in the drain was measured: a core that stands still is late for it too.
        core_figures& core = cores[h.core];
        if (h.when == phase::drain) core.drain_ns += h.figures.span_ns;
        core.held_up.add(h.figures.held_up);
    }
    sum.lag.add(h.lag);
    sum.connections.add(h.connections);
    stats::add_beside(sum.of_drivers, h.records->of_drivers);
    // Intervals have fewer digits than the sum of them has.
    for (std::size_t i = 0; i < of_drivers.size(); ++i) {
        of_drivers[i].add_events(h.records->of_drivers[i]);
        if (h.when == phase::measure) measured_of_drivers[i].add_events(h.records->of_drivers[i]);
    }
    driver_counters events = h.connections;
    events.open_connections = 0;
    connections.add(events);
    connections.open_connections =
        std::max(connections.open_connections, sum.connections.open_connections);
    // Complete and in order, also where a core let an interval grow and has none of some number.
    last_in_[h.core] = static_cast<std::int64_t>(h.number);
    const std::int64_t all_in = *std::min_element(last_in_.begin(), last_in_.end());
    while (!open_.empty() && static_cast<std::int64_t>(open_.begin()->first) <= all_in) {
        emit(*open_.begin()->second);
        open_.erase(open_.begin());
    }
}

std::vector<double> collector::warmup_throughput(double from_s) const {
    std::vector<double> out;
    const std::lock_guard lock(mutex_);
    for (const rate_of_interval& r : warmup_rates_) {
        if (r.start_s >= from_s) out.push_back(r.rate);
    }
    return out;
}

stats::bounded_series collector::measured_throughput() const {
    const std::lock_guard lock(mutex_);
    return length(longest_rates_) > length(measured_rates_) ? longest_rates_ : measured_rates_;
}

void collector::load_changes(std::int64_t from_ns, std::int64_t to_ns, bool wanted) {
    const auto since_start_s = [this](std::int64_t ns) {
        return static_cast<double>(ns - load_start_ns_) / 1e9;
    };
    const std::lock_guard lock(mutex_);
    changes_.push_back({since_start_s(from_ns), since_start_s(to_ns), wanted});
}

bool collector::in_one_stretch(const interval& done) {
    // Of the load's own clock no more is known than its rounding.
    constexpr double slack_s = 1e-9;
    while (!changes_.empty() && changes_.front().to_s <= done.start_s + slack_s) {
        if (length(measured_rates_) > length(longest_rates_)) longest_rates_ = measured_rates_;
        measured_rates_ = {};
        wanted_ = changes_.front().wanted;
        changes_.pop_front();
    }
    return changes_.empty() || changes_.front().from_s >= done.start_s + done.duration_s - slack_s;
}

void collector::emit(interval& done) {
    for (std::size_t i = 0; i < of_drivers.size(); ++i) {
        of_drivers[i].add_later_level(done.of_drivers[i]);
        if (done.when == phase::measure) measured_of_drivers[i].add_later_level(done.of_drivers[i]);
    }
    // Parts of an interval, as phases leave them at their ends, scatter more than whole ones.
    if (done.duration_s > 0.99e-9 * static_cast<double>(interval_ns_)) {
        std::uint64_t ok = 0;
        for (const stats::figures& f : done.figures.by_operation)
            ok += f.ok_count;
        const double rate = static_cast<double>(ok) / done.duration_s;
        const std::lock_guard lock(mutex_);
        if (done.when == phase::warmup) warmup_rates_.push_back({done.start_s, rate});
        const bool counts = in_one_stretch(done) && wanted_;
        if (done.when == phase::measure && counts) measured_rates_.add(rate);
    }
    for (std::size_t g = 0; g < groups.size(); ++g) {
        if (done.when != phase::measure) break;
        groups[g].in_flight_max = std::max(groups[g].in_flight_max, done.groups[g].in_flight_max);
        groups[g].backlog = 0;
        for (const std::uint64_t waiting : backlog_[g])
            groups[g].backlog += waiting;
    }
    if (done.when == phase::measure) {
        stats::histogram all(2);
        for (const stats::figures& f : done.figures.by_operation)
            all.add(f.send_lag);
        if (all.count() > 0) send_lag_p99_ns.add(static_cast<double>(all.value_at_percentile(99)));
    }
    if (watcher_ != nullptr) watcher_->on_interval(done);
}

}  // namespace chopsticks::engine
