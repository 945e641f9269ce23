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

results::load_figures load_of(const engine::load_figures& f) {
    results::load_figures out;
    out.intended = f.intended;
    out.issued = f.issued;
    out.skipped = f.skipped;
    out.completed = f.completed;
    out.cancelled = f.cancelled;
    out.shed = f.shed;
    out.shed_late = f.shed_late;
    out.backlog_at_end = f.backlog;
    out.backlog_age_max_ns = f.backlog_age_max_ns;
    out.max_in_flight = f.in_flight_max;
    return out;
}

void add_load(results::load_figures& sum, const results::load_figures& more) {
    sum.intended += more.intended;
    sum.issued += more.issued;
    sum.skipped += more.skipped;
    sum.completed += more.completed;
    sum.cancelled += more.cancelled;
    sum.shed += more.shed;
    sum.shed_late += more.shed_late;
    sum.backlog_at_end += more.backlog_at_end;
    sum.backlog_age_max_ns = std::max(sum.backlog_age_max_ns, more.backlog_age_max_ns);
    sum.max_in_flight += more.max_in_flight;
    sum.intended_rate_per_s += more.intended_rate_per_s;
}

results::silence_figures silence_of(const engine::silence_figures& f) {
    results::silence_figures out;
    out.longest_s = f.longest_s;
    out.allowed_s = f.allowed_s;
    out.outage_s = f.outage_s;
    out.outage_share = f.outage_share;
    for (const engine::silence_figures::span& one : f.outages)
        out.outages.push_back({one.start_s, one.duration_s});
    return out;
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
    for (const engine::leftover& one : result.left)
        doc.data.left.push_back({one.kind, one.name, one.count, one.exact, one.remove_with});
}

