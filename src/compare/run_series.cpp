#include "run_series.hpp"

#include <chopsticks/compare/bootstrap.hpp>
#include <cmath>

namespace chopsticks::compare {

namespace {

/// Calls visit(interval) for those of the measure phase; a shorter one at its end is left out.
template <typename Visit>
void each_measured(const results::result_file& run, const Visit& visit) {
    for (const results::interval_figures& one : run.intervals) {
        if (one.phase == "measure" && one.duration_s >= run.interval_s / 2) visit(one);
    }
}

template <typename Visit>
void each_operation(const results::interval_figures& interval, std::string_view operation,
                    const Visit& visit) {
    for (const results::operation_figures& one : interval.operations) {
        if (operation.empty() || one.name == operation) visit(one);
    }
}

}  // namespace

series_estimate figure_within(const results::result_file& run, std::string_view operation,
                              const figure& what) {
    std::vector<double> above;
    std::vector<double> below;
    each_measured(run, [&](const results::interval_figures& interval) {
        double part = 0;
        double whole = what.more_is_better() ? interval.duration_s : 0;
        each_operation(interval, operation, [&](const results::operation_figures& f) {
            const auto ok = static_cast<double>(f.ok);
            const auto lost = static_cast<double>(f.failed + f.shed + f.unfinished);
            const results::latency_figures& latency = what.service ? f.service : f.response;
            switch (what.kind) {
                case figure_kind::throughput:
                    part += ok;
                    break;
                case figure_kind::bandwidth:
                    part += static_cast<double>(f.bytes);
                    break;
                case figure_kind::error_rate:
                    part += lost;
                    whole += ok + lost;
                    break;
                default:
                    part += latency.mean_ns * static_cast<double>(latency.count);
                    whole += static_cast<double>(latency.count);
            }
        });
        above.push_back(part);
        below.push_back(whole);
    });
    series_estimate out = ratio_of_sums(above, below);
    if (what.kind == figure_kind::error_rate) return out;
    if (!(out.mean.value > 0)) return {};
    // The error of a logarithm is the relative one.
    out.mean.standard_error /= out.mean.value;
    out.mean.value = std::log(out.mean.value);
    return out;
}

std::vector<estimate> percentiles_within(const results::result_file& run,
                                         std::string_view operation, bool service,
                                         std::span<const double> percentiles, std::uint64_t seed) {
    std::vector<stats::histogram> intervals;
    each_measured(run, [&](const results::interval_figures& interval) {
        stats::histogram& sum = intervals.emplace_back(2);
        each_operation(interval, operation, [&](const results::operation_figures& f) {
            sum.add((service ? f.service : f.response).decode());
        });
    });
    return log_percentiles(intervals, percentiles, seed);
}

}  // namespace chopsticks::compare
