#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/live/monitor.hpp>

#include "monitor_contents.hpp"

namespace chopsticks::live {

namespace {

using results::json;

double since_s(std::int64_t from_ns, std::int64_t to_ns) {
    return static_cast<double>(to_ns - from_ns) / 1e9;
}

shown_interval shown(const results::interval& one) {
    shown_interval out;
    out.t_s = one.t_s;
    out.duration_s = one.duration_s;
    out.phase = one.phase;
    stats::histogram response(2);
    stats::histogram lag(2);
    for (const stats::figures& f : one.figures->by_operation) {
        out.ok_per_s += static_cast<double>(f.ok_count);
        out.failed_per_s += static_cast<double>(f.failed_count);
        out.bytes_per_s += static_cast<double>(f.bytes);
        response.add(f.response);
        lag.add(f.send_lag);
    }
    out.intended_per_s = static_cast<double>(one.load.intended);
    if (one.duration_s > 0) {
        for (double* const rate :
             {&out.ok_per_s, &out.failed_per_s, &out.bytes_per_s, &out.intended_per_s})
            *rate /= one.duration_s;
    }
    out.p50_ns = response.value_at_percentile(50);
    out.p99_ns = response.value_at_percentile(99);
    out.max_ns = response.max();
    out.send_lag_p99_ns = lag.value_at_percentile(99);
    out.in_flight = one.load.in_flight_max;
    out.backlog = one.load.backlog;
    for (const double busy : one.cores_busy)
        out.busiest_core = std::max(out.busiest_core, busy);
    out.held_up = one.health.held_up_share;
    return out;
}

/// A row of numbers; nobody but the page knows its order, and
/// that is of the same build.
json row_of(const shown_interval& i) {
    return {i.t_s,
            i.duration_s,
            i.phase,
            i.ok_per_s,
            i.failed_per_s,
            i.intended_per_s,
            i.bytes_per_s,
            static_cast<double>(i.p50_ns) / 1e9,
            static_cast<double>(i.p99_ns) / 1e9,
            static_cast<double>(i.max_ns) / 1e9,
            static_cast<double>(i.send_lag_p99_ns) / 1e9,
            i.in_flight,
            i.backlog,
            i.busiest_core,
            i.held_up};
}

bool is_of_load(const std::string& phase) {
    return phase == "ramp" || phase == "warmup" || phase == "measure";
}

/// What is shorter is the rest that a phase left of an interval: its rates say nothing.
constexpr double shown_least_s = 0.2;

}  // namespace

void run_monitor::contents::forget_levels() {
    last_load.assign(last_load.size(), {});
    cores_busy.assign(cores_busy.size(), 0.0);
}

run_monitor::run_monitor() : now_(std::make_unique<contents>()) {
    now_->began_ns = now_->phase_began_ns = monotonic_ns();
    for (const stats::event_source one :
         {stats::event_source::annotate, stats::event_source::signal, stats::event_source::phase,
          stats::event_source::ceph, stats::event_source::finding, stats::event_source::steering})
        now_->mark_counts[std::string(name(one))] = 0;
}

run_monitor::~run_monitor() = default;

void run_monitor::begin(const watched_run& run) {
    const std::lock_guard lock(mutex_);
    contents& c = *now_;
    c.run = run;
    c.began_ns = c.phase_began_ns = monotonic_ns();
    c.sum.emplace(c.run.names, 2);
    c.of_drivers = stats::make_values(c.run.names.driver_figures, 2);
    c.load.assign(run.groups.size(), {});
}

void run_monitor::enter(const std::string& phase, double planned_s) {
    const std::lock_guard lock(mutex_);
    contents& c = *now_;
    c.phase = phase;
    c.phase_began_ns = monotonic_ns();
    c.phase_planned_s = planned_s;
    c.done = c.total = c.prepare_failed = 0;
    if (!is_of_load(phase) && phase != "drain") c.forget_levels();
    c.phases.emplace_back(phase, since_s(c.began_ns, c.phase_began_ns));
    if (c.load_began_ns == 0 && is_of_load(phase)) c.load_began_ns = c.phase_began_ns;
}

void run_monitor::add(const results::interval& one, std::span<const stats::load_figures> groups,
                      std::vector<objective_state> objectives) {
    shown_interval next = shown(one);
    const std::lock_guard lock(mutex_);
    contents& c = *now_;
    c.sum->add(*one.figures);
    stats::add_later(c.of_drivers, *one.of_drivers);
    for (std::size_t g = 0; g < groups.size() && g < c.load.size(); ++g)
        c.load[g].add(groups[g]);
    c.objectives = std::move(objectives);
    if (one.duration_s < shown_least_s) return;
    c.last_s = one.duration_s;
    c.last_load.assign(groups.begin(), groups.end());
    c.cores_busy = one.cores_busy;
    c.health = one.health;
    c.intervals.push_back(std::move(next));
    if (c.intervals.size() <= intervals_most) return;
    c.intervals.pop_front();
    ++c.first;
}

void run_monitor::progress(std::uint64_t done, std::uint64_t total, std::uint64_t failed) {
    const std::lock_guard lock(mutex_);
    now_->done = done;
    now_->total = total;
    now_->prepare_failed = failed;
}

void run_monitor::mark(const stats::event_mark& one) {
    const std::lock_guard lock(mutex_);
    now_->marks.add(one);
    ++now_->mark_counts[std::string(name(one.source))];
}

void run_monitor::stopping() {
    const std::lock_guard lock(mutex_);
    now_->stopping = true;
}

void run_monitor::end(const watched_end& how) {
    const std::lock_guard lock(mutex_);
    now_->forget_levels();
    now_->end = how;
}

bool run_monitor::ended() const {
    const std::lock_guard lock(mutex_);
    return now_->end.has_value();
}

std::string run_monitor::metrics(bool protobuf) const {
    const std::lock_guard lock(mutex_);
    const contents& c = *now_;
    metric_writer out(c.run, protobuf);
    out.put_course(c.phase, c.objectives, c.mark_counts, c.end.has_value());
    if (c.sum) {
        out.put_operations(*c.sum);
        out.put_load(c.load, c.last_load, c.last_s);
        out.put_drivers(c.of_drivers);
        out.put_generator(c.cores_busy, c.health);
    }
    return protobuf ? to_protobuf(out.families()) : to_text(out.families());
}

std::string run_monitor::state(std::uint64_t from) const {
    const std::lock_guard lock(mutex_);
    const contents& c = *now_;
    const std::int64_t now_ns = monotonic_ns();
    // Where the axis of intervals begins, since the run did.
    const double load_s = c.load_began_ns != 0 ? since_s(c.began_ns, c.load_began_ns) : 0;
    json out;
    out["run_id"] = c.run.run_id;
    out["scenario"] = c.run.scenario;
    out["elapsed_s"] = since_s(c.began_ns, now_ns);
    out["phase"] = c.end ? "done" : c.phase;
    out["phase_elapsed_s"] = since_s(c.phase_began_ns, now_ns);
    out["phase_planned_s"] = c.phase_planned_s;
    out["done"] = c.done;
    out["total"] = c.total;
    out["prepare_failed"] = c.prepare_failed;
    out["phases"] = json::array();
    for (const auto& [phase, start_s] : c.phases)
        out["phases"].push_back({{"name", phase}, {"start_s", start_s - load_s}});
    out["events"] = json::array();
    for (const stats::event_mark& of_run : c.marks.list()) {
        const stats::event_mark mark = of_run.moved(-load_s);
        json one{{"start_s", mark.start_s}, {"source", name(mark.source)}, {"text", mark.text}};
        if (mark.end_s) one["end_s"] = *mark.end_s;
        out["events"].push_back(std::move(one));
    }
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t unsupported = 0;
    if (c.sum) {
        for (const stats::figures& f : c.sum->by_operation) {
            ok += f.ok_count;
            failed += f.failed_count;
            unsupported += f.unsupported_count();
        }
    }
    out["ok"] = ok;
    out["failed"] = failed;
    out["unsupported"] = unsupported;
    out["error_limit"] = c.run.error_limit;
    out["objectives"] = json::array();
    for (const objective_state& one : c.objectives) {
        out["objectives"].push_back({{"text", one.text},
                                     {"met", one.met ? json(*one.met) : json(nullptr)},
                                     {"value", one.value}});
    }
    out["stopping"] = c.stopping;
    out["end"] = nullptr;
    if (c.end) {
        out["end"] = {{"generator", c.end->generator},
                      {"target", c.end->target},
                      {"left_behind", c.end->left_behind},
                      {"exit_status", c.end->exit_status},
                      {"result_file", c.end->result_file}};
    }
    // A page of an earlier process may ask for what is not there.
    const std::uint64_t last = c.first + c.intervals.size();
    const std::uint64_t begin = from > last ? c.first : std::max(from, c.first);
    out["from"] = begin;
    out["next"] = last;
    out["intervals"] = json::array();
    for (std::uint64_t i = begin; i < last; ++i)
        out["intervals"].push_back(row_of(c.intervals[i - c.first]));
    return results::dump(out);
}

}  // namespace chopsticks::live
