#include <algorithm>
#include <array>
#include <chopsticks/core/units.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/report/over_time.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <filesystem>

#include "chart_builder.hpp"
#include "cluster.hpp"
#include "describing.hpp"
#include "overlay.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;
using results::result_file;

namespace {

/// Of each run's charts of the cluster the line that is laid over those of others.
struct laid_line {
    const char* chart;
    const char* line;  ///< null: the sum of all
    const char* title;
    unit of;
};
constexpr laid_line laid_lines[] = {
    {"cluster-osds", "down", "OSDs down", unit::count},
    {"cluster-pgs", "not active+clean", "Placement groups not active+clean", unit::count},
    {"cluster-recovery", "recovery", "Recovery", unit::bytes_per_s},
    {"cluster-osd-latency", "commit, slowest", "Commit latency of the slowest OSD", unit::ms},
    {"cluster-osd-cpus", nullptr, "CPUs of OSDs on the load's host, together", unit::count},
};

}  // namespace

overlay::overlay() {
    charts_.declare({.id = "throughput",
                     .title = "Throughput",
                     .note = "of all operations, by run",
                     .of = unit::per_s});
    charts_.declare({.id = "latency",
                     .title = "99th percentile of the response time",
                     .note = "of all operations, by run",
                     .of = unit::ms,
                     .logarithmic = true});
    charts_.declare({.id = "errors",
                     .title = "Errors",
                     .note = "of all operations, by run",
                     .of = unit::per_s});
    for (const laid_line& one : laid_lines)
        charts_.declare(
            {.id = one.chart, .title = one.title, .note = "by run", .of = one.of, .strip = true});
}

void overlay::add(const std::string& name, const result_file& result) {
    percentiles_.push_back(percentile_curve(name, result.total.response.decode()));
    const time_charts charts = charts_of(result);
    if (width_s_ == 0 && charts.t_s.size() > 1) {
        // Of the first run; the others are laid onto it.
        width_s_ = std::max(1e-3, (charts.t_s.back() - charts.t_s.front()) /
                                      static_cast<double>(charts.t_s.size() - 1));
        spans_ = charts.spans;
    }
    for (std::size_t i = 0; i < charts.t_s.size(); ++i) {
        const double place = width_s_ > 0 ? std::floor(charts.t_s[i] / width_s_) : 0;
        if (!(place >= 0) || place >= 4 * points_max) continue;
        const auto at = static_cast<std::size_t>(place);
        points_ = std::max(points_, at + 1);
        for (const time_chart& chart : charts.charts) {
            const bool is_sum = chart.id == "throughput" || chart.id == "errors";
            if (!is_sum && chart.id != "latency") continue;
            double value = is_sum ? 0 : nothing;
            for (const line& one : chart.lines) {
                if (is_sum && std::isfinite(one.values[i])) value += one.values[i];
                if (!is_sum && one.name == "p99") value = one.values[i];
            }
            charts_.put(chart.id, name, at, value);
        }
        add_cluster(name, charts, i, at);
    }
}

void overlay::add_cluster(const std::string& name, const time_charts& charts, std::size_t from,
                          std::size_t to) {
    for (const laid_line& laid : laid_lines) {
        for (const time_chart& chart : charts.charts) {
            if (chart.id != laid.chart) continue;
            double value = nothing;
            for (const line& one : chart.lines) {
                if (!std::isfinite(one.values[from])) continue;
                if (laid.line == nullptr) {
                    value = (std::isfinite(value) ? value : 0) + one.values[from];
                } else if (one.name == laid.line) {
                    value = one.values[from];
                }
            }
            if (std::isfinite(value)) charts_.put(laid.chart, name, to, value);
        }
    }
}

time_charts overlay::take() {
    time_charts out;
    for (std::size_t i = 0; i < points_; ++i)
        out.t_s.push_back((static_cast<double>(i) + 0.5) * width_s_);
    out.charts = charts_.take(points_);
    out.spans = std::move(spans_);
    return out;
}

std::vector<cell> run_row(const std::string& name, const result_file& result) {
    const json& total = member(result.document, "total");
    const json& response = member(total, "response");
    const verdict worst = worst_of(verdicts_of(result.document));
    cell failed = count_cell(total, "failed");
    if (result.total.failed > 0) failed.as = tone::bad;
    return {{.text = name},
            words(worst.label, worst.as),
            words(text_of(member(result.document, "run"), "started")),
            {.text = std::to_string(result.seed)},
            count_cell(total, "ok"),
            std::move(failed),
            number_cell(total, "rate_per_s", unit::per_s),
            number_cell(total, "bytes_per_s", unit::bytes_per_s),
            latency_cell(response, "p50_ns"),
            latency_cell(response, "p99_ns"),
            latency_cell(response, "p999_ns"),
            latency_cell(response, "max_ns")};
}

table runs_table(std::string caption) {
    return {.caption = std::move(caption),
            .header = {"Run", "verdict", "started", "seed", "ok", "failed", "ops/s", "bytes/s",
                       "p50", "p99", "p99.9", "max"}};
}

page describe_runs(const std::string& title, const std::vector<std::string>& paths) {
    page out;
    out.title = title;
    out.facts = counted(paths.size(), "run");
    table runs = runs_table("Runs, all operations together");
    table clusters = cluster_runs_table();
    overlay together;
    section configuration;
    std::size_t bad = 0;
    std::optional<result_file> first;
    std::optional<listing> differs;
    std::string with;
    for (const std::string& path : paths) {
        result_file one = results::load_result(path);
        const std::string name = std::filesystem::path(path).filename().string();
        runs.rows.push_back(run_row(name, one));
        add_cluster_row(clusters, name, one.document);
        const std::vector<verdict> said = verdicts_of(one.document);
        const verdict worst = worst_of(said);
        if (worst.as == tone::bad) {
            ++bad;
            if (out.verdicts.size() < 20)
                out.verdicts.push_back({worst.as, worst.label, name + ": " + worst.text});
        }
        together.add(name, one);
        if (!first) {
            configuration = configuration_of(one);
            configuration.title += " of the first run";
            one.intervals.clear();
            first = std::move(one);
        } else if (!differs) {
            differs = difference_of(*first, one);
            with = name;
        }
    }
    if (bad == 0)
        out.verdicts.push_back({tone::good, "OK", "every run is valid, and its target did well"});
    section summary{.id = "summary", .title = "Runs"};
    add_table(summary, std::move(runs));
    add_table(summary, std::move(clusters));
    out.over_time = together.take();
    section over_time{.id = "time", .title = "Over time"};
    constexpr std::array<std::string_view, 4> all = {"throughput", "latency", "errors", "cluster-"};
    add_time_charts(over_time, out.over_time, all);
    section distribution{.id = "percentiles", .title = "Distribution"};
    curve_chart chart = percentile_chart("percentiles", together.take_percentiles());
    chart.note = "of response times of all operations, by run; " + chart.note;
    if (!chart.curves.empty()) distribution.blocks.emplace_back(std::move(chart));
    if (differs) {
        differs->title = "What differs from it in " + with + ", line by line";
        configuration.blocks.emplace_back(std::move(*differs));
    }
    out.sections = {std::move(summary), std::move(over_time), std::move(distribution),
                    std::move(configuration)};
    return out;
}

}  // namespace chopsticks::report
