#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/waiter.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/stats/bounded_series.hpp>
#include <cmath>

#include "data_check.hpp"
#include "housekeeping.hpp"
#include "probe.hpp"
#include "replays.hpp"
#include "steered_load.hpp"
#include "steering.hpp"
#include "whole_run.hpp"

namespace chopsticks::engine {

namespace {

constexpr std::int64_t measure_notice_ns = 10'000'000;

/// Steers one run from the thread that made it.
class coordinator final : public run {
  public:
    coordinator(const run_options& options, const std::atomic<int>& stop_level);
    ~coordinator() override { stop_replays(options_.groups); }

    bool open() override { return can_be_made() && housekeeping_.open_targets(); }
    const std::vector<target_state>& targets() const noexcept override {
        return housekeeping_.targets();
    }
    bool join(const std::vector<target_state>& found) override {
        return can_be_made() && housekeeping_.join_targets(found);
    }
    bool prepare() override;
    bool seal() override { return housekeeping_.seal() && !run_.stopping(); }
    bool load(std::int64_t start_ns) override;
    void drain() override;
    std::vector<probe_answer> probe() override { return ask_each_step(run_); }
    void clean() override { housekeeping_.clean(); }
    void close() override { housekeeping_.close_targets(); }
    run_result finish() override;

  private:
    static std::unique_ptr<shared_state> make_shared(const run_options& options);

    /// Sets the problem where not.
    bool can_be_made();
    void begin_op_log(std::int64_t start_ns);
    load_times plan_times(std::int64_t start_ns) const;
    void note_ends(const load_times& times, std::int64_t measured_to_ns);
    /// Moves the begin of the measure phase to where the throughput is steady.
    void watch_warmup(load_times& times, double from_s, std::int64_t now_ns);

