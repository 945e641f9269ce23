#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/engine/validity.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "percent.hpp"

namespace chopsticks::engine {

namespace {

using limits = scenario::health_limits;
using reasons = std::vector<std::string>;

std::int64_t median(const std::int64_t* first, const std::int64_t* last) {
    std::vector<std::int64_t> values(first, last);
    const auto middle = values.begin() + (last - first) / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void check_cores(const run_result& result, const limits& limit, reasons& out) {
    const bool lag_grows = grows(result.send_lag_p99_ns, limit.send_lag_floor_ns);
    for (std::size_t core = 0; core < result.cores.size(); ++core) {
        const double share = result.cores[core].busy_share();
        const std::string who = "Core " + std::to_string(core) + " was " + percent(share) + " busy";
        const char* advice = "Use more cores (--cores) or offer less load per core.";
        if (share > limit.core_saturated) {
            out.push_back(who + " (limit " + percent(limit.core_saturated) +
                          "): operations waited for the generator. " + advice);
        } else if (share > limit.core_busy && lag_grows) {
            out.push_back(who + " (limit " + percent(limit.core_busy) +
                          ") while the send lag grew: the generator fell behind. " + advice);
        }
    }
}

/// The part of the send lag that is the generator's own. Work that waited because all users were
/// busy waited for the target; where hardly any did, the whole send lag is the generator's.
const stats::histogram& own_lag(const load_figures& load, const stats::histogram& send_lag,
                                const stats::histogram& schedule_lag) {
    // A tenth of what the 99th percentile leaves out.
    const bool rare = load.queued + load.shed <= load.intended / 1000;
    return rare && send_lag.count() > 0 ? send_lag : schedule_lag;
}

/// What the lateness of an open loop may come to: of the median service time, or, where the run is
/// held against latencies, of the tightest objective of the group: what matters then is whether
/// they are still told right.
std::int64_t lag_limit(const stats::histogram& service, const std::string& group,
                       const limits& limit, const std::vector<scenario::slo>& slos) {
    std::int64_t base = service.value_at_percentile(50);
    std::int64_t objective = INT64_MAX;
    for (const scenario::slo& s : slos) {
        if (!s.is_latency() || (!s.group.empty() && s.group != group)) continue;
        objective = std::min(objective, static_cast<std::int64_t>(s.limit));
    }
    if (objective != INT64_MAX) base = std::max(base, objective);
    return std::max(limit.send_lag_floor_ns,
                    static_cast<std::int64_t>(static_cast<double>(base) * limit.send_lag));
}

/// Group by group: a closed one beside it, whose users are never late, must not hide a late one.
void check_lag(const run_result& result, const run_options& options, const limits& limit,
               const std::vector<scenario::slo>& slos, const std::string& remedy, reasons& out) {
    for (std::size_t g = 0; g < options.groups.size() && g < result.schedule_lag.size(); ++g) {
        const scenario::group& group = *options.groups[g].group;
        if (!group.open) continue;
        stats::histogram service;
        stats::histogram send_lag;
        for (std::size_t i = 0; i < result.names.operations.size(); ++i) {
            if (!result.names.operations[i].starts_with(group.name + "/")) continue;
            service.add(result.measured.by_operation[i].service);
            send_lag.add(result.measured.by_operation[i].send_lag);
        }
        const stats::histogram& own = own_lag(result.groups[g], send_lag, result.schedule_lag[g]);
        if (own.count() == 0 || service.count() == 0) continue;
        const std::int64_t lag = own.value_at_percentile(99);
        const std::int64_t most = lag_limit(service, group.name, limit, slos);
        if (lag <= most) continue;
        out.push_back("Group " + group.name + ": the generator sent due operations late (p99 " +
                      format_latency(lag) + ", limit " + format_latency(most) + "). " + remedy);
    }
}

/// Tasks of this process in the measure phase, by the group's plan or by what somebody wanted.
double planned_tasks(const run_result& result, const run_options& options, std::size_t g) {
    if (result.steered) return result.steered->planned_tasks[g];
    const double from_ns = result.warmup_s * 1e9;
    const load::rate_curve plan =
        scenario::rate_plan(*options.groups[g].group->open, static_cast<std::int64_t>(from_ns));
    const double all = plan.count(from_ns + result.group_measure_s[g] * 1e9) - plan.count(from_ns);
    return all * options.cores / options.world_cores();
}

/// Work that was not done although the target would have let us.
void check_achieved(const run_result& result, const run_options& options, const limits& limit,
                    reasons& out) {
    // Where a limit of operations or bytes ends the load, nothing more was due.
    if (options.plan->stop.operations > 0 || options.plan->stop.bytes > 0) return;
    // A run that was interrupted before its load has none.
    for (std::size_t g = 0; g < result.group_measure_s.size(); ++g) {
        const scenario::group& group = *options.groups[g].group;
        // A recording has no rate that could be held against; check_replays looks at it.
        if (!group.open || group.open->replay) continue;
        const load_figures& load = result.groups[g];
        const double planned = planned_tasks(result, options, g);
        const auto noticed = static_cast<double>(load.intended);
        // Four standard deviations of a Poisson count: what chance alone leaves out.
        if (planned > 0 && !result.interrupted && noticed < planned * limit.achieved &&
            planned - noticed > 4 * std::sqrt(planned)) {
            out.push_back("Group " + group.name + ": of " + std::to_string(std::llround(planned)) +
                          " tasks that were due the generator came to " +
                          std::to_string(load.intended) + " (" + percent(noticed / planned) +
                          ", limit " + percent(limit.achieved) +
                          "): the rate is more than its cores can do.");
            continue;
        }
        const double missing = static_cast<double>(load.shed + load.backlog);
        const bool users_left = load.in_flight_max < options.share_of(group.open->max_in_flight);
        if (!users_left || missing <= noticed * (1 - limit.achieved)) continue;
        // Users were idle, so the target was not asked: either nobody came to hand out the work in
        // time, or it fell to a core whose own users were all busy.
        const bool late = result.schedule_lag[g].value_at_percentile(99) > limit.send_lag_floor_ns;
        out.push_back(
            "Group " + group.name + ": " + percent(missing / noticed) +
            " of the due tasks were not begun although fewer than max_in_flight (" +
            std::to_string(group.open->max_in_flight) + ") were under way: " +
            (late ? "the rate is more than the generator's cores can do. Use more cores (--cores) "
                    "or a lower rate."
                  : "the load is uneven over the cores. Raise max_in_flight or use fewer cores."));
    }
}

void check_replays(const run_options& options, const limits& limit, reasons& out) {
    for (const group_setup& setup : options.groups) {
        if (setup.replay == nullptr) continue;
        const trace::replay_figures r = setup.replay->figures();
        if (!r.problem.empty()) {
            out.push_back("The recording " + setup.replay->options().file + " " + r.problem + ".");
        }
        if (r.lateness_max_ns <= limit.send_lag_floor_ns) continue;
        out.push_back("The reader of the recording fell behind: " + std::to_string(r.late) +
                      " operations came up to " + format_latency(r.lateness_max_ns) +
                      " late; replay at a lower speed, or from a faster disk.");
    }
}

void check_supplies(const run_result& result, const limits& limit, const observed_health& observed,
                    reasons& out) {
    const driver_counters& c = result.measured_connections;
    const auto used_up = [](double used, double all, double share) {
        return all > 0 && used >= all * share;
    };
    const double fds = static_cast<double>(observed.open_fds_max.value_or(0));
    if (c.no_descriptor > 0 ||
        used_up(fds, static_cast<double>(observed.fds_limit), limit.descriptors)) {
        out.push_back("File descriptors ran out (" +
                      std::to_string(observed.open_fds_max.value_or(0)) + " open, limit " +
                      std::to_string(observed.fds_limit) + ", " + std::to_string(c.no_descriptor) +
                      " connections failed for it): raise `ulimit -n`.");
    }
    const auto ports = static_cast<double>(observed.ports_in_all);
    const double left =
        static_cast<double>(observed.ports_left_min.value_or(observed.ports_in_all));
    if (c.no_port > 0 || used_up(ports - left, ports, limit.ports)) {
        out.push_back("Local ports ran out (" + std::to_string(c.no_port) +
                      " connections failed for it): widen net.ipv4.ip_local_port_range, use more "
                      "endpoints, or keep connections open.");
    }
}

void check_host(const limits& limit, const observed_health& observed, reasons& out) {
    if (observed.steal_share.value_or(0) > limit.steal) {
        out.push_back("The hypervisor took " + percent(*observed.steal_share) +
                      " of the CPU time (limit " + percent(limit.steal) +
                      "): other guests are in the figures.");
    }
    for (const observed_health::line& line : observed.lines) {
        if (line.at_limit_share <= line_time_limit) continue;
        out.push_back("The interface " + line.nic + " was over " + percent(limit.line_rate) +
                      " of its line rate for " + percent(line.at_limit_share) +
                      " of the time: the figures are the network's.");
    }
    if (std::abs(observed.clock_step_ns) > limit.clock_step_ns) {
        out.push_back(std::string("The wall clock was set ") +
                      (observed.clock_step_ns < 0 ? "back" : "forward") + " by " +
                      format_latency(std::abs(observed.clock_step_ns)) +
                      ", or the machine stood still: signatures and dates of the run do not fit.");
    }
}

}  // namespace

bool grows(const std::vector<std::int64_t>& series, std::int64_t floor) {
    const std::size_t third = series.size() / 3;
    if (third < 2) return false;
    const std::int64_t first = median(series.data(), series.data() + third);
    const std::int64_t last =
        median(series.data() + series.size() - third, series.data() + series.size());
    return last - first > floor && last - first > first / 2;
}

std::vector<std::string> invalid_reasons(const run_result& result, const run_options& options,
                                         const observed_health& observed) {
    reasons out;
    static const limits defaults;
    const limits& limit = options.plan != nullptr ? options.plan->limits : defaults;
    std::uint64_t ended = 0;
    for (const stats::figures& f : result.measured.by_operation)
        ended += f.ok_count + f.failed_count;
    if (ended == 0) {
        out.push_back(result.interrupted && result.measure_s <= 0
                          ? "The run was interrupted before it measured anything."
                          : "No operation ended in the measure phase; measure longer.");
    }
    const held_up_summary held_up = summarize_held_up(result.cores, observed.cpus);
    if (is_held_up(held_up, limit)) {
        out.push_back(describe_held_up(held_up, observed.cpus, limit));
    }
    check_cores(result, limit, out);
    const bool open = std::any_of(options.groups.begin(), options.groups.end(),
                                  [](const group_setup& g) { return g.group->open.has_value(); });
    if (open) {
        check_lag(result, options, limit,
                  options.plan != nullptr ? options.plan->slos : std::vector<scenario::slo>(),
                  lateness_remedy(held_up, limit), out);
        if (options.plan != nullptr) check_achieved(result, options, limit, out);
    }
    check_supplies(result, limit, observed, out);
    check_host(limit, observed, out);
    check_replays(options, limit, out);
    return out;
}

}  // namespace chopsticks::engine
