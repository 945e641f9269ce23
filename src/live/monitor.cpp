#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/live/monitor.hpp>
#include <cmath>

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

/// What live.js reads in this order; null: nothing is known.
json cluster_row(const std::optional<report::cluster_figures>& c) {
    if (!c) return nullptr;
    const auto told = [](double value) { return std::isfinite(value) ? json(value) : json(); };
    return {c->health,
            told(c->osds_down),
            told(c->osds_out),
            told(c->pgs_not_clean),
            told(c->recovery_bytes_per_s),
            told(c->commit_ms),
            told(c->apply_ms),
            told(c->osd_cpus)};
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
            i.held_up,
            cluster_row(i.cluster)};
}

bool is_of_load(const std::string& phase) {
    return phase == "ramp" || phase == "warmup" || phase == "measure";
}

/// What is shorter is the rest that a phase left of an interval: its rates say nothing.
constexpr double shown_least_s = 0.2;

}  // namespace

observed_run::observed_run() {
    began_ns = phase_began_ns = monotonic_ns();
    for (const stats::event_source one :
         {stats::event_source::annotate, stats::event_source::signal, stats::event_source::phase,
          stats::event_source::ceph, stats::event_source::finding, stats::event_source::steering})
        mark_counts[std::string(name(one))] = 0;
}

void observed_run::forget_levels() {
    last_load.assign(last_load.size(), {});
    cores_busy.assign(cores_busy.size(), 0.0);
}

run_monitor::run_monitor() : now_(std::make_unique<contents>()) {}

run_monitor::~run_monitor() = default;

void run_monitor::begin_series(const watched_series& series) {
    const std::lock_guard lock(mutex_);
    observed_series& to = now_->series.emplace();
    to.what = series;
    to.id = wall_ns();
}

void run_monitor::begin_trial(const watched_trial& trial) {
    const std::lock_guard lock(mutex_);
    now_->series->trial = trial;
    now_->series->waiting.clear();
}

void run_monitor::end_trial(const trial_outcome& outcome) {
    const std::lock_guard lock(mutex_);
    observed_series& series = *now_->series;
    observed_run& run = now_->now;
    if (run.trial && run.trial->number == series.trial->number) {
        run.forget_levels();
        run.over = true;
    }
    series.ended.emplace_back(*series.trial, outcome);
    series.trial.reset();
}

void run_monitor::wait(const std::string& text) {
    const std::lock_guard lock(mutex_);
    now_->series->waiting = text;
}

void run_monitor::end_series(int exit_status) {
    const std::lock_guard lock(mutex_);
    now_->series->exit_status = exit_status;
    now_->series->waiting.clear();
}

void run_monitor::begin(const watched_run& run) {
    const std::lock_guard lock(mutex_);
    if (now_->now.sum) now_->before = std::make_unique<observed_run>(std::move(now_->now));
    now_->now = {};
    observed_run& c = now_->now;
    if (now_->series) c.trial = now_->series->trial;
    c.run = run;
    c.sum.emplace(c.run.names, 2);
    c.of_drivers = stats::make_values(c.run.names.driver_figures, 2);
    c.load.assign(run.groups.size(), {});
}

void run_monitor::enter(const std::string& phase, double planned_s) {
    const std::lock_guard lock(mutex_);
    observed_run& c = now_->now;
    c.phase = phase;
    c.phase_began_ns = monotonic_ns();
    c.phase_planned_s = planned_s;
    c.done = c.total = c.prepare_failed = 0;
    if (!is_of_load(phase) && phase != "drain") c.forget_levels();
    c.phases.emplace_back(phase, since_s(c.began_ns, c.phase_began_ns));
    if (c.load_began_ns == 0 && is_of_load(phase)) c.load_began_ns = c.phase_began_ns;
}

void run_monitor::add(const results::interval& one, std::span<const stats::load_figures> groups,
                      std::vector<objective_state> objectives, const json& cluster) {
    shown_interval next = shown(one);
    const std::lock_guard lock(mutex_);
    observed_run& c = now_->now;
    const double end_s = one.t_s + one.duration_s;
    if (cluster.is_object()) {
        c.cluster = report::figures_of_sample(cluster);
        c.cluster_told_s = end_s;
    }
    // It holds until the next is due.
    if (end_s - c.cluster_told_s <= 1.5 * c.run.cluster_every_s) next.cluster = c.cluster;
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
    now_->now.done = done;
    now_->now.total = total;
    now_->now.prepare_failed = failed;
}

