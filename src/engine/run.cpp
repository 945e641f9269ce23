#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cstring>
#include <future>
#include <thread>

#include "worker.hpp"

namespace chopsticks::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto poll_step = 20ms;
constexpr std::int64_t measure_notice_ns = 10'000'000;

/// Steers one run from the main thread.
class coordinator {
  public:
    coordinator(const run_options& options, const std::atomic<int>& stop_level)
        : options_(options),
          stop_level_(stop_level),
          shared_(make_shared(options)),
          result_(shared_->names),
          sink_(shared_->names, options.groups.size(), options.cores, options.interval_ns,
                options.watcher),
          started_ns_(monotonic_ns()) {}

    run_result go();

  private:
    static std::unique_ptr<shared_state> make_shared(const run_options& options);

    /// Runs `f` on a core and waits for its value.
    template <typename F>
    auto ask(worker& w, F f) -> decltype(f()) {
        using value = decltype(f());
        std::promise<value> promise;
        auto future = promise.get_future();
        w.loop().post([&promise, &f] {
            if constexpr (std::is_void_v<value>) {
                f();
                promise.set_value();
            } else {
                promise.set_value(f());
            }
        });
        return future.get();
    }

    /// Runs a coroutine of core 0's driver of one group to its end, or until the run is told to
    /// stop as urgently as `give_up` says.
    template <typename T>
    T ask_driver(std::size_t group, runtime::task<T> (core_driver::*what)(), int give_up);

    void enter(phase p);
    bool stopping() const { return stop_level_.load(std::memory_order_relaxed) > 0; }
    bool aborting() const { return stop_level_.load(std::memory_order_relaxed) > 1; }

    void begin_op_log(std::int64_t start_ns);
    bool open_targets();
    /// Tells all cores which bytes of the images are theirs; returns why that cannot be.
    std::string share_extents(std::size_t group, const target_state& state);
    bool prepare();
    void load();
    /// Moves the begin of the measure phase to where the throughput is steady.
    void watch_warmup(load_times& times, double from_s, std::int64_t now_ns);
    void drain();
    void clean();
    bool run_helpers(bool preparing, std::uint64_t total);

    const run_options& options_;
    const std::atomic<int>& stop_level_;
    std::unique_ptr<shared_state> shared_;
    run_result result_;
    collector sink_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::int64_t started_ns_;
    std::int64_t phase_started_ns_ = 0;
    phase phase_ = phase::done;
    std::vector<bool> data_ready_;
    std::size_t opened_ = 0;  ///< groups whose open_target was run
    struct span {
        double start_s;
        double duration_s;
    };
    std::vector<span> stages_;  ///< as they were
};

