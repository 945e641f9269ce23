#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/engine/held_up.hpp>
#include <cmath>
#include <cstdio>

#include "percent.hpp"

namespace chopsticks::engine {

namespace {

std::string seconds(double s) {
    char text[32];
    std::snprintf(text, sizeof text, s < 0.1 ? "%.3f s" : s < 10 ? "%.1f s" : "%.0f s", s);
    return text;
}

/// "cc1plus (12) 8.1 s, ninja 0.4 s"
std::string list_of(const std::vector<cpu_user>& users) {
    std::string out;
    for (const cpu_user& one : users) {
        if (!out.empty()) out += ", ";
        out += one.name;
        if (one.tasks > 1) out += " (" + std::to_string(one.tasks) + ")";
        out += " " + seconds(one.cpu_s);
    }
    return out;
}

double own_other_s(const std::vector<core_figures>& cores, const cpu_contention& seen) {
    double cores_s = 0;
    for (const core_figures& core : cores)
        cores_s += static_cast<double>(core.cpu_ns) / 1e9;
    return std::max(0.0, seen.process_s.value_or(0) - cores_s);
}

const char* remedy_for(held_up_by by) {
    switch (by) {
        case held_up_by::nothing:
            break;
        case held_up_by::stop:
            return "Let nothing stop the process while it measures.";
        case held_up_by::hypervisor:
            return "Measure on a machine whose CPUs are its own.";
        case held_up_by::quota:
            return "Raise the quota (cpu.max, cpu.cfs_quota_us, a container's CPU limit), or use "
                   "fewer cores (--cores) than it allows.";
        case held_up_by::others:
            return "End the other programs, or give the generator CPUs of its own (taskset, "
                   "another machine).";
        case held_up_by::own_threads:
            return "Use fewer cores (--cores), so that CPUs are left for these threads, or --idle "
                   "sleep.";
        case held_up_by::waking:
            return "Use --idle spin, or keep the CPUs from saving power (the performance "
                   "governor).";
        case held_up_by::unknown:
            return "See what else runs on the machine.";
    }
    return "";
}

}  // namespace

std::string_view name(held_up_by by) noexcept {
    switch (by) {
        case held_up_by::nothing:
            return "nothing";
        case held_up_by::stop:
            return "stop";
        case held_up_by::hypervisor:
            return "hypervisor";
        case held_up_by::quota:
            return "quota";
        case held_up_by::others:
            return "others";
        case held_up_by::own_threads:
            return "own_threads";
        case held_up_by::waking:
            return "waking";
        case held_up_by::unknown:
            return "unknown";
    }
    return "unknown";
}

held_up_summary summarize_held_up(const std::vector<core_figures>& cores,
                                  const cpu_contention& seen) {
    held_up_summary out;
    for (std::size_t i = 0; i < cores.size(); ++i) {
        const core_figures& core = cores[i];
        out.queued_s += static_cast<double>(core.held_up.queued_ns) / 1e9;
        out.stopped_s += static_cast<double>(core.held_up.stopped_ns) / 1e9;
        out.longest_ns = std::max(out.longest_ns, core.held_up.longest_ns);
        if (core.held_up_share() <= out.share) continue;
        out.share = std::min(1.0, core.held_up_share());
        out.core = i;
    }
    const double lost_s = out.queued_s + out.stopped_s;
    // A quota's throttling may show as either, depending on the kernel.
    if (lost_s <= 0) {
        out.by = held_up_by::nothing;
    } else if (seen.throttled_s.value_or(0) >= lost_s / 2) {
        out.by = held_up_by::quota;
    } else if (out.stopped_s >= out.queued_s) {
        const bool stolen = seen.stolen_s.value_or(0) >= out.stopped_s / 2;
        out.by = stolen ? held_up_by::hypervisor : held_up_by::stop;
    } else if (seen.others_s && seen.process_s) {
        const double own_s = own_other_s(cores, seen);
        // Whoever had the CPUs in that time has used them.
        out.by = own_s + *seen.others_s < out.queued_s / 2 ? held_up_by::waking
                 : own_s > *seen.others_s                  ? held_up_by::own_threads
                                                           : held_up_by::others;
    } else {
        out.by = held_up_by::unknown;
    }
    return out;
}

bool is_held_up(const held_up_summary& s, const scenario::health_limits& limit) noexcept {
    return s.share > limit.held_up || s.longest_ns > limit.held_up_longest_ns;
}

std::string describe_held_up(const held_up_summary& s, const cpu_contention& seen,
                             const scenario::health_limits& limit) {
    std::string out = "The generator was held up: core " + std::to_string(s.core) +
                      " was kept from running for " + percent(s.share) + " of the time (limit " +
                      percent(limit.held_up) + "), for " + format_latency(s.longest_ns) +
                      " at once (limit " + format_latency(limit.held_up_longest_ns) + ")";
    switch (s.by) {
        case held_up_by::nothing:
            break;
        case held_up_by::stop:
            out += ", since it was stopped (SIGSTOP, a debugger, a frozen container, paging)";
            break;
        case held_up_by::hypervisor:
            out += ", since the hypervisor gave the CPUs to other guests";
            break;
        case held_up_by::quota:
            out += ", since the CPU quota of its control group was used up";
            if (seen.throttled_share)
                out += " in " + percent(*seen.throttled_share) + " of its periods";
            break;
        case held_up_by::others:
            out += ", since other processes had the CPUs";
            break;
        case held_up_by::own_threads:
            out += ", since other threads of this process had the CPUs";
            break;
        case held_up_by::waking:
            out += ", since its CPUs were slow to wake up, though hardly anybody else used them";
            break;
        case held_up_by::unknown:
            out += ", by what is not known";
            break;
    }
    out += ". ";
    if (s.by != held_up_by::quota && seen.throttled_share.value_or(0) > 0.1) {
        out += "The CPU quota of its control group was used up in " +
               percent(*seen.throttled_share) + " of its periods as well. ";
    }
    const bool others = s.by == held_up_by::others && seen.others_s;
    if (others) {
        out += "Others used " + seconds(*seen.others_s) + " of CPU time";
        if (!seen.processes.empty()) out += " (" + list_of(seen.processes) + ")";
        out += ". ";
    }
    if ((others || s.by == held_up_by::own_threads) && !seen.threads.empty()) {
        out += "This process: " + list_of(seen.threads) + ". ";
    }
    return out + remedy_for(s.by);
}

std::string lateness_remedy(const held_up_summary& s, const scenario::health_limits& limit) {
    // Below the limit too: more cores are no help where others have them.
    constexpr double worth_saying = 0.01;
    const bool known = s.by == held_up_by::others || s.by == held_up_by::quota;
    if (is_held_up(s, limit) || (known && s.share >= worth_saying)) return remedy_for(s.by);
    return "Use more cores, --idle spin, or a lower rate.";
}

}  // namespace chopsticks::engine
