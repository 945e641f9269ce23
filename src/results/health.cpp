#include <chopsticks/core/units.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/health.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <cstdio>

#include "json_text.hpp"

namespace chopsticks::results {

namespace {

/// "0", "0.2", "35", "1.2k"
std::string per_second(double rate) {
    char text[32];
    if (rate > 0 && rate < 9.95) {
        std::snprintf(text, sizeof text, "%.1f", rate);
        return text;
    }
    return format_count(std::max(rate, 0.0));
}

std::string mebibytes(double bytes) {
    return std::to_string(std::llround(bytes / 1048576)) + " MiB";
}

json users_json(const std::vector<stats::cpu_user>& users) {
    json out = json::array();
    for (const stats::cpu_user& user : users) {
        json one;
        one["name"] = user.name;
        one["tasks"] = user.tasks;
        one["cpu_s"] = rounded(user.cpu_s);
        out.push_back(std::move(one));
    }
    return out;
}

json held_up_json(const held_up_health& h) {
    json out;
    out["share"] = rounded(h.share);
    out["longest_ns"] = h.longest_ns;
    out["by"] = h.by;
    out["throttled_s"] = or_null(h.cpus.throttled_s);
    out["throttled_share"] = or_null(h.cpus.throttled_share);
    out["others_cpu_s"] = or_null(h.cpus.others_s);
    out["process_cpu_s"] = or_null(h.cpus.process_s);
    out["processes"] = users_json(h.cpus.processes);
    out["threads"] = users_json(h.cpus.threads);
    return out;
}

}  // namespace

json to_json(const health_figures& h) {
    json out;
    out["connects_per_s"] = rounded(h.connects_per_s);
    out["tls_handshakes_per_s"] = rounded(h.tls_handshakes_per_s);
    out["loop_turns"] = to_json(h.loop_turns);
    out["loop_timers"] = to_json(h.loop_timers);
    out["tcp"]["connections_max"] = or_null(h.connections_max);
    out["tcp"]["retransmits"] = or_null(h.tcp_retransmits);
    out["tcp"]["rtt"] = to_json(h.rtt);
    out["ports"]["in_all"] = known(h.ports_in_all);
    out["ports"]["left_min"] = or_null(h.ports_left_min);
    out["descriptors"]["open_max"] = or_null(h.open_fds_max);
    out["descriptors"]["limit"] = known(h.fds_limit);
    out["nic"] = json::object();
    for (const auto& [name, nic] : h.nics) {
        json one;
        one["rx_bytes_per_s"] = rounded(nic.rx_bytes_per_s);
        one["tx_bytes_per_s"] = rounded(nic.tx_bytes_per_s);
        one["line_bytes_per_s"] = or_null(nic.line_bytes_per_s);
        one["utilisation"] = or_null(nic.utilisation);
        one["utilisation_max"] = or_null(nic.utilisation_max);
        one["at_limit_share"] = rounded(nic.at_limit_share);
        out["nic"][name] = std::move(one);
    }
    json cpu;
    cpu["steal_share"] = or_null(h.steal_share);
    cpu["steal_share_max"] = or_null(h.steal_share_max);
    cpu["host_busy_share"] = or_null(h.host_busy_share);
    cpu["mhz_mean"] = or_null(h.cpu_mhz_mean);
    cpu["mhz_min"] = or_null(h.cpu_mhz_min);
    out["cpu"] = std::move(cpu);
    out["held_up"] = held_up_json(h.held_up);
    out["rss_bytes_max"] = or_null(h.rss_bytes_max);
    out["clock"]["steps"] = h.clock_steps;
    out["clock"]["step_max_ns"] = h.clock_step_ns;
    out["sampling"]["samples"] = h.samples;
    out["sampling"]["cpu_s"] = rounded(h.sampling_cpu_s);
    out["sampling"]["cpu_max_ns"] = h.sample_max_ns;
    out["calibration"] = nullptr;
    if (h.calibration) {
        json used;
        used["file"] = h.calibration->file;
        used["made"] = h.calibration->made;
        used["used_share"] = rounded(h.calibration->used_share);
        out["calibration"] = std::move(used);
    }
    return out;
}

json to_json(const interval_health& h) {
    json out;
    out["connects_per_s"] = rounded(h.connects_per_s);
    out["tls_handshakes_per_s"] = rounded(h.tls_handshakes_per_s);
    out["loop_turn_p99_ns"] = h.loop_turn_p99_ns;
    out["loop_turn_max_ns"] = h.loop_turn_max_ns;
    out["timer_lag_p99_ns"] = h.timer_lag_p99_ns;
    out["held_up_share"] = rounded(h.held_up_share);
    out["held_up_max_ns"] = h.held_up_max_ns;
    out["steal_share"] = or_null(h.steal_share);
    out["cpu_mhz"] = or_null(h.cpu_mhz);
    out["rss_bytes"] = or_null(h.rss_bytes);
    out["open_fds"] = or_null(h.open_fds);
    out["switches_voluntary"] = or_null(h.switches_voluntary);
    out["switches_involuntary"] = or_null(h.switches_involuntary);
    out["connections"] = or_null(h.connections);
    out["ports_left"] = or_null(h.ports_left);
    out["tcp_retransmits"] = or_null(h.tcp_retransmits);
    out["rtt_p50_ns"] = or_null(h.rtt_p50_ns);
    out["rtt_max_ns"] = or_null(h.rtt_max_ns);
    out["nic_bytes_per_s"] = rounded(h.nic_bytes_per_s);
    out["nic_utilisation"] = or_null(h.nic_utilisation);
    out["clock_step_ns"] = h.clock_step_ns;
    return out;
}

std::string format_health(const interval_health& h) {
    constexpr std::size_t width = 79;
    std::string out = "        ";
    bool first = true;
    const auto add = [&](const std::string& fact) {
        if (columns(out) + columns(fact) + 2 > width) return;
        out += (first ? "" : ", ") + fact;
        first = false;
    };
    if (std::abs(h.clock_step_ns) >= 1'000'000) {
        add("CLOCK SET by " + format_latency(std::abs(h.clock_step_ns)));
    }
    if (h.held_up_share >= 0.01) add("HELD UP " + percent(h.held_up_share));
    add("loop p99 " + format_latency(h.loop_turn_p99_ns));
    if (h.nic_utilisation) add("nic " + percent(*h.nic_utilisation));
    if (h.steal_share) add("steal " + percent(*h.steal_share));
    if (h.rtt_p50_ns) add("rtt " + format_latency(*h.rtt_p50_ns));
    if (h.tcp_retransmits) add("retr " + format_count(static_cast<double>(*h.tcp_retransmits)));
    add("conn " + per_second(h.connects_per_s) + "/s");
    if (h.tls_handshakes_per_s > 0) add("tls " + per_second(h.tls_handshakes_per_s) + "/s");
    if (h.ports_left) add("ports " + format_count(static_cast<double>(*h.ports_left)));
    if (h.rss_bytes) add(mebibytes(static_cast<double>(*h.rss_bytes)));
    if (h.open_fds) add("fds " + format_count(static_cast<double>(*h.open_fds)));
    return out;
}

std::string describe_health(const json& health) {
    std::string out;
    const auto add = [&out](const std::string& fact) { out += (out.empty() ? "" : ", ") + fact; };
    const auto known_number = [](const json& object, const char* key) {
        return member(object, key).is_number();
    };
    const json& turns = member(health, "loop_turns");
    if (count(turns, "count") > 0) {
        add("loop turn p99 " + format_latency(std::llround(number(turns, "p99_ns"))) + ", max " +
            format_latency(std::llround(number(turns, "max_ns"))));
    }
    const json& held_up = member(health, "held_up");
    if (number(held_up, "share") >= 0.001) {
        add("held up " + percent(number(held_up, "share")) + " of the time (" +
            text(held_up, "by") + "), " +
            format_latency(std::llround(number(held_up, "longest_ns"))) + " at once");
    }
    const json& tcp = member(health, "tcp");
    if (count(member(tcp, "rtt"), "count") > 0) {
        add("round trip p50 " + format_latency(std::llround(number(member(tcp, "rtt"), "p50_ns"))));
    }
    if (known_number(tcp, "retransmits")) {
        add("retransmits " + std::to_string(count(tcp, "retransmits")));
    }
    add("connects " + per_second(number(health, "connects_per_s")) + "/s");
    if (number(health, "tls_handshakes_per_s") > 0) {
        add("TLS handshakes " + per_second(number(health, "tls_handshakes_per_s")) + "/s");
    }
    for (const auto& [name, nic] : member(health, "nic").items()) {
        if (!known_number(nic, "utilisation")) continue;
        add(printable(name) + " " + percent(number(nic, "utilisation")) + " used");
    }
    const json& cpu = member(health, "cpu");
    if (known_number(cpu, "steal_share")) add("steal " + percent(number(cpu, "steal_share")));
    if (known_number(cpu, "mhz_mean")) {
        add(std::to_string(std::llround(number(cpu, "mhz_mean"))) + " MHz");
    }
    const json& fds = member(health, "descriptors");
    if (known_number(fds, "open_max")) {
        add("open files " + std::to_string(count(fds, "open_max")) + " of " +
            std::to_string(count(fds, "limit")));
    }
    const json& ports = member(health, "ports");
    if (known_number(ports, "left_min")) {
        add("ports left " + std::to_string(count(ports, "left_min")) + " of " +
            std::to_string(count(ports, "in_all")));
    }
    const json& clock = member(health, "clock");
    if (count(clock, "steps") > 0) {
        add("wall clock set " + std::to_string(count(clock, "steps")) + " times, by " +
            format_latency(std::llround(std::abs(number(clock, "step_max_ns")))));
    }
    const json& used = member(health, "calibration");
    if (known_number(used, "used_share")) {
        add("used " + percent(number(used, "used_share")) +
            " of what the generator can do (calibrated " + text(used, "made").substr(0, 10) + ")");
    }
    return out;
}

}  // namespace chopsticks::results
