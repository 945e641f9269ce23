#include "run_watcher.hpp"

#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>

#include "cluster_beside.hpp"
#include "health.hpp"

namespace chopsticks::cli {

namespace {

std::string whole_seconds(double seconds) {
    return format_duration(static_cast<std::int64_t>(seconds) * 1'000'000'000);
}

}  // namespace

run_watcher::run_watcher(run_setup& setup, results::run_document& doc, const std::string& stream,
                         bool quiet, engine::observer* listener, cluster_beside* cluster)
    : setup_(setup),
      doc_(doc),
      cluster_(cluster),
      started_ns_(monotonic_ns()),
      kept_(doc.layout, doc.run.interval_s),
      slos_(setup.scenario.slos, doc.layout),
      sampler_(sampling_of(setup.options), setup.scenario.limits.line_rate) {
    if (listener != nullptr) listeners_.push_back(listener);
    if (!stream.empty()) {
        stream_ = results::interval_stream(stream, doc.run, setup.scenario, doc.layout);
    }
    if (!quiet) {
        display_.emplace(STDERR_FILENO, results::terminal_options::of(STDERR_FILENO));
    }
}

void run_watcher::message(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (display_) display_->message(text);
}

void run_watcher::warn(const std::string& text) {
    const std::lock_guard lock(mutex_);
    doc_.run.warnings.push_back(text);
    if (display_) display_->message("Warning: " + results::printable(text));
}

void run_watcher::mark(stats::event_source source, const std::string& text, std::int64_t start_ns,
                       std::optional<std::int64_t> end_ns) {
    const auto since_start_s = [this](std::int64_t at_ns) {
        return static_cast<double>(at_ns - started_ns_) / 1e9;
    };
    stats::event_mark one;
    one.start_s = since_start_s(start_ns);
    if (end_ns) one.end_s = since_start_s(*end_ns);
    one.source = source;
    one.text = results::printable(text);
    const std::lock_guard lock(mutex_);
    if (display_) {
        display_->message("Mark at " + results::decimal(one.start_s, 1) + " s (" +
                          std::string(name(source)) + ")" +
                          (one.text.empty() ? "" : ": " + one.text));
    }
    if (monitor_ != nullptr) monitor_->mark(one);
    marks_.add(std::move(one));
}

void run_watcher::on_phase(engine::phase p) {
    if (cluster_ != nullptr) cluster_->on_phase(p);
    take_phase(p);
    for (engine::observer* const one_more : listeners_)
        one_more->on_phase(p);
}

void run_watcher::take_phase(engine::phase p) {
    const std::lock_guard lock(mutex_);
    phase_ = p;
    phase_started_ns_ = monotonic_ns();
    if (engine::is_of_load(p) && load_began_ns_ == 0) load_began_ns_ = phase_started_ns_;
    errors_ = 0;
    progress_before_ = 0;
    if (monitor_ != nullptr)
        monitor_->enter(std::string(engine::name(p)), status_now().phase_planned_s);
    if (p == engine::phase::measure) sampler_.begin();
    if (p == engine::phase::drain) sampler_.end();
    tell_interrupted();
}

void run_watcher::on_progress(const engine::progress& p) {
    take_progress(p);
    for (engine::observer* const one_more : listeners_)
        one_more->on_progress(p);
}

void run_watcher::take_progress(const engine::progress& p) {
    if (monitor_ != nullptr) monitor_->progress(p.done, p.total, p.failed);
    const std::lock_guard lock(mutex_);
    if (!display_) return;
    tell_interrupted();
    results::live_status s = status_now();
    s.objects_done = p.done;
    s.objects_total = p.total;
    s.errors = p.failed;
    s.ops_per_s = static_cast<double>(p.done - progress_before_);
    progress_before_ = p.done;
    if (!p.last_failure.empty()) {
        s.trouble = "goes on without success for " + whole_seconds(p.patience_left_s) + ": " +
                    p.last_failure;
    }
    display_->update(s);
}

void run_watcher::on_wait(const engine::wait_state& w) {
    const std::lock_guard lock(mutex_);
    if (!display_) return;
    tell_interrupted();
    std::string text =
        std::string(engine::name(w.when)) + " waits " + w.what + ", " + whole_seconds(w.elapsed_s);
    if (w.most_s > 0) text += " of at most " + whole_seconds(w.most_s);
    display_->wait(text);
}

void run_watcher::on_interval(const engine::interval& one) {
    take_interval(one);
    for (engine::observer* const one_more : listeners_)
        one_more->on_interval(one);
}

void run_watcher::take_interval(const engine::interval& one) {
    results::interval out;
    out.t_s = one.start_s;
    out.duration_s = one.duration_s;
    out.phase = std::string(engine::name(one.when));
    out.figures = &one.figures;
    out.of_drivers = &one.of_drivers;
    for (const stats::load_figures& g : one.groups)
        out.load.add(g);
    for (const engine::core_figures& c : one.cores) {
        out.cores_busy.push_back(std::min(1.0, c.busy_share()));
    }
    out.health = health_of(one, sampler_.latest());
    std::string line = results::to_line(out, doc_.layout);
    if (cluster_ != nullptr) cluster_->on_interval(one, doc_.layout);
    // The result has the samples of the cluster for themselves.
    const results::json sample = cluster_ != nullptr ? cluster_->sample_in(one) : results::json();
    const std::string streamed =
        cluster_ != nullptr ? cluster_beside::with_sample(line, sample) : line;
    const std::lock_guard lock(mutex_);
    take_cluster_events();
    if (const std::string problem = stream_.write(streamed); !problem.empty()) {
        doc_.run.warnings.push_back(problem);
        if (display_) display_->message("Warning: " + problem);
    }
    kept_.add(out, std::move(line));
    follow_slos(one);
    if (monitor_ != nullptr) monitor_->add(out, one.groups, objectives_now(), sample);
    if (display_) show(one, out);
}

void run_watcher::take_cluster_events() {
    if (cluster_ == nullptr) return;
    for (stats::event_mark& mark : cluster_->take_events()) {
        const bool found = mark.source == stats::event_source::finding;
        if (display_) display_->message((found ? "Finding: " : "Cluster: ") + mark.text);
        if (monitor_ != nullptr) {
            // It counts from the beginning of the run.
            monitor_->mark(mark.moved(static_cast<double>(load_began_ns_ - started_ns_) / 1e9));
        }
        doc_.events.add(std::move(mark));
    }
}

void run_watcher::give_intervals() {
    const std::lock_guard lock(mutex_);
    doc_.intervals = kept_.take();
    doc_.run.intervals_joined = kept_.joined();
}

void run_watcher::give_events(std::int64_t load_start_ns) {
    const std::lock_guard lock(mutex_);
    const std::int64_t from_ns = load_start_ns != 0 ? load_start_ns : started_ns_;
    doc_.events.add(marks_, static_cast<double>(started_ns_ - from_ns) / 1e9);
}

telemetry::health_summary run_watcher::health() {
    return sampler_.end();
}

bool run_watcher::aborted() const {
    const std::lock_guard lock(mutex_);
    return aborted_;
}

void run_watcher::follow_slos(const engine::interval& one) {
    if (slos_.empty() || one.when != engine::phase::measure) return;
    slos_.add(one.figures, one.duration_s);
    if (display_) {
        for (const std::string& change : slos_.changes())
            display_->message(change);
    }
    const std::optional<std::int64_t>& grace_ns = setup_.scenario.abort_after_ns;
    if (!grace_ns || aborted_ || slos_.missed() == 0) return;
    if (slos_.measured_s() * 1e9 < static_cast<double>(*grace_ns)) return;
    aborted_ = true;
    setup_.enough.store(true);
    if (display_) display_->message("Aborted: an SLO is missed (abort_on_fail).");
}

std::vector<live::objective_state> run_watcher::objectives_now() const {
    std::vector<live::objective_state> out;
    if (slos_.empty() || slos_.measured_s() <= 0) return out;
    for (const results::slo_outcome& one : slos_.outcomes()) {
        live::objective_state& state = out.emplace_back();
        state.text = one.objective.text;
        if (!one.value) continue;
        state.met = one.met;
        state.value = results::format_slo_value(results::unit_of(one.objective), *one.value);
    }
    return out;
}

void run_watcher::finish() {
    const std::lock_guard lock(mutex_);
    if (display_) display_->finish();
}

void run_watcher::tell_interrupted() {
    if (stop_level.load() == 0 || said_interrupted_ || !display_) return;
    said_interrupted_ = true;
    display_->message(phase_ == engine::phase::drain
                          ? "Interrupted: finishing what is in flight, then cleaning up. "
                            "Ctrl-C again stops at once."
                      : phase_ == engine::phase::cleanup
                          ? "Interrupted: cleaning up. Ctrl-C again stops at once."
                          : "Interrupted.");
}

results::live_status run_watcher::status_now() const {
    const std::int64_t now = monotonic_ns();
    results::live_status s;
    s.elapsed_s = static_cast<double>(now - started_ns_) / 1e9;
    s.phase = std::string(engine::name(phase_));
    s.phase_elapsed_s = static_cast<double>(now - phase_started_ns_) / 1e9;
    const scenario::phases& plan = setup_.scenario.phase;
    if (phase_ == engine::phase::measure) {
        s.phase_planned_s = static_cast<double>(plan.measure_ns) / 1e9;
    } else if (phase_ == engine::phase::warmup) {
        s.phase_planned_s = static_cast<double>(plan.warmup_ns) / 1e9;
    } else if (phase_ == engine::phase::ramp) {
        s.phase_planned_s = setup_.needs.ramp_s;
    }
    return s;
}

void run_watcher::show(const engine::interval& one, const results::interval& out) {
    // The last bits of a second are stored, not shown.
    if (one.duration_s < 0.25) return;
    results::live_status s = status_now();
    // An interval is shown after it ended, when the next phase may have begun.
    if (one.when != engine::phase::warmup || phase_ != engine::phase::ramp) s.phase = out.phase;
    stats::histogram response(2);
    stats::histogram lag(2);
    for (const stats::figures& f : one.figures.by_operation) {
        s.ops_per_s += static_cast<double>(f.ok_count) / one.duration_s;
        s.bytes_per_s += static_cast<double>(f.bytes) / one.duration_s;
        errors_ += f.failed_count;
        response.add(f.response);
        lag.add(f.send_lag);
    }
    s.errors = errors_;
    s.p50_ns = response.value_at_percentile(50);
    s.p99_ns = response.value_at_percentile(99);
    s.send_lag_p99_ns = lag.value_at_percentile(99);
    s.in_flight = out.load.in_flight_max;
    s.backlog = out.load.backlog;
    if (!slos_.empty() && slos_.measured_s() > 0) {
        s.slos = slos_.outcomes().size();
        s.slos_missed = slos_.missed();
    }
    for (const double busy : out.cores_busy)
        s.busiest_core = std::max(s.busiest_core, busy);
    s.health = results::format_health(out.health);
    s.drivers =
        results::format_driver_figures(one.of_drivers, doc_.layout.driver_figures, one.duration_s);
    display_->update(s);
}

}  // namespace chopsticks::cli