void fill_document(results::run_document& doc, run_setup& setup, engine::run_result&& result,
                   const telemetry::health_summary& seen) {
    const telemetry::change& used = seen.over;
    doc.run.duration_s = result.measure_s;
    doc.run.interrupted = result.interrupted;
    doc.run.problem = result.problem;
    for (const engine::phase_span& p : result.phases) {
        doc.run.phases.push_back({std::string(engine::name(p.when)), p.start_s, p.duration_s});
    }
    const engine::steady_figures& steady = result.steady;
    doc.run.warmup.by_time_s = result.warmup_s;
    if (steady.asked) {
        const double planned_s = static_cast<double>(setup.scenario.phase.warmup_ns) / 1e9;
        doc.run.warmup.by_time_s = std::min(result.warmup_s, setup.needs.ramp_s + planned_s);
        doc.run.warmup.by_steady_state_s = result.warmup_s - doc.run.warmup.by_time_s;
        doc.run.warmup.steady = steady.reached;
        if (!steady.reached && !result.interrupted) {
            doc.run.warnings.push_back(
                "the throughput was not steady when `steady_within` ended: the figures hold some "
                "of the warm-up");
        }
    }
    doc.run.throughput.mean_per_s = steady.throughput.mean;
    doc.run.throughput.half_width_per_s = steady.throughput.half_width;
    doc.run.throughput.lag1 = steady.throughput.lag1;
    doc.run.throughput.batches = steady.throughput.batches;
    doc.run.throughput.batch_intervals = steady.throughput.batch_values;
    doc.run.throughput.usable = steady.throughput.usable;
    doc.run.throughput.ended_run = steady.confident;
    const double wanted = setup.scenario.stop.confidence;
    if (wanted > 0 && !steady.confident && !result.interrupted && result.problem.empty()) {
        char share[32];
        std::snprintf(share, sizeof share, "%.3g %%", wanted * 100);
        doc.run.warnings.push_back(std::string("the throughput was not known to within ") + share +
                                   " when the measure phase ended: measure longer");
    }
    for (const stats::figures& f : result.warmup.by_operation) {
        doc.run.warmup.ok += f.ok_count;
        doc.run.warmup.failed += f.failed_count;
    }
    // They were told as the run began; its report repeats only warnings.
    doc.run.notes = result.notes;
    doc.run.warnings.insert(doc.run.warnings.end(), result.target_warnings.begin(),
                            result.target_warnings.end());
    if (!result.cleanup_problem.empty())
        doc.run.warnings.push_back("cleanup: " + result.cleanup_problem);
    for (const std::string& warning : result.end_warnings)
        doc.run.warnings.push_back(warning);

    doc.data.prepared = result.prepared;
    doc.data.prepare_failed = result.prepare_failed;
    describe_left(doc, result);
    const bool verified = std::any_of(setup.scenario.groups.begin(), setup.scenario.groups.end(),
                                      [](const scenario::group& g) { return g.blocks.verify; });
    if (verified) {
        doc.data.wrong = {result.wrong.places, result.wrong.checked, result.wrong.examples};
        if (result.wrong.checked == 0 && result.measure_s > 0) {
            doc.run.warnings.push_back(
                "verify: no block was read of which it is known what it should hold: this run "
                "proves nothing about the data");
        }
    }
    for (std::size_t g = 0; g < setup.scenario.groups.size(); ++g) {
        const scenario::group& group = setup.scenario.groups[g];
        results::group_figures out;
        out.name = group.name;
        out.workload = group.workload;
        out.driver = scenario::driver_of(setup.workload, group.workload);
        out.as_calibrated = setup.is_as_calibrated(group.workload);
        out.open_loop = group.open.has_value();
        out.users = group.open ? 0 : scenario::users_most(group.closed);
        out.load = load_of(result.groups[g]);
        if (g < result.group_measure_s.size()) {
            out.measured_s = result.group_measure_s[g];
            out.exhausted = result.exhausted[g];
            out.silence = silence_of(result.silences[g]);
        }
        if (group.open) {
            const load::rate_curve plan = scenario::rate_plan(*group.open, 0);
            if (out.measured_s > 0) {
                out.load.intended_rate_per_s = plan.count(out.measured_s * 1e9) / out.measured_s;
            }
            // The gaps of a recording are those of the recording: there is no plan to test.
            if (!group.open->replay && g < result.pacing.size()) {
                out.pacing = {
                    group.open->arrivals == load::arrival_kind::constant ? "constant" : "poisson",
                    result.pacing[g].planned, result.pacing[g].issued};
            }
        }
        if (g < result.images.size()) {
            for (const engine::opened_image& one : result.images[g])
                out.images.push_back({one.name, one.bytes, one.made, one.written_bytes});
        }
        if (g < result.alive.size()) out.alive_before_cleanup = result.alive[g];
        doc.data.alive_before_cleanup += out.alive_before_cleanup;
        add_load(doc.load, out.load);
        if (const trace::replay_feed* feed = setup.options.groups[g].replay) {
            out.replay = describe_replay(*feed);
            for (std::string& warning : replay_warnings(*out.replay))
                doc.run.warnings.push_back(std::move(warning));
        }
        if (out.exhausted) {
            doc.run.warnings.push_back(
                "group " + out.name + " had nothing left to work on " +
                (out.measured_s > 0
                     ? "after " + format_latency(std::llround(out.measured_s * 1e9)) +
                           " of the measure phase, which ended for it: its rates are over that time"
                     : std::string("when the measure phase began: nothing of it was measured")) +
                "; prepare more objects, or add tasks that make some");
        }
        doc.groups.push_back(std::move(out));
    }

    for (engine::stage_figures& stage : result.stages) {
        results::stage_figures out(std::move(stage.figures));
        out.start_s = stage.start_s;
        out.duration_s = stage.duration_s;
        for (std::size_t g = 0; g < stage.groups.size(); ++g) {
            results::load_figures load = load_of(stage.groups[g]);
            const auto& open = setup.scenario.groups[g].open;
            if (open && stage.duration_s > 0) {
                const load::rate_curve plan = scenario::rate_plan(*open, 0);
                load.intended_rate_per_s = (plan.count((stage.start_s + stage.duration_s) * 1e9) -
                                            plan.count(stage.start_s * 1e9)) /
                                           stage.duration_s;
            }
            add_load(out.load, load);
        }
        doc.stages.push_back(std::move(out));
    }

    for (const engine::endpoint_silence& one : result.endpoint_silences) {
        doc.endpoint_silences.push_back({setup.scenario.groups[one.group].name,
                                         doc.layout.endpoints[one.endpoint],
                                         silence_of(one.figures)});
    }

    results::generator_figures& gen = doc.generator;
    gen.idle = runtime::name(setup.options.idle);
    for (std::size_t c = 0; c < result.cores.size(); ++c) {
        const engine::core_figures& core = result.cores[c];
        results::core_figures out;
        out.cpu = setup.options.cpus.empty() ? -1 : setup.options.cpus[c];
        out.busy_share = std::min(1.0, core.busy_share());
        out.cpu_share = core.span_ns > 0 ? std::min(1.0, static_cast<double>(core.cpu_ns) /
                                                             static_cast<double>(core.span_ns))
                                         : 0;
        out.lag_max_ns = core.lag_max_ns;
        out.switches_voluntary = core.switches_voluntary;
        out.switches_involuntary = core.switches_involuntary;
        out.held_up_share = std::min(1.0, core.held_up_share());
        out.held_up_max_ns = core.held_up.longest_ns;
        out.queued_s = static_cast<double>(core.held_up.queued_ns) / 1e9;
        out.stopped_s = static_cast<double>(core.held_up.stopped_ns) / 1e9;
        gen.cores.push_back(out);
    }
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
    gen.connections.opened = result.connections.connects;
    gen.connections.failed = result.connections.connect_failures;
    gen.connections.tls_handshakes = result.connections.tls_handshakes;
    gen.connections.tls_resumed = result.connections.tls_resumed;
    gen.connections.timeouts = result.connections.timeouts;
    for (const stats::histogram& lag : result.schedule_lag)
        gen.loop_lag.add(lag);
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
    doc.figures = std::move(result.measured);
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
    bool corrupt = result.wrong.places > 0;
    for (const stats::figures& f : result.measured.by_operation) {
        ok += f.ok_count;
        failed += f.failed_count;
        corrupt |= std::any_of(f.errors.begin(), f.errors.end(), [](const stats::error_row& e) {
            return e.status == op_status::corrupt;
        });
    }
    // Data that came back wrong is never within a limit.
    if (corrupt) return target_verdict::failed;
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