void run_monitor::mark(const stats::event_mark& one) {
    const std::lock_guard lock(mutex_);
    now_->now.marks.add(one);
    ++now_->now.mark_counts[std::string(name(one.source))];
}

void run_monitor::stopping() {
    const std::lock_guard lock(mutex_);
    now_->stopping = true;
}

void run_monitor::end(const watched_end& how) {
    const std::lock_guard lock(mutex_);
    now_->now.forget_levels();
    now_->now.over = true;
    now_->now.end = how;
}

bool run_monitor::ended() const {
    const std::lock_guard lock(mutex_);
    return now_->series ? now_->series->exit_status.has_value() : now_->now.end.has_value();
}

std::string run_monitor::metrics(bool protobuf) const {
    const std::lock_guard lock(mutex_);
    std::vector<metric_family> all;
    const auto add = [&](const observed_run& run, metric_writer& out) {
        std::vector<metric_family> families = out.take();
        if (run.trial) add_label(families, "trial", std::to_string(run.trial->number));
        add_families(all, std::move(families));
    };
    const observed_run& c = now_->now;
    // Before its first trial a series has none of a run.
    if (c.sum || !now_->series) {
        metric_writer out(c.run, protobuf);
        out.put_info();
        out.put_course(c.phase, c.objectives, c.over);
        out.put_events(c.mark_counts);
        if (c.sum) {
            out.put_operations(*c.sum);
            out.put_load(c.load, c.last_load, c.last_s);
            out.put_drivers(c.of_drivers, true);
            out.put_generator(c.cores_busy, c.health);
        }
        add(c, out);
    }
    if (const observed_run* const before = now_->before.get()) {
        metric_writer counted(before->run, protobuf);
        counted.put_info();
        counted.put_events(before->mark_counts);
        counted.put_operations(*before->sum);
        counted.put_tasks(before->load);
        counted.put_drivers(before->of_drivers, false);
        add(*before, counted);
    }
    if (now_->series) add_families(all, metrics_of(*now_->series));
    return protobuf ? to_protobuf(all) : to_text(all);
}

std::string run_monitor::state(const known_state& known) const {
    const std::lock_guard lock(mutex_);
    const observed_run& c = now_->now;
    const std::int64_t now_ns = monotonic_ns();
    // Where the axis of intervals begins, since the run did.
    const double load_s = c.load_began_ns != 0 ? since_s(c.began_ns, c.load_began_ns) : 0;
    json out;
    out["run_id"] = c.run.run_id;
    out["scenario"] = c.run.scenario;
    out["elapsed_s"] = since_s(c.began_ns, now_ns);
    out["phase"] = c.over ? "done" : c.phase;
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
    out["stopping"] = now_->stopping;
    out["series"] = now_->series ? state_of(*now_->series, known.trials) : json(nullptr);
    out["trial"] = c.trial ? json(c.trial->number) : json(nullptr);
    out["cluster"] = nullptr;
    if (c.cluster) {
        const bool answers = c.intervals.empty() || c.intervals.back().cluster.has_value();
        out["cluster"] = {{"health", c.cluster->health},
                          {"complaints", c.cluster->complaints},
                          {"told_s", c.cluster_told_s},
                          {"answers", answers}};
    }
    out["end"] = nullptr;
    // Of a trial its row tells.
    if (c.end && !now_->series) {
        out["end"] = {{"generator", c.end->generator},
                      {"target", c.end->target},
                      {"left_behind", c.end->left_behind},
                      {"exit_status", c.end->exit_status},
                      {"result_file", c.end->result_file}};
    }
    // A page of an earlier process may ask for what is not there.
    const std::uint64_t last = c.first + c.intervals.size();
    const bool other = !known.run_id.empty() && known.run_id != c.run.run_id;
    const std::uint64_t begin =
        other || known.intervals > last ? c.first : std::max(known.intervals, c.first);
    out["from"] = begin;
    out["next"] = last;
    out["intervals"] = json::array();
    for (std::uint64_t i = begin; i < last; ++i)
        out["intervals"].push_back(row_of(c.intervals[i - c.first]));
    return results::dump(out);
}

}  // namespace chopsticks::live