    const run_options& options_;
    const std::atomic<int>& stop_level_;
    waiter pace_;
    std::unique_ptr<shared_state> shared_;
    run_result result_;
    collector sink_;
    worker_list workers_;
    steering run_;
    housekeeping housekeeping_;
    std::optional<steered_load> steered_;  ///< none: nobody steers
    std::int64_t measure_ns_ = 0;          ///< when the measure phase began
    struct span {
        double start_s;
        double duration_s;
    };
    std::vector<span> stages_;  ///< as they were
};

coordinator::coordinator(const run_options& options, const std::atomic<int>& stop_level)
    : options_(options),
      stop_level_(stop_level),
      shared_(make_shared(options)),
      result_(shared_->names),
      sink_(shared_->names, options.groups.size(), options.cores, options.interval_ns,
            options.watcher),
      run_(options, stop_level, workers_, result_, pace_),
      housekeeping_(run_) {
    CHOPSTICKS_ASSERT(options.first_core + options.cores <= options.world_cores());
    if (options.control != nullptr) steered_.emplace(run_);
    for (unsigned core = 0; core < options_.cores; ++core) {
        workers_.push_back(std::make_unique<worker>(*shared_, sink_, core));
        workers_.back()->start();
    }
    for (auto& w : workers_)
        ask(*w, [] {});  // the groups exist from here on
}

std::unique_ptr<shared_state> coordinator::make_shared(const run_options& options) {
    auto shared = std::make_unique<shared_state>();
    shared->options = &options;
    shared->names = make_layout(options.groups);
    shared->operations.deal(options);
    shared->bytes_left = options.share_of(options.plan->stop.bytes);
    std::uint16_t endpoint = 0;
    std::size_t figure = 0;
    for (const group_setup& setup : options.groups) {
        shared->first_figure.push_back(figure);
        figure += setup.target->figures().size();
        shared->first_endpoint.push_back(endpoint);
        endpoint = static_cast<std::uint16_t>(endpoint + setup.target->endpoints().size());
        auto& slots = shared->slots.emplace_back();
        for (const scenario::task& t : setup.group->tasks) {
            auto& steps = slots.emplace_back();
            for (const scenario::step& s : t.steps) {
                const auto at =
                    std::find(shared->names.operations.begin(), shared->names.operations.end(),
                              setup.group->name + "/" + s.op);
                steps.push_back(static_cast<std::uint16_t>(at - shared->names.operations.begin()));
            }
        }
    }
    return shared;
}

bool coordinator::can_be_made() {
    result_.problem = steered_ ? steering_problem(*options_.plan) : std::string();
    if (result_.problem.empty()) result_.problem = world_problem(options_);
    result_.target_problem = !result_.problem.empty();
    return result_.problem.empty();
}

void coordinator::begin_op_log(std::int64_t start_ns) {
    trace::op_log_header header = options_.op_log_header;
    header.started_wall_ns = wall_ns() + (start_ns - monotonic_ns());
    header.seed = options_.seed;
    header.cores = options_.cores;
    header.operations = shared_->names.operations;
    header.endpoints = shared_->names.endpoints;
    options_.op_log->begin(header, start_ns);
}

bool coordinator::prepare() {
    if (run_.stopping() || !housekeeping_.prepare() || run_.stopping()) return false;
    start_replays(options_.groups, stop_level_);
    return true;
}

load_times coordinator::plan_times(std::int64_t start_ns) const {
    load_times times;
    times.start_ns = start_ns;
    if (steered_) {
        // All of it is measured, until whoever steers says that it was enough.
        times.measure_ns = start_ns;
        times.end_ns = INT64_MAX / 2;
        return times;
    }
    const scenario::phases& plan = options_.plan->phase;
    times.measure_ns = start_ns + scenario::measure_begins_ns(*options_.plan);
    times.end_ns = times.measure_ns + plan.measure_ns;
    for (const std::int64_t end_ns :
         scenario::stage_ends_ns(options_.plan->groups, plan.measure_ns))
        times.stage_ends_ns.push_back(times.measure_ns + end_ns);
    return times;
}

bool coordinator::load(std::int64_t start_ns) {
    if (!run_.wait_until(start_ns - load_notice_ns, "for the time at which the load begins"))
        return false;
    if (steered_) {
        if (!steered_->wait_for_first()) return false;
        start_ns = std::max(start_ns, monotonic_ns() + load_notice_ns);
    }
    const scenario::phases& plan = options_.plan->phase;
    const double ramp_s = scenario::ramp_s(options_.plan->groups);
    load_times times = plan_times(start_ns);
    const std::int64_t warmup_ns = times.start_ns + static_cast<std::int64_t>(ramp_s * 1e9);
    result_.steady.asked = plan.steady_within_ns > 0;
    stats::bounded_watch known(options_.plan->stop.confidence);
    result_.load_start_ns = times.start_ns;
    sink_.load_starts(times.start_ns, times.stage_ends_ns.size());
    if (options_.op_log != nullptr) begin_op_log(times.start_ns);
    std::int64_t measured_to_ns = INT64_MAX;
    const phase first = ramp_s > 0           ? phase::ramp
                        : plan.warmup_ns > 0 ? phase::warmup
                                             : phase::measure;
    run_.enter(steered_ ? phase::measure : first);
    if (steered_) steered_->begin(start_ns, sink_);
    for (auto& w : workers_)
        ask(*w, [&] { w->start_load(times); });
    for (;;) {
        // The cores have been told, but it may not have begun.
        const std::int64_t now = std::max(monotonic_ns(), start_ns);
        if (steered_) steered_->look(now, sink_);
        if (run_.now() == phase::ramp && now >= warmup_ns) run_.enter(phase::warmup);
        if (run_.now() != phase::measure && now >= warmup_ns + plan.warmup_ns) {
            watch_warmup(times, ramp_s, now);
        }
        if (run_.now() != phase::measure && now >= times.measure_ns) run_.enter(phase::measure);
        if (options_.plan->stop.confidence > 0 && now < times.end_ns) {
            if (known.enough(sink_.measured_throughput())) result_.steady.confident = true;
        }
        const std::int64_t done_ns = done_since(workers_);
        const bool enough = result_.steady.confident || (steered_ && steered_->finished()) ||
                            (options_.end_load != nullptr && options_.end_load->load());
        const bool cut = run_.stopping() || done_ns != 0 || enough;
        const std::int64_t recorded_end_ns = replay_end_ns(options_.groups, times.start_ns);
        if (now < times.end_ns && (cut || recorded_end_ns < times.end_ns)) {
            times.end_ns = cut ? now : std::max(now, recorded_end_ns);
            times.measure_ns = std::min(times.measure_ns, times.end_ns);
            // Nothing was begun since, and rates are of the time before.
            if (done_ns != 0) measured_to_ns = std::clamp(done_ns, times.measure_ns, times.end_ns);
            for (auto& w : workers_)
                ask(*w, [&] { w->end_early(times.end_ns); });
        }
        if (now >= times.end_ns) break;
        pace_.wait_until(std::min(now + poll_step_ns, times.end_ns));
    }
    for (auto& w : workers_)
        ask(*w, [&] { w->stop_load(); });
    note_ends(times, measured_to_ns);
    return true;
}

void coordinator::note_ends(const load_times& times, std::int64_t measured_to_ns) {
    std::int64_t stage_start_ns = times.measure_ns;
    for (const std::int64_t planned_end_ns : times.stage_ends_ns) {
        const std::int64_t end_ns = std::clamp(planned_end_ns, stage_start_ns, times.end_ns);
        stages_.push_back({static_cast<double>(stage_start_ns - times.measure_ns) / 1e9,
                           static_cast<double>(end_ns - stage_start_ns) / 1e9});
        stage_start_ns = end_ns;
    }
    measure_ns_ = times.measure_ns;
    measured_to_ns = std::min(measured_to_ns, times.end_ns);
    result_.measure_s = static_cast<double>(measured_to_ns - measure_ns_) / 1e9;
    std::vector<std::int64_t> ends_ns;
    for (std::size_t g = 0; g < options_.groups.size(); ++g) {
        const std::int64_t since_ns = exhausted_since(workers_, g);
        const std::int64_t to_ns =
            since_ns == 0 ? measured_to_ns : std::clamp(since_ns, measure_ns_, measured_to_ns);
        ends_ns.push_back(to_ns);
        result_.exhausted.push_back(since_ns != 0);
        result_.group_measure_s.push_back(static_cast<double>(to_ns - measure_ns_) / 1e9);
    }
    if (steered_) result_.steered = steered_->figures(ends_ns);
    result_.warmup_s = static_cast<double>(times.measure_ns - times.start_ns) / 1e9;
}

void coordinator::watch_warmup(load_times& times, double from_s, std::int64_t now_ns) {
    steady_figures& steady = result_.steady;
    if (steady.reached) return;
    const std::vector<double> series = sink_.warmup_throughput(from_s);
    if (series.size() == steady.warmup_intervals) return;
    steady.warmup_intervals = series.size();
    steady.warmup = stats::find_truncation(series);
    if (!steady.asked || !steady.warmup.steady) return;
    steady.reached = true;
    // All cores are told before it begins.
    const std::int64_t at_ns = now_ns + measure_notice_ns;
    if (at_ns >= times.measure_ns) return;
    times.end_ns = at_ns + (times.end_ns - times.measure_ns);
    times.measure_ns = at_ns;
    for (auto& w : workers_)
        ask(*w, [&] { w->begin_measure(at_ns); });
}

void coordinator::drain() {
    housekeeping_.drain();
    // The cores have handed over all they had: whoever counts along has it all when this returns.
    sink_.finish();
    check_data(run_, housekeeping_.opened());
}

run_result coordinator::finish() {
    result_.pacing.resize(options_.groups.size());
    result_.schedule_lag.resize(options_.groups.size());
    std::vector<std::vector<core_gaps>> gaps(options_.groups.size());
    for (auto& w : workers_) {
        ask(*w, [&] {
            for (std::size_t g = 0; g < options_.groups.size(); ++g) {
                const group_core& group = *w->groups()[g];
                result_.schedule_lag[g].add(group.schedule_lag());
                gaps[g].resize(group.gap_logs().size());
                for (std::size_t i = 0; i < gaps[g].size(); ++i)
                    gaps[g][i].add(group.gap_logs()[i]);
                if (group.pacing() != nullptr) result_.pacing[g].add(group.pacing()->figures());
            }
        });
    }
    run_.enter(phase::done);
    for (auto& w : workers_)
        w->stop();
    stop_replays(options_.groups);
    sink_.finish();
    const stats::bounded_series rates = sink_.measured_throughput();
    result_.steady.throughput = stats::confidence_of_mean(rates.values());
    result_.steady.throughput.batch_values *= rates.joined();
    result_.measured = std::move(sink_.measured);
    result_.warmup = std::move(sink_.warmup);
    result_.cores = std::move(sink_.cores);
    result_.groups = std::move(sink_.groups);
    add_silences(result_, options_, *shared_, gaps, measure_ns_);
    result_.stages = std::move(sink_.stages);
    for (std::size_t i = 0; i < result_.stages.size(); ++i) {
        result_.stages[i].start_s = stages_[i].start_s;
        result_.stages[i].duration_s = stages_[i].duration_s;
    }
    result_.connections = sink_.connections;
    result_.measured_connections = sink_.measured_connections;
    result_.of_drivers = std::move(sink_.of_drivers);
    result_.measured_of_drivers = std::move(sink_.measured_of_drivers);
    result_.lag = std::move(sink_.lag);
    for (const double ns : sink_.send_lag_p99_ns.values())
        result_.send_lag_p99_ns.push_back(std::llround(ns));
    result_.interrupted = run_.stopping();
    return std::move(result_);
}

}  // namespace

std::unique_ptr<run> make_run(const run_options& options, const std::atomic<int>& stop_level) {
    return std::make_unique<coordinator>(options, stop_level);
}

run_result execute(const run_options& options, const std::atomic<int>& stop_level) {
    const std::unique_ptr<run> one = make_run(options, stop_level);
    if (one->open()) {
        if (one->prepare() && one->seal() && one->load(monotonic_ns() + load_notice_ns))
            one->drain();
        one->clean();
    }
    one->close();
    return one->finish();
}

}  // namespace chopsticks::engine
