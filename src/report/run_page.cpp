#include <algorithm>
#include <array>
#include <chopsticks/core/units.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/report/over_time.hpp>
#include <chopsticks/results/health.hpp>
#include <chopsticks/results/json_reading.hpp>

#include "cluster.hpp"
#include "describing.hpp"
#include "time_axis.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;
using results::result_file;

std::string name_of(const json& document) {
    const std::string name = text_of(member(document, "scenario"), "name");
    return name.empty() ? "run" : name;
}

std::string facts_of(const json& document) {
    const json& run = member(document, "run");
    std::string out = "run " + text_of(run, "id") + ", " + text_of(run, "started") + ", measured " +
                      results::decimal(results::number(run, "duration_s"), 1) + " s";
    for (const auto& [name, group] : member(document, "groups").items()) {
        out += ", " + name + ": " + text_of(group, "workload") + " by " + text_of(group, "driver");
    }
    for (const auto& [key, settings] : member(document, "workload").items()) {
        const json& endpoints = member(settings, "endpoints");
        if (!endpoints.is_array() || endpoints.empty() || !endpoints[0].is_string()) continue;
        out += ", " + endpoints[0].get<std::string>();
        if (endpoints.size() > 1) out += " and " + std::to_string(endpoints.size() - 1) + " more";
    }
    const std::size_t cores = member(member(document, "generator"), "cores").size();
    if (cores > 0) out += ", " + counted(cores, "core");
    return out + ", seed " + std::to_string(results::count(run, "seed"));
}

namespace {

section summary_of(const result_file& result) {
    section out{.id = "summary", .title = "Summary"};
    add_table(out, objectives_table(result.document));
    add_table(out, operations_table(result.document));
    add_table(out, load_table(result.document));
    return out;
}

section over_time_of(const result_file& result, const time_charts& charts) {
    section out{.id = "time", .title = "Over time"};
    if (charts.charts.empty()) return out;
    out.blocks.emplace_back(paragraph{
        "Times count from the beginning of the load. The measure phase is unshaded; other phases "
        "and stages are shaded; numbered lines are marks."});
    constexpr std::array<std::string_view, 6> first = {
        "throughput", "latency", "latency-by-operation", "errors", "rate", "in-flight"};
    constexpr std::array<std::string_view, 2> then = {"send-lag", "bandwidth"};
    add_time_charts(out, charts, first);
    heat_map map = heat_map_of(result);
    if (!map.levels.empty()) out.blocks.emplace_back(std::move(map));
    add_time_charts(out, charts, then);
    add_table(out, marks_table(charts.marks));
    if (const std::uint64_t dropped = results::count(result.document, "events_dropped");
        dropped > 0)
        out.blocks.emplace_back(
            paragraph{counted(dropped, "further mark") + " had no room in the result."});
    if (result.intervals_joined > 1) {
        out.blocks.emplace_back(
            paragraph{"Each point of the result is of " + std::to_string(result.intervals_joined) +
                      " intervals; the interval stream has them as they were."});
    }
    return out;
}

section distribution_of(const result_file& result) {
    section out{.id = "percentiles", .title = "Distribution"};
    std::vector<curve> curves;
    curves.push_back(percentile_curve("response time", result.total.response.decode()));
    curves.push_back(percentile_curve("service time", result.total.service.decode()));
    curve_chart chart = percentile_chart("percentiles", std::move(curves));
    if (!result.total.response.at_least.empty()) {
        chart.note =
            "some of what was due was not answered: response times that count it are "
            "lower bounds, and those of work that was never begun are not in the curve";
    }
    for (const objective& one : objectives_of(result.document)) {
        if (one.of == unit::ms && one.of_all) chart.limits.push_back({one.limit, one.text});
    }
    if (!chart.curves.empty()) out.blocks.emplace_back(std::move(chart));
    if (result.operations.size() > 1) {
        std::vector<curve> by_operation;
        for (const results::operation_figures& one : result.operations) {
            if (by_operation.size() == 12) break;
            by_operation.push_back(percentile_curve(one.name, one.response.decode()));
        }
        curve_chart of_each = percentile_chart("percentiles-by-operation", std::move(by_operation));
        of_each.title = "Percentiles of response times by operation";
        if (!of_each.curves.empty()) out.blocks.emplace_back(std::move(of_each));
    }
    add_table(out, size_classes_table(result.document));
    return out;
}

section breakdown_of(const result_file& result) {
    section out{.id = "breakdown", .title = "Errors, stages, endpoints, workers"};
    add_table(out, errors_table(result.document));
    add_table(out, stages_table(result.document));
    add_table(out, endpoints_table(result.document));
    add_table(out, parts_table(result.document));
    return out;
}

section drivers_of(const result_file& result, const time_charts& charts) {
    section out{.id = "drivers", .title = "Drivers"};
    constexpr std::array<std::string_view, 1> theirs = {"driver-"};
    add_table(out, driver_figures_table(result.document));
    add_time_charts(out, charts, theirs);
    return out;
}

section health_of(const result_file& result, const time_charts& charts) {
    section out{.id = "generator", .title = "Health of the generator"};
    if (!result.health().empty())
        out.blocks.emplace_back(paragraph{results::describe_health(result.health())});
    constexpr std::array<std::string_view, 4> strips = {"cores", "host", "loop", "connections"};
    add_time_charts(out, charts, strips);
    add_table(out, cores_table(result.document));
    return out;
}

}  // namespace

page describe_run(const result_file& result) {
    page out;
    out.title = name_of(result.document);
    out.facts = facts_of(result.document);
    out.verdicts = verdicts_of(result.document);
    out.over_time = charts_of(result);
    for (verdict& one : cluster_verdicts(result.document, out.over_time))
        out.verdicts.push_back(std::move(one));
    out.sections.push_back(summary_of(result));
    out.sections.push_back(over_time_of(result, out.over_time));
    out.sections.push_back(cluster_section(result.document, out.over_time));
    out.sections.push_back(distribution_of(result));
    out.sections.push_back(breakdown_of(result));
    out.sections.push_back(drivers_of(result, out.over_time));
    out.sections.push_back(health_of(result, out.over_time));
    out.sections.push_back(configuration_of(result));
    return out;
}

}  // namespace chopsticks::report
