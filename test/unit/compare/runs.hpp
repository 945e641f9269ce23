#pragma once
/// \file
/// Runs as a result file holds them, of one operation, made of simulated operations.

#include <chopsticks/compare/comparison.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "simulated.hpp"

namespace chopsticks::compare::simulated {

inline const char* const operation = "s3/get";

struct run_plan {
    double level = 0;           ///< logarithm of the response time over 1 ms
    double rate_per_s = 1000;   ///< the share that failed is on top
    std::size_t seconds = 40;   ///< and intervals
    unsigned operations = 100;  ///< recorded per interval
    double level_deviation = 0.02;
    double correlation = 0.3;
    std::uint64_t failed = 0;
    std::int64_t started_s = 0;
    std::uint64_t seed = 7;
};

inline results::latency_figures latency_of(const stats::histogram& h) {
    results::latency_figures out;
    out.count = h.count();
    out.min_ns = h.min();
    out.mean_ns = h.mean();
    out.stddev_ns = h.stddev();
    out.p50_ns = h.value_at_percentile(50);
    out.p75_ns = h.value_at_percentile(75);
    out.p90_ns = h.value_at_percentile(90);
    out.p95_ns = h.value_at_percentile(95);
    out.p99_ns = h.value_at_percentile(99);
    out.p999_ns = h.value_at_percentile(99.9);
    out.p9999_ns = h.value_at_percentile(99.99);
    out.max_ns = h.max();
    out.hdr = h.encode();
    return out;
}

inline results::json scenario_of(double rate_per_s) {
    using results::json;
    json group;
    group["name"] = "s3";
    group["data"] = {
        {"prefix", "chopsticks/"}, {"objects", 20}, {"size", {{"mean_bytes", 4096.0}}}};
    group["load"] = {{"open", {{"rate_per_s", rate_per_s}, {"arrivals", "poisson"}}}};
    json out;
    out["name"] = "tiny";
    out["groups"] = json::array({group});
    out["phases"] = {{"prepare", true}, {"measure_s", 40.0}, {"drain_s", 30.0}};
    out["seed"] = 7;
    return out;
}

inline results::result_file make_run(random_stream& random, const run_plan& plan) {
    results::result_file out;
    out.version = 1;
    out.started_ns = (1'800'000'000 + plan.started_s) * 1'000'000'000;
    out.run_id = "run-" + std::to_string(plan.started_s) + "-" + std::to_string(random());
    out.path = out.run_id + ".json";
    out.seed = plan.seed;
    out.duration_s = static_cast<double>(plan.seconds);
    stats::histogram sum(3);
    double level = plan.level;
    const auto levels = series(random, plan.seconds, level, plan.level_deviation, plan.correlation);
    results::operation_figures all;
    for (std::size_t i = 0; i < plan.seconds; ++i) {
        stats::histogram one(2);
        for (unsigned k = 0; k < plan.operations; ++k) {
            const auto ns = std::llround(1e6 * std::exp(levels[i] + 0.4 * random.normal()));
            one.record(ns);
            sum.record(ns);
        }
        results::interval_figures& interval = out.intervals.emplace_back();
        interval.t_s = static_cast<double>(i);
        interval.duration_s = 1;
        interval.phase = "measure";
        results::operation_figures& f = interval.operations.emplace_back();
        f.name = operation;
        f.ok = static_cast<std::uint64_t>(
            std::llround(plan.rate_per_s * (1 + 0.01 * random.normal())));
        f.bytes = f.ok * 4096;
        f.response = latency_of(one);
        f.service = f.response;
        all.ok += f.ok;
        all.bytes += f.bytes;
    }
    all.failed = plan.failed;
    all.rate_per_s = static_cast<double>(all.ok) / out.duration_s;
    all.bytes_per_s = static_cast<double>(all.bytes) / out.duration_s;
    all.response = latency_of(sum);
    all.service = all.response;
    out.total = all;
    all.name = operation;
    out.operations.push_back(all);
    out.document["scenario"] = scenario_of(1000);
    out.document["environment"] = {{"kernel", "Linux 6.1"}, {"version", "0.1.0"}};
    out.document["workload"] = {{"driver", ""}, {"s3", {{"endpoints", {"http://a"}}}}};
    out.document["groups"] = {{"s3", {{"driver", "native"}}}};
    return out;
}

/// Runs whose level and rate vary by `deviation` from run to run.
inline std::vector<results::result_file> make_side(random_stream& random, std::size_t n,
                                                   run_plan plan, double deviation) {
    std::vector<results::result_file> out;
    const run_plan middle = plan;
    for (std::size_t i = 0; i < n; ++i) {
        plan.level = middle.level + deviation * random.normal();
        plan.rate_per_s = middle.rate_per_s * std::exp(deviation / 3 * random.normal());
        out.push_back(make_run(random, plan));
        plan.started_s += 1;
    }
    return out;
}

inline const row& row_of(const comparison& found, const figure& what,
                         std::string_view of = operation) {
    for (const row& one : found.rows) {
        if (one.what == what && one.operation == of) return one;
    }
    throw std::runtime_error("no such row: " + what.name());
}

}  // namespace chopsticks::compare::simulated
