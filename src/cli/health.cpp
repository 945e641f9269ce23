#include "health.hpp"

#include <algorithm>

namespace chopsticks::cli {

namespace {

results::held_up_health held_up_of(const engine::run_result& result,
                                   const engine::cpu_contention& cpus) {
    const engine::held_up_summary found = engine::summarize_held_up(result.cores, cpus);
    results::held_up_health out;
    out.share = found.share;
    out.longest_ns = found.longest_ns;
    out.by = engine::name(found.by);
    out.cpus = cpus;
    return out;
}

}  // namespace

engine::cpu_contention contention_of(const telemetry::health_summary& seen) {
    const telemetry::contention& cpus = seen.cpus;
    engine::cpu_contention out;
    if (cpus.throttled) {
        out.throttled_s = static_cast<double>(cpus.throttled->throttled_ns) / 1e9;
        if (cpus.throttled->periods > 0) {
            out.throttled_share = static_cast<double>(cpus.throttled->throttled_periods) /
                                  static_cast<double>(cpus.throttled->periods);
        }
    }
    out.stolen_s = seen.over.host_steal_s;
    out.process_s = cpus.process_s;
    if (cpus.host_busy_s && cpus.process_s) {
        out.others_s = std::max(0.0, *cpus.host_busy_s - *cpus.process_s);
    }
    out.processes = cpus.processes;
    out.threads = cpus.threads;
    return out;
}

telemetry::sampler_options sampling_of(const engine::run_options& options) {
    telemetry::sampler_options out;
    out.interval_ns = options.interval_ns;
    out.cpus = options.cpus;
    for (const engine::group_setup& group : options.groups) {
        for (const std::string& text : group.target->peers()) {
            if (const auto peer = telemetry::parse_peer(text)) out.peers.push_back(*peer);
        }
    }
    return out;
}

results::interval_health health_of(const engine::interval& one,
                                   const telemetry::health_sample& sample) {
    results::interval_health out;
    if (one.duration_s > 0) {
        out.connects_per_s = static_cast<double>(one.connections.connects) / one.duration_s;
        out.tls_handshakes_per_s =
            static_cast<double>(one.connections.tls_handshakes) / one.duration_s;
    }
    out.loop_turn_p99_ns = one.lag.turns.value_at_percentile(99);
    for (const engine::core_figures& core : one.cores)
        out.loop_turn_max_ns = std::max(out.loop_turn_max_ns, core.lag_max_ns);
    for (const engine::core_figures& core : one.cores) {
        out.held_up_share = std::max(out.held_up_share, std::min(1.0, core.held_up_share()));
        out.held_up_max_ns = std::max(out.held_up_max_ns, core.held_up.longest_ns);
    }
    out.timer_lag_p99_ns = one.lag.timers.value_at_percentile(99);
    out.steal_share = sample.steal_share;
    out.cpu_mhz = sample.cpu_mhz;
    out.rss_bytes = sample.rss_bytes;
    out.open_fds = sample.open_fds;
    out.switches_voluntary = sample.switches_voluntary;
    out.switches_involuntary = sample.switches_involuntary;
    out.connections = sample.connections;
    out.ports_left = sample.ports_left;
    out.tcp_retransmits = sample.retransmits;
    out.rtt_p50_ns = sample.rtt_p50_ns;
    out.rtt_max_ns = sample.rtt_max_ns;
    for (const auto& [name, nic] : sample.nics) {
        out.nic_bytes_per_s += nic.rx_bytes_per_s + nic.tx_bytes_per_s;
        if (nic.utilisation && *nic.utilisation > out.nic_utilisation.value_or(-1)) {
            out.nic_utilisation = nic.utilisation;
        }
    }
    out.clock_step_ns = sample.clock_step_ns;
    return out;
}

results::health_figures health_of(const engine::run_result& result,
                                  const telemetry::health_summary& seen) {
    results::health_figures out;
    if (result.measure_s > 0) {
        const engine::driver_counters& c = result.measured_connections;
        out.connects_per_s = static_cast<double>(c.connects) / result.measure_s;
        out.tls_handshakes_per_s = static_cast<double>(c.tls_handshakes) / result.measure_s;
    }
    out.loop_turns = result.lag.turns;
    out.loop_timers = result.lag.timers;
    out.connections_max = seen.connections_max;
    out.tcp_retransmits = seen.retransmits;
    out.rtt = seen.rtt;
    out.ports_in_all = seen.ports_in_all;
    out.ports_left_min = seen.ports_left_min;
    out.open_fds_max = seen.open_fds_max;
    out.fds_limit = seen.fds_limit;
    for (const auto& [name, nic] : seen.nics) {
        results::nic_health one;
        if (seen.over.duration_s > 0) {
            one.rx_bytes_per_s = static_cast<double>(nic.moved.rx_bytes) / seen.over.duration_s;
            one.tx_bytes_per_s = static_cast<double>(nic.moved.tx_bytes) / seen.over.duration_s;
        }
        one.line_bytes_per_s = nic.speed_bytes_per_s;
        if (nic.speed_bytes_per_s) {
            one.utilisation =
                std::max(one.rx_bytes_per_s, one.tx_bytes_per_s) / *nic.speed_bytes_per_s;
        }
        one.utilisation_max = nic.utilisation_max;
        one.at_limit_share = nic.at_limit_share;
        out.nics[name] = one;
    }
    out.held_up = held_up_of(result, contention_of(seen));
    out.steal_share = seen.over.host_steal_share;
    out.steal_share_max = seen.steal_share_max;
    out.host_busy_share = seen.over.host_busy_share;
    out.cpu_mhz_mean = seen.cpu_mhz_mean;
    out.cpu_mhz_min = seen.cpu_mhz_min;
    out.rss_bytes_max = seen.rss_bytes_max;
    out.clock_steps = seen.clock_steps;
    out.clock_step_ns = seen.clock_step_ns;
    out.samples = seen.samples;
    out.sampling_cpu_s = static_cast<double>(seen.cost_ns) / 1e9;
    out.sample_max_ns = seen.cost_max_ns;
    return out;
}

engine::observed_health observed_by(const telemetry::health_summary& seen) {
    engine::observed_health out;
    out.steal_share = seen.over.host_steal_share;
    out.cpus = contention_of(seen);
    out.open_fds_max = seen.open_fds_max;
    out.fds_limit = seen.fds_limit;
    out.ports_left_min = seen.ports_left_min;
    out.ports_in_all = seen.ports_in_all;
    for (const auto& [name, nic] : seen.nics)
        out.lines.push_back({name, nic.at_limit_share});
    out.clock_step_ns = seen.clock_step_ns;
    return out;
}

}  // namespace chopsticks::cli
