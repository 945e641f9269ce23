#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/engine/validity.hpp>
#include <cstdio>

namespace chopsticks::engine {

namespace {

std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, "%.0f %%", share * 100);
    return text;
}

}  // namespace

std::vector<std::string> invalid_reasons(const run_result& result, const run_options& options) {
    std::vector<std::string> reasons;
    std::uint64_t ended = 0;
    stats::histogram service;
    for (const stats::figures& f : result.measured.by_operation) {
        ended += f.ok_count + f.failed_count;
        service.add(f.service);
    }
    if (ended == 0) {
        reasons.push_back(result.interrupted && result.measure_s <= 0
                              ? "The run was interrupted before it measured anything."
                              : "No operation ended in the measure phase; measure longer.");
        return reasons;
    }
    for (std::size_t core = 0; core < result.cores.size(); ++core) {
        const double share = result.cores[core].busy_share();
        if (share <= busy_share_limit) continue;
        reasons.push_back("Core " + std::to_string(core) + " was " + percent(share) +
                          " busy (limit " + percent(busy_share_limit) +
                          "): operations waited for the generator. Use more cores (--cores) or "
                          "offer less load per core.");
    }
    const bool open = std::any_of(options.groups.begin(), options.groups.end(),
                                  [](const group_setup& g) { return g.group->open.has_value(); });
    if (open && result.schedule_lag.count() > 0) {
        const std::int64_t lag = result.schedule_lag.value_at_percentile(99);
        const std::int64_t median = service.value_at_percentile(50);
        const auto limit = std::max<std::int64_t>(
            lag_floor_ns, static_cast<std::int64_t>(static_cast<double>(median) * lag_share_limit));
        if (service.count() > 0 && lag > limit) {
            reasons.push_back("The generator noticed due operations late (p99 " +
                              format_latency(lag) + ", limit " + format_latency(limit) +
                              "): use more cores, --idle spin, or a lower rate.");
        }
    }
    for (const group_setup& setup : options.groups) {
        if (setup.replay == nullptr) continue;
        const trace::replay_figures r = setup.replay->figures();
        if (!r.problem.empty()) {
            reasons.push_back("The recording " + setup.replay->options().file + " " + r.problem +
                              ".");
        }
        if (r.lateness_max_ns <= lag_floor_ns) continue;
        reasons.push_back("The reader of the recording fell behind: " + std::to_string(r.late) +
                          " operations came up to " + format_latency(r.lateness_max_ns) +
                          " late; replay at a lower speed, or from a faster disk.");
    }
    return reasons;
}

}  // namespace chopsticks::engine
