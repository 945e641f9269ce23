#include "report.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/engine/validity.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/results/calibration.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cmath>
#include <cstdio>

#include "health.hpp"

namespace chopsticks::cli {

namespace {

/// Tasks per second that the plan asks for over a span of the measure phase; 0 in a closed loop.
double intended_rate(const scenario::group& group, double start_s, double duration_s) {
    if (!group.open || duration_s <= 0) return 0;
    const load::rate_curve plan = scenario::rate_plan(*group.open, 0);
    return (plan.count((start_s + duration_s) * 1e9) - plan.count(start_s * 1e9)) / duration_s;
}

/// What became of the load, as far as the user should know of it.
void describe_course(results::run_document& doc, const run_setup& setup,
                     const engine::run_result& result) {
    results::run_info& run = doc.run;
    run.duration_s = result.measure_s;
    run.interrupted = result.interrupted;
    run.problem = result.problem;
    for (const engine::phase_span& p : result.phases)
        run.phases.push_back({std::string(engine::name(p.when)), p.start_s, p.duration_s});
    const engine::steady_figures& steady = result.steady;
    run.warmup.by_time_s = result.warmup_s;
    if (steady.asked) {
        const double planned_s = static_cast<double>(setup.scenario.phase.warmup_ns) / 1e9;
        run.warmup.by_time_s = std::min(result.warmup_s, setup.needs.ramp_s + planned_s);
        run.warmup.by_steady_state_s = result.warmup_s - run.warmup.by_time_s;
        run.warmup.steady = steady.reached;
        if (!steady.reached && !result.interrupted) {
            run.warnings.push_back(
                "the throughput was not steady when `steady_within` ended: the figures hold some "
                "of the warm-up");
        }
    }
    run.throughput = steady.throughput;
    run.confident = steady.confident;
    const double wanted = setup.scenario.stop.confidence;
    if (wanted > 0 && !steady.confident && !result.interrupted && result.problem.empty()) {
        char share[32];
        std::snprintf(share, sizeof share, "%.3g %%", wanted * 100);
        run.warnings.push_back(std::string("the throughput was not known to within ") + share +
                               " when the measure phase ended: measure longer");
    }
    for (const stats::figures& f : result.warmup.by_operation) {
        run.warmup.ok += f.ok_count;
        run.warmup.failed += f.failed_count;
    }
    // They were told as the run began; its report repeats only warnings.
    run.notes = result.notes;
    run.warnings.insert(run.warnings.end(), result.target_warnings.begin(),
                        result.target_warnings.end());
    if (!result.cleanup_problem.empty())
        run.warnings.push_back("cleanup: " + result.cleanup_problem);
    for (const std::string& warning : result.end_warnings)
        run.warnings.push_back(warning);
}

/// What whoever steered the load from outside wanted of it.
void describe_steering(results::run_document& doc, const run_setup& setup,
                       const engine::steered_figures& steered) {
    for (const engine::steered_change& one : steered.changes) {
        const scenario::group& group = setup.scenario.groups[one.group];
        char share[32];
        std::snprintf(share, sizeof share, "%.4g %% of the rate", one.rate_share * 100);
        doc.events.add({one.at_s, std::nullopt, stats::event_source::steering,
                        "group " + group.name + ": " +
                            (group.open ? std::string(share) : counted(one.users, "user")) +
                            " wanted"});
    }
    doc.events.add_dropped(steered.changes_dropped);
    for (std::size_t g = 0; g < steered.users_cut.size(); ++g) {
        if (steered.users_cut[g] == 0) continue;
        doc.run.warnings.push_back("group " + setup.scenario.groups[g].name + ": " +
                                   counted(steered.users_cut[g], "user") +
                                   " more than it can have in this process were wanted");
    }
}

void describe_data(results::run_document& doc, const run_setup& setup,
                   const engine::run_result& result) {
    doc.data.prepared = result.prepared;
    doc.data.prepare_failed = result.prepare_failed;
    describe_left(doc, result);
    const bool verified = std::any_of(setup.scenario.groups.begin(), setup.scenario.groups.end(),
                                      [](const scenario::group& g) { return g.blocks.verify; });
    if (!verified) {
        // Of objects, what was found beside the operations that read them.
        if (result.wrong.places > 0) doc.data.wrong = result.wrong;
        return;
    }
    doc.data.wrong = result.wrong;
    if (result.wrong.checked == 0 && result.measure_s > 0) {
        doc.run.warnings.push_back(
            "verify: no block was read of which it is known what it should hold: this run "
            "proves nothing about the data");
    }
}

results::group_figures describe_group(const run_setup& setup, const engine::run_result& result,
                                      std::size_t g, std::vector<std::string>& warnings) {
    const scenario::group& group = setup.scenario.groups[g];
    results::group_figures out;
    out.name = group.name;
    out.workload = group.workload;
    out.driver = scenario::driver_of(setup.workload, group.workload);
    out.as_calibrated = setup.is_as_calibrated(group.workload);
    out.open_loop = group.open.has_value();
    out.users = group.open ? 0 : scenario::users_most(group.closed);
    out.load = result.groups[g];
    if (g < result.group_measure_s.size()) {
        out.measured_s = result.group_measure_s[g];
        out.exhausted = result.exhausted[g];
        out.silence = result.silences[g];
    }
    out.load.intended_rate_per_s = result.steered && out.measured_s > 0
                                       ? result.steered->planned_tasks[g] / out.measured_s
                                       : intended_rate(group, 0, out.measured_s);
    // The gaps of a recording are those of the recording: there is no plan to test.
    if (group.open && !group.open->replay && g < result.pacing.size()) {
        const bool even = group.open->arrivals == load::arrival_kind::constant;
        out.pacing = {even ? "constant" : "poisson", result.pacing[g]};
    }
    if (g < result.images.size()) out.images = result.images[g];
    if (g < result.alive.size()) out.alive_before_cleanup = result.alive[g];
    if (const trace::replay_feed* feed = setup.options.groups[g].replay) {
        out.replay = describe_replay(*feed);
        for (std::string& warning : replay_warnings(*out.replay))
            warnings.push_back(std::move(warning));
    }
    if (out.exhausted) {
        warnings.push_back(
            "group " + out.name + " had nothing left to work on " +
            (out.measured_s > 0
                 ? "after " + format_latency(std::llround(out.measured_s * 1e9)) +
                       " of the measure phase, which ended for it: its rates are over that time"
                 : std::string("when the measure phase began: nothing of it was measured")) +
            "; prepare more objects, or add tasks that make some");
    }
    return out;
}

void describe_generator(results::generator_figures& gen, const run_setup& setup,
                        const engine::run_result& result, const telemetry::health_summary& seen) {
    const telemetry::change& used = seen.over;
    gen.idle = runtime::name(setup.options.idle);
    gen.cores = result.cores;
    gen.cpus = setup.options.cpus;
    gen.cpu_user_s = used.cpu_user_s;
    gen.cpu_system_s = used.cpu_system_s;
    gen.rss_bytes_max = used.rss_max_bytes;
    gen.open_fds_max = seen.open_fds_max;
    gen.context_switches_voluntary = used.switches_voluntary;
    gen.context_switches_involuntary = used.switches_involuntary;
    gen.steal_share = used.host_steal_share;
    gen.tcp_retransmits = used.tcp_retransmits;
    for (const auto& [nic, n] : used.nics) {
        if (n.rx_bytes + n.tx_bytes == 0) continue;
        gen.nics[nic] = {n.rx_bytes, n.tx_bytes, n.rx_dropped, n.tx_dropped};
    }
    gen.connections = result.connections;
    for (const stats::histogram& lag : result.schedule_lag)
        gen.loop_lag.add(lag);
}

}  // namespace

results::environment describe_environment() {
    const telemetry::host_description host = telemetry::describe_host();
    const telemetry::build_description build = telemetry::describe_build();
    const telemetry::descriptor_limit limit = telemetry::current_descriptor_limit();
    results::environment e;
    e.host = host.host;
    e.kernel = host.kernel;
    e.cpu_model = host.cpu_model;
    e.cpus_online = host.cpus_online;
    e.cpus_usable = host.cpus_usable;
    e.memory_bytes = host.memory_bytes;
    e.nofile_soft = limit.soft;
    e.nofile_hard = limit.hard;
    e.port_first = host.port_first;
    e.port_last = host.port_last;
    e.clock_source = host.clock_source;
    e.version = build.version;
    e.compiler = build.compiler;
    e.build_type = build.build_type;
    e.boost = build.boost;
    e.openssl = build.openssl;
    e.librbd = rbd::librbd_version();
    return e;
}

results::run_info describe_run(const run_setup& setup,
                               const std::vector<std::string>& command_line) {
    results::run_info run;
    run.id = setup.run_id;
    run.started_ns = setup.started_wall_ns;
    run.command_line = command_line;
    run.seed = setup.scenario.seed;
    run.warnings = setup.warnings;
    run.interval_s = static_cast<double>(setup.options.interval_ns) / 1e9;
    return run;
}

void describe_left(results::run_document& doc, const engine::run_result& result) {
    doc.data.left_behind = result.left_behind;
    doc.data.left = result.left;
}

void fill_document(results::run_document& doc, const run_setup& setup, engine::run_result&& result,
                   const telemetry::health_summary& seen) {
    describe_course(doc, setup, result);
    if (result.steered) describe_steering(doc, setup, *result.steered);
    describe_data(doc, setup, result);
    for (std::size_t g = 0; g < setup.scenario.groups.size(); ++g) {
        doc.groups.push_back(describe_group(setup, result, g, doc.run.warnings));
        doc.data.alive_before_cleanup += doc.groups.back().alive_before_cleanup;
        doc.load.add(doc.groups.back().load);
    }
    for (engine::stage_figures& stage : result.stages) {
        for (std::size_t g = 0; g < stage.groups.size(); ++g) {
            stage.groups[g].intended_rate_per_s =
                intended_rate(setup.scenario.groups[g], stage.start_s, stage.duration_s);
        }
    }
    doc.endpoint_silences = result.endpoint_silences;
    describe_generator(doc.generator, setup, result, seen);
    doc.health = health_of(result, seen);

    if (doc.run.problem.empty()) {
        doc.validity.reasons = engine::invalid_reasons(result, setup.options, observed_by(seen));
    } else {
        doc.validity.reasons.push_back("The run did not get to its end: " + doc.run.problem);
    }
    doc.validity.valid = doc.validity.reasons.empty();
    doc.slo.objectives = results::judge(setup.scenario.slos, result.measured, doc.layout,
                                        result.measure_s, results::measured_s(doc));
    doc.run.verdicts = judge(doc, result, setup.scenario);
    doc.run.exit_status = results::exit_status_of(doc.run.verdicts, result.interrupted);
    doc.stages = std::move(result.stages);
    doc.figures = std::move(result.measured);
    for (std::size_t i = 0; i < result.of_drivers.size(); ++i) {
        if (result.of_drivers[i].refused == 0) continue;
        const stats::group_figure& of = doc.layout.driver_figures[i];
        doc.run.warnings.push_back(
            "the driver of group " + of.group + " reported " +
            counted(result.of_drivers[i].refused, "value") + " of its " +
            std::string(stats::name(of.what.kind)) + " " + of.what.name +
            " that cannot be (a count that fell, a level that is no number): left out");
    }
    doc.of_drivers = std::move(result.of_drivers);
    doc.measured_of_drivers = std::move(result.measured_of_drivers);
    doc.health.calibration = results::cite_calibration(results::default_calibration_path(), doc);
}

namespace {

results::target_verdict judge_target(const results::run_document& doc,
                                     const engine::run_result& result,
                                     const scenario::scenario& scenario) {
    using results::target_verdict;
    if (!result.problem.empty()) return target_verdict::failed;
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t unsupported = 0;
    bool corrupt = result.wrong.places > 0;
    for (const stats::figures& f : result.measured.by_operation) {
        ok += f.ok_count;
        failed += f.failed_count;
        unsupported += f.unsupported_count();
        corrupt |= std::any_of(f.errors.begin(), f.errors.end(), [](const stats::error_row& e) {
            return e.status == op_status::corrupt;
        });
    }
    // Data that came back wrong is never within a limit.
    if (corrupt) return target_verdict::failed;
    // A target that has nothing of what was asked was not measured, whatever may fail.
    if (ok == 0 && unsupported > 0) return target_verdict::failed;
    const double share =
        ok + failed > 0 ? static_cast<double>(failed) / static_cast<double>(ok + failed) : 0;
    if (share > scenario.error_limit) return target_verdict::failed;
    // Neither is a target that was away, however few operations that failed meanwhile.
    const auto away = [&](const auto& one) { return one.outage_share > scenario.limits.outage; };
    if (std::any_of(result.silences.begin(), result.silences.end(), away)) {
        return target_verdict::failed;
    }
    for (const engine::endpoint_silence& one : result.endpoint_silences) {
        if (away(one.figures)) return target_verdict::failed;
    }
    const bool missed = std::any_of(doc.slo.objectives.begin(), doc.slo.objectives.end(),
                                    [](const results::slo_outcome& one) { return !one.met; });
    return missed ? target_verdict::missed_objective : target_verdict::fine;
}

}  // namespace

results::run_verdicts judge(const results::run_document& doc, const engine::run_result& result,
                            const scenario::scenario& scenario) {
    results::run_verdicts out;
    out.target = judge_target(doc, result, scenario);
    if (!result.problem.empty()) {
        out.generator = results::generator_verdict::unknown;
    } else if (!doc.validity.valid) {
        out.generator = results::generator_verdict::was_limit;
    }
    if (!result.left.empty() || !result.cleanup_problem.empty()) {
        out.left_behind =
            scenario.phase.cleanup ? results::left_verdict::something : results::left_verdict::kept;
    }
    return out;
}

}  // namespace chopsticks::cli
