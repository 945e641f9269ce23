// What the runs of a series say, each by itself and the repeats of a point together, and what the
// series comes to.

#include <algorithm>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/verdicts.hpp>
#include <chopsticks/stats/response_times.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace chopsticks::results {

namespace {

using figures_list = std::vector<const point_figures*>;

run_spread spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    run_spread out;
    out.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
    double squares = 0;
    for (const double v : values)
        squares += (v - out.mean) * (v - out.mean);
    out.median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    if (n > 1) out.stddev = std::sqrt(squares / static_cast<double>(n - 1));
    out.min = values.front();
    out.max = values.back();
    return out;
}

template <typename T>
std::optional<run_spread> spread_of(const figures_list& runs, T point_figures::* figure) {
    if (runs.empty()) return std::nullopt;
    std::vector<double> values;
    for (const point_figures* f : runs)
        values.push_back(static_cast<double>(f->*figure));
    return spread(std::move(values));
}

/// null where a run's histogram is missing: a part is not the whole. What was shed stands beyond
/// all that is in the histograms, and a figure that is a lower bound in one run is one of all.
json merged(const figures_list& runs) {
    stats::figures sum;
    std::set<std::string> open;
    bool bounds = false;
    for (const point_figures* f : runs) {
        if (!f->response.is_object()) return nullptr;
        const auto one = read_histogram(f->response);
        if (!one) return nullptr;
        sum.response.add(*one);
        sum.shed += f->shed + f->shed_late.value_or(0);
        bounds = bounds || f->response.contains("at_least");
        for (const json& key : member(f->response, "at_least"))
            if (key.is_string()) open.insert(key.get<std::string>());
    }
    json out = to_json(sum, 0)["response"];
    for (const json& key : member(out, "at_least"))
        open.insert(key.get<std::string>());
    if (bounds || !open.empty()) out["at_least"] = open;
    return out;
}

point_aggregate aggregate(const std::vector<std::string>& values, const figures_list& valid,
                          std::size_t runs) {
    point_aggregate out;
    out.values = values;
    out.runs = runs;
    out.valid_runs = valid.size();
    for (const point_figures* f : valid) {
        out.ok += f->ok;
        out.failed += f->failed;
        out.shed += f->shed;
        out.shed_late += f->shed_late.value_or(0);
        out.unfinished += f->unfinished.value_or(0);
        out.backlog_at_end += f->backlog_at_end;
    }
    out.rate_per_s = spread_of(valid, &point_figures::rate_per_s);
    out.bytes_per_s = spread_of(valid, &point_figures::bytes_per_s);
    out.mean_ns = spread_of(valid, &point_figures::mean_ns);
    out.p50_ns = spread_of(valid, &point_figures::p50_ns);
    out.p99_ns = spread_of(valid, &point_figures::p99_ns);
    out.p999_ns = spread_of(valid, &point_figures::p999_ns);
    out.max_ns = spread_of(valid, &point_figures::max_ns);
    if (!valid.empty()) out.response = merged(valid);
    return out;
}

}  // namespace

point_figures point_figures_of(const run_document& doc) {
    stats::figures all(3);
    for (const stats::figures& f : doc.figures.by_operation)
        all.add(f);
    stats::response_times response;
    response.add(all);
    double outage_share = 0;
    for (const group_figures& group : doc.groups)
        outage_share = std::max(outage_share, group.silence.outage_share);
    for (const stats::endpoint_silence& one : doc.endpoint_silences)
        outage_share = std::max(outage_share, one.figures.outage_share);
    const double seconds = doc.run.duration_s;
    point_figures out;
    out.duration_s = seconds;
    out.intended_per_s = doc.load.intended_rate_per_s;
    out.rate_per_s = seconds > 0 ? static_cast<double>(all.ok_count) / seconds : 0.0;
    out.bytes_per_s = seconds > 0 ? static_cast<double>(all.bytes) / seconds : 0.0;
    out.ok = all.ok_count;
    out.failed = all.failed_count;
    out.shed = doc.load.shed;
    out.backlog_at_end = doc.load.backlog;
    out.shed_late = doc.load.shed_late;
    out.unfinished = all.unfinished;
    out.outage_share = outage_share;
    std::vector<std::string> at_least;
    const auto least_of = [&](const char* key, const stats::bounded& value) {
        if (value.at_least()) at_least.emplace_back(key);
        return value.least;
    };
    out.mean_ns = least_of("mean_ns", response.mean());
    out.p50_ns = std::llround(least_of("p50_ns", response.percentile(50)));
    out.p99_ns = std::llround(least_of("p99_ns", response.percentile(99)));
    out.p999_ns = std::llround(least_of("p999_ns", response.percentile(99.9)));
    out.max_ns = std::llround(least_of("max_ns", response.max()));
    out.at_least = std::move(at_least);
    out.response = to_json(all, seconds)["response"];
    out.valid = doc.validity.valid;
    out.reasons = doc.validity.reasons;
    for (const slo_outcome& one : doc.slo.objectives) {
        out.slo.push_back(
            {one.objective.text, std::string(unit_of(one.objective)), one.value, one.met});
    }
    return out;
}

std::vector<point_aggregate> aggregate_repeats(const sweep_document& sweep) {
    std::vector<point_aggregate> out;
    if (sweep.repeat < 2) return out;
    struct repeats {
        const std::vector<std::string>* values;
        figures_list valid;
        std::size_t runs = 0;
    };
    // The repeats of a point need not follow each other: all points may be run, then all again.
    std::vector<repeats> all;
    for (const swept_point& point : sweep.points) {
        if (point.status != point_status::done || !point.figures) continue;
        auto one = std::find_if(all.begin(), all.end(),
                                [&](const repeats& r) { return *r.values == point.plan.values; });
        if (one == all.end()) one = all.insert(one, {&point.plan.values, {}, 0});
        ++one->runs;
        if (point.figures->valid) one->valid.push_back(&*point.figures);
    }
    for (const repeats& one : all)
        out.push_back(aggregate(*one.values, one.valid, one.runs));
    return out;
}

int exit_status_of(const sweep_document& sweep) noexcept {
    if (sweep.interrupted) return exit_interrupted;
    int out = exit_ok;
    for (const swept_point& p : sweep.points) {
        // A point that could not be run is no bad usage of the sweep.
        const int one = p.status == point_status::done ? p.exit_status.value_or(exit_errors)
                                                       : static_cast<int>(exit_errors);
        out = worse_of(out, one == exit_usage ? exit_errors : one);
    }
    return out;
}

int exit_status_of(const find_max_document& found) noexcept {
    if (found.interrupted) return exit_interrupted;
    const bool left = std::any_of(found.trials.begin(), found.trials.end(),
                                  [](const search_trial& t) { return t.left_behind; });
    switch (found.result.finish) {
        case search::finish::found:
        case search::finish::undecided:
        case search::finish::rate_limit:
            return left ? exit_left_behind : exit_ok;
        case search::finish::generator_limit:
            return exit_invalid;
        case search::finish::none:
            return found.result.generator_per_s ? exit_invalid : exit_errors;
        case search::finish::budget:
        case search::finish::failed:
        case search::finish::running:
            break;
    }
    return exit_errors;
}

}  // namespace chopsticks::results