std::unique_ptr<shared_state> coordinator::make_shared(const run_options& options) {
    auto shared = std::make_unique<shared_state>();
    shared->options = &options;
    shared->names = make_layout(options.groups);
    shared->operations_left = options.plan->stop.operations;
    shared->bytes_left = options.plan->stop.bytes;
    std::uint16_t endpoint = 0;
    for (const group_setup& setup : options.groups) {
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

template <typename T>
T coordinator::ask_driver(std::size_t group, runtime::task<T> (core_driver::*what)(), int give_up) {
    std::promise<T> promise;
    auto future = promise.get_future();
    worker& w = *workers_.front();
    w.loop().post([&] {
        core_driver& d = w.groups()[group]->driver();
        runtime::start_detached([](core_driver& on, runtime::task<T> (core_driver::*call)(),
                                   std::promise<T>& to) -> runtime::task<void> {
            T value = co_await (on.*call)();
            to.set_value(std::move(value));
        }(d, what, promise));
    });
    bool told_to_stop = false;
    while (future.wait_for(poll_step) != std::future_status::ready) {
        if (told_to_stop || stop_level_.load(std::memory_order_relaxed) < give_up) continue;
        told_to_stop = true;
        w.loop().post([&w, group] { w.groups()[group]->driver().cancel_control(); });
    }
    return future.get();
}

void coordinator::enter(phase p) {
    const std::int64_t now = monotonic_ns();
    if (phase_ != phase::done) {
        result_.phases.back().duration_s = static_cast<double>(now - phase_started_ns_) / 1e9;
    }
    phase_ = p;
    phase_started_ns_ = now;
    if (p == phase::done) return;
    result_.phases.push_back(phase_span{p, static_cast<double>(now - started_ns_) / 1e9, 0});
    if (options_.watcher != nullptr) options_.watcher->on_phase(p);
}

bool coordinator::open_targets() {
    enter(phase::open);
    for (std::size_t g = 0; g < options_.groups.size(); ++g) {
        ++opened_;
        target_state state = ask_driver(g, &core_driver::open_target, 1);
        data_ready_.push_back(state.data_ready);
        for (const std::string& note : state.notes) {
            result_.notes.push_back(note);
            if (options_.watcher != nullptr) options_.watcher->on_note(note);
        }
        if (state.problem.empty()) state.problem = share_extents(g, state);
        if (state.problem.empty()) continue;
        if (stopping()) return false;
        result_.problem = state.problem;
        result_.target_problem = true;
        return false;
    }
    return true;
}

std::string coordinator::share_extents(std::size_t group, const target_state& state) {
    const scenario::group& plan = *options_.groups[group].group;
    // What has no extents has objects.
    if (plan.workload != "rbd") return {};
    std::string problem = extents_problem(plan, state.extents, options_.cores);
    if (!problem.empty()) return problem;
    for (auto& w : workers_)
        ask(*w, [&] { w->groups()[group]->set_extents(state.extents); });
    return {};
}

bool coordinator::run_helpers(bool preparing, std::uint64_t total) {
    std::atomic<unsigned> running{0};
    const unsigned share = std::max(1U, options_.plan->phase.prepare_concurrency / options_.cores);
    for (std::size_t g = 0; g < options_.groups.size(); ++g) {
        if (preparing && (data_ready_[g] || !options_.plan->phase.prepare)) {
            for (auto& w : workers_) {
                ask(*w, [&] { w->groups()[g]->adopt_objects(); });
            }
            continue;
        }
        for (auto& w : workers_) {
            if (preparing && ask(*w, [&] { return w->groups()[g]->to_prepare(); }) == 0) continue;
            ++running;
            ask(*w, [&] {
                group_core& group = *w->groups()[g];
                const auto done = [&running] { running.fetch_sub(1); };
                if (preparing) {
                    group.prepare(share, done);
                } else {
                    group.clean(share, done);
                }
            });
        }
    }
    bool told_to_stop = false;
    bool cut_off = false;
    std::int64_t cut_at_ns = 0;
    std::int64_t reported_ns = monotonic_ns();
    const std::int64_t began_ns = reported_ns;
    while (running.load() > 0) {
        std::this_thread::sleep_for(poll_step);
        const std::int64_t now = monotonic_ns();
        const bool stop_now = preparing ? stopping() : aborting();
        if (stop_now && !told_to_stop) cut_at_ns = now + options_.plan->phase.drain_ns;
        const bool cut = told_to_stop && !cut_off && (aborting() || now >= cut_at_ns);
        if ((stop_now && !told_to_stop) || cut) {
            told_to_stop = true;
            cut_off = cut;
            for (auto& w : workers_) {
                ask(*w, [&] {
                    for (auto& g : w->groups())
                        g->stop_helpers(cut);
                });
            }
        }
        if (options_.watcher == nullptr || now - reported_ns < 1'000'000'000) continue;
        reported_ns = now;
        progress p;
        p.when = phase_;
        p.total = total;
        p.elapsed_s = static_cast<double>(now - began_ns) / 1e9;
        for (auto& w : workers_) {
            for (auto& g : w->groups()) {
                p.done += g->progress_done.load(std::memory_order_relaxed);
                p.failed += g->progress_failed.load(std::memory_order_relaxed);
            }
        }
        options_.watcher->on_progress(p);
    }
    return !told_to_stop;
}

bool coordinator::prepare() {
    enter(phase::prepare);
    std::uint64_t total = 0;
    for (std::size_t g = 0; g < options_.groups.size(); ++g) {
        if (data_ready_[g] || !options_.plan->phase.prepare) continue;
        for (auto& w : workers_)
            total += ask(*w, [&] { return w->groups()[g]->to_prepare(); });
    }
    const bool complete = run_helpers(true, total);
    std::uint64_t missing = 0;
    for (auto& w : workers_) {
        ask(*w, [&] {
            for (std::size_t g = 0; g < options_.groups.size(); ++g) {
                group_core& group = *w->groups()[g];
                if (!data_ready_[g] && options_.plan->phase.prepare) {
                    missing += group.missing();
                }
                result_.prepared += group.progress_done.load();
                result_.prepare_failed += group.progress_failed.load();
                if (result_.problem.empty()) result_.problem = group.problem;
            }
        });
    }
    if (!complete) {
        result_.problem.clear();
        return false;
    }
    if (missing > 0) {
        result_.problem = "prepare: " + std::to_string(missing) + " of " + std::to_string(total) +
                          " writes failed: " + result_.problem;
        return false;
    }
    result_.problem.clear();  // repeated and done
    for (std::size_t g = 0; g < options_.groups.size(); ++g) {
        if (data_ready_[g] || !options_.plan->phase.prepare) continue;
        // Images that were not filled are not to be taken for filled ones.
        const scenario::group& group = *options_.groups[g].group;
        if (group.workload == "rbd" && !group.blocks.prefill) continue;
        const std::string failed = ask_driver(g, &core_driver::seal_data, 1);
        if (failed.empty()) continue;
        if (!stopping()) result_.problem = failed;
        return false;
    }
    return true;
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

void coordinator::load() {
    const scenario::phases& plan = options_.plan->phase;
    double ramp_s = 0;
    for (const group_setup& setup : options_.groups)
        ramp_s = std::max(ramp_s, scenario::ramp_s(*setup.group));
    start_replays(options_.groups, stop_level_);
    load_times times;
    // All cores are told before it begins.
    times.start_ns = monotonic_ns() + 5'000'000;
    const std::int64_t warmup_ns = times.start_ns + static_cast<std::int64_t>(ramp_s * 1e9);
    times.measure_ns = warmup_ns + std::max(plan.warmup_ns, plan.steady_within_ns);
    result_.steady.asked = plan.steady_within_ns > 0;
    stats::confidence_watch known(options_.plan->stop.confidence);
    times.end_ns = times.measure_ns + plan.measure_ns;
    for (const std::int64_t end_ns :
         scenario::stage_ends_ns(options_.plan->groups, plan.measure_ns))
        times.stage_ends_ns.push_back(times.measure_ns + end_ns);
    sink_.load_starts(times.start_ns, times.stage_ends_ns.size());
    if (options_.op_log != nullptr) begin_op_log(times.start_ns);
    enter(ramp_s > 0 ? phase::ramp : plan.warmup_ns > 0 ? phase::warmup : phase::measure);
    for (auto& w : workers_)
        ask(*w, [&] { w->start_load(times); });
    for (;;) {
        std::int64_t now = monotonic_ns();
        if (phase_ == phase::ramp && now >= warmup_ns) enter(phase::warmup);
        if (phase_ != phase::measure && now >= warmup_ns + plan.warmup_ns) {
            watch_warmup(times, ramp_s, now);
        }
        if (phase_ != phase::measure && now >= times.measure_ns) enter(phase::measure);
        if (options_.plan->stop.confidence > 0 && now < times.end_ns &&
            known.enough(sink_.throughput(phase::measure))) {
            result_.steady.confident = true;
        }
        const bool all_finished = std::all_of(workers_.begin(), workers_.end(), [](const auto& w) {
            return w->finished.load(std::memory_order_relaxed);
        });
        const bool enough =
            result_.steady.confident || (options_.end_load != nullptr && options_.end_load->load());
        const bool cut = stopping() || all_finished || enough;
        const std::int64_t recorded_end_ns = replay_end_ns(options_.groups, times.start_ns);
        if (now < times.end_ns && (cut || recorded_end_ns < times.end_ns)) {
            times.end_ns = cut ? now : std::max(now, recorded_end_ns);
            times.measure_ns = std::min(times.measure_ns, times.end_ns);
            for (auto& w : workers_)
                ask(*w, [&] { w->end_early(times.end_ns); });
        }
        if (now >= times.end_ns) break;
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
            poll_step, std::chrono::nanoseconds(times.end_ns - now)));
    }
    for (auto& w : workers_)
        ask(*w, [&] { w->stop_load(); });
    std::int64_t stage_start_ns = times.measure_ns;
    for (const std::int64_t planned_end_ns : times.stage_ends_ns) {
        const std::int64_t end_ns = std::clamp(planned_end_ns, stage_start_ns, times.end_ns);
        stages_.push_back({static_cast<double>(stage_start_ns - times.measure_ns) / 1e9,
                           static_cast<double>(end_ns - stage_start_ns) / 1e9});
        stage_start_ns = end_ns;
    }
    result_.measure_s = static_cast<double>(times.end_ns - times.measure_ns) / 1e9;
    result_.warmup_s = static_cast<double>(times.measure_ns - times.start_ns) / 1e9;
}

void coordinator::watch_warmup(load_times& times, double from_s, std::int64_t now_ns) {
    steady_figures& steady = result_.steady;
    if (steady.reached) return;
    const std::vector<double> series = sink_.throughput(phase::warmup, from_s);
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
    enter(phase::drain);
    const std::int64_t limit = monotonic_ns() + options_.plan->phase.drain_ns;
    bool cancelled = false;
    for (;;) {
        std::uint64_t users = 0;
        for (auto& w : workers_) {
            users += ask(*w, [&] { return w->users_alive(); });
        }
        if (users == 0) break;
        const bool expired = monotonic_ns() >= limit;
        if (!cancelled && (expired || aborting())) {
            cancelled = true;
            for (auto& w : workers_)
                ask(*w, [&] { w->cancel_all(expired); });
        }
        std::this_thread::sleep_for(1ms);
    }
    for (auto& w : workers_)
        ask(*w, [&] { w->finish_intervals(); });
}

void coordinator::clean() {
    for (std::size_t g = 0; g < options_.groups.size(); ++g) {
        std::uint64_t alive = 0;
        for (auto& w : workers_) {
            alive += ask(*w, [&] { return w->groups()[g]->objects().existing(); });
        }
        result_.alive.push_back(alive);
    }
    std::uint64_t total = 0;
    for (auto& w : workers_) {
        total += ask(*w, [&] {
            std::uint64_t sum = 0;
            for (auto& g : w->groups())
                sum += g->leftovers();
            return sum;
        });
    }
    if (!options_.plan->phase.cleanup || aborting()) {
        result_.left_behind = total;
        return;
    }
    enter(phase::cleanup);
    run_helpers(false, total);
    for (auto& w : workers_) {
        ask(*w, [&] {
            for (auto& g : w->groups()) {
                result_.left_behind += g->leftovers() + g->progress_failed.load();
                if (result_.cleanup_problem.empty()) result_.cleanup_problem = g->problem;
            }
        });
    }
    if (result_.left_behind == 0) result_.cleanup_problem.clear();
}

run_result coordinator::go() {
    for (unsigned core = 0; core < options_.cores; ++core) {
        workers_.push_back(std::make_unique<worker>(*shared_, sink_, core));
    }
    for (auto& w : workers_)
        w->start();
    for (auto& w : workers_)
        ask(*w, [] {});  // the groups exist from here on

    if (open_targets()) {
        if (!stopping() && prepare() && !stopping()) {
            load();
            drain();
        }
        clean();
    }
    for (std::size_t g = 0; g < opened_; ++g) {
        if (!options_.plan->phase.cleanup || aborting()) continue;
        const std::string kept = ask_driver(g, &core_driver::close_target, 2);
        if (result_.cleanup_problem.empty()) result_.cleanup_problem = kept;
    }
    result_.pacing.resize(options_.groups.size());
    for (auto& w : workers_) {
        ask(*w, [&] {
            for (std::size_t g = 0; g < options_.groups.size(); ++g) {
                const group_core& group = *w->groups()[g];
                result_.schedule_lag.add(group.schedule_lag());
                if (group.pacing() != nullptr) result_.pacing[g].add(group.pacing()->figures());
            }
        });
    }
    enter(phase::done);
    for (auto& w : workers_)
        w->stop();
    stop_replays(options_.groups);
    sink_.finish();
    result_.steady.throughput = stats::confidence_of_mean(sink_.throughput(phase::measure));
    result_.measured = std::move(sink_.measured);
    result_.warmup = std::move(sink_.warmup);
    result_.groups = std::move(sink_.groups);
    result_.stages = std::move(sink_.stages);
    for (std::size_t i = 0; i < result_.stages.size(); ++i) {
        result_.stages[i].start_s = stages_[i].start_s;
        result_.stages[i].duration_s = stages_[i].duration_s;
    }
    result_.cores = std::move(sink_.cores);
    result_.connections = sink_.connections;
    result_.measured_connections = sink_.measured_connections;
    result_.lag = std::move(sink_.lag);
    result_.send_lag_p99_ns = std::move(sink_.send_lag_p99_ns);
    result_.interrupted = stopping();
    return std::move(result_);
}

}  // namespace

run_result execute(const run_options& options, const std::atomic<int>& stop_level) {
    coordinator run(options, stop_level);
    return run.go();
}

}  // namespace chopsticks::engine
