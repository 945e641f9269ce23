#include "collector.hpp"

#include <pthread.h>

#include <algorithm>

namespace chopsticks::engine {

namespace {

/// Sets of records per core: one being filled, one being added up, one to spare.
constexpr unsigned sets_per_core = 3;

void add_counters(driver_counters& sum, const driver_counters& more) noexcept {
    sum.connects += more.connects;
    sum.connect_failures += more.connect_failures;
    sum.tls_handshakes += more.tls_handshakes;
    sum.tls_resumed += more.tls_resumed;
    sum.timeouts += more.timeouts;
    sum.open_connections += more.open_connections;
}

}  // namespace

collector::collector(const stats::layout& names, std::size_t group_count, unsigned core_count,
                     std::int64_t interval_ns, observer* watcher)
    : measured(names, 3),
      warmup(names, 3),
      groups(group_count),
      cores(core_count),
      names_(names),
      core_count_(core_count),
      interval_ns_(interval_ns),
      watcher_(watcher),
      last_in_(core_count, -1),
      backlog_(group_count, std::vector<std::uint64_t>(core_count)) {
    for (unsigned i = 0; i < core_count * sets_per_core; ++i) {
        empty_.push_back(std::make_unique<record_set>(names));
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

void collector::give(handover h) {
    {
        const std::lock_guard lock(mutex_);
        inbox_.push_back(std::move(h));
    }
    wake_.notify_one();
}

void collector::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (!thread_.joinable()) return;
        finishing_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void collector::work() {
    ::pthread_setname_np(::pthread_self(), "collector");
    for (;;) {
        handover h;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return finishing_ || !inbox_.empty(); });
            if (inbox_.empty()) break;
            h = std::move(inbox_.front());
            inbox_.pop_front();
        }
        merge(h);
        for (auto& bin : h.records->bins)
            bin->clear();
        const std::lock_guard lock(mutex_);
        empty_.push_back(std::move(h.records));
    }
    // Cores that ended earlier than others leave intervals to which not all contributed.
    for (auto& [number, rest] : open_)
        emit(*rest);
    open_.clear();
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
    h.records->bins[0]->add_to(sum.figures);
    h.records->bins[1]->add_to(sum.figures);
    h.records->bins[0]->add_to(warmup);
    h.records->bins[1]->add_to(measured);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        sum.groups[g].add(h.groups[g][0]);
        sum.groups[g].add(h.groups[g][1]);
        load_figures& total = groups[g];
        const load_figures& more = h.groups[g][1];
        total.intended += more.intended;
        total.issued += more.issued;
        total.completed += more.completed;
        total.cancelled += more.cancelled;
        total.shed += more.shed;
        total.backlog_age_max_ns = std::max(total.backlog_age_max_ns, more.backlog_age_max_ns);
        // The backlog is a level: what counts is the last one of the measure phase.
        if (h.when == phase::measure) backlog_[g][h.core] = more.backlog;
    }
    sum.cores[h.core] = h.figures;
    if (h.when == phase::measure) {
        core_figures& core = cores[h.core];
        core.busy_ns += h.figures.busy_ns;
        core.span_ns += h.figures.span_ns;
        core.cpu_ns += h.figures.cpu_ns;
        core.lag_max_ns = std::max(core.lag_max_ns, h.figures.lag_max_ns);
    }
    add_counters(sum.connections, h.connections);
    driver_counters events = h.connections;
    events.open_connections = 0;
    add_counters(connections, events);
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

std::vector<double> collector::throughput(phase of, double from_s) const {
    std::vector<double> out;
    const std::lock_guard lock(mutex_);
    for (const rate_of_interval& r : rates_) {
        if (r.when == of && r.start_s >= from_s) out.push_back(r.rate);
    }
    return out;
}

void collector::emit(interval& done) {
    // Parts of an interval, as phases leave them at their ends, scatter more than whole ones.
    if (done.duration_s > 0.99e-9 * static_cast<double>(interval_ns_)) {
        std::uint64_t ok = 0;
        for (const stats::figures& f : done.figures.by_operation)
            ok += f.ok_count;
        const std::lock_guard lock(mutex_);
        rates_.push_back({done.when, done.start_s, static_cast<double>(ok) / done.duration_s});
    }
    for (std::size_t g = 0; g < groups.size(); ++g) {
        if (done.when != phase::measure) break;
        groups[g].in_flight_max = std::max(groups[g].in_flight_max, done.groups[g].in_flight_max);
        groups[g].backlog = 0;
        for (const std::uint64_t waiting : backlog_[g])
            groups[g].backlog += waiting;
    }
    if (watcher_ != nullptr) watcher_->on_interval(done);
}

}  // namespace chopsticks::engine
