#include "whole_run.hpp"

#include <algorithm>

namespace chopsticks::engine {

std::int64_t exhausted_since(const worker_list& workers, std::size_t group) {
    std::int64_t since_ns = 0;
    for (const auto& w : workers) {
        const std::int64_t one_ns =
            w->groups()[group]->exhausted_ns.load(std::memory_order_relaxed);
        if (one_ns == 0) return 0;
        since_ns = std::max(since_ns, one_ns);
    }
    return since_ns;
}

std::int64_t done_since(const worker_list& workers) {
    std::int64_t finished_ns = 0;
    bool finished = true;
    for (const auto& w : workers) {
        finished = finished && w->finished.load(std::memory_order_acquire);
        finished_ns = std::max(finished_ns, w->finished_ns.load(std::memory_order_relaxed));
    }
    if (finished) return finished_ns;
    std::int64_t exhausted_ns = 0;
    for (std::size_t g = 0; g < workers.front()->groups().size(); ++g) {
        const std::int64_t one_ns = exhausted_since(workers, g);
        if (one_ns == 0) return 0;
        exhausted_ns = std::max(exhausted_ns, one_ns);
    }
    return exhausted_ns;
}

void add_silences(run_result& result, const run_options& options, const shared_state& shared,
                  const std::vector<std::vector<core_gaps>>& gaps, std::int64_t measure_ns) {
    // A gap is one of all cores: so is what kept them from running.
    std::int64_t held_up_ns = result.cores.empty() ? 0 : INT64_MAX;
    for (const core_figures& core : result.cores)
        held_up_ns = std::min(held_up_ns, core.held_up.longest_ns);
    // A run that never came to its load has none.
    for (std::size_t g = 0; g < result.group_measure_s.size(); ++g) {
        const std::string prefix = options.groups[g].group->name + "/";
        const std::int64_t end_ns =
            measure_ns + static_cast<std::int64_t>(result.group_measure_s[g] * 1e9);
        std::uint64_t successes = 0;
        stats::histogram service;
        for (std::size_t i = 0; i < result.names.operations.size(); ++i) {
            if (!result.names.operations[i].starts_with(prefix)) continue;
            successes += result.measured.by_operation[i].ok_count;
            service.add(result.measured.by_operation[i].service);
        }
        const std::uint64_t in_flight = result.groups[g].in_flight_max;
        result.silences.push_back(silence_between(gaps[g].front(), measure_ns, end_ns, successes,
                                                  service, in_flight, held_up_ns));
        for (std::size_t i = 1; i < gaps[g].size(); ++i) {
            const std::size_t endpoint = shared.first_endpoint[g] + i - 1;
            const stats::figures& f = result.measured.by_endpoint[endpoint];
            result.endpoint_silences.push_back(
                {g, endpoint,
                 silence_between(gaps[g][i], measure_ns, end_ns, f.ok_count, f.service,
                                 in_flight / (gaps[g].size() - 1), held_up_ns)});
        }
    }
}

}  // namespace chopsticks::engine
