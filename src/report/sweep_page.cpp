#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <map>

#include "cluster.hpp"
#include "curves.hpp"
#include "describing.hpp"
#include "time_axis.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;
using results::result_file;

std::string last_word(const std::string& axis) {
    const std::size_t dot = axis.rfind('.');
    return dot == std::string::npos ? axis : axis.substr(dot + 1);
}

std::string setting_text(const json& value) {
    return value.is_string() ? value.get<std::string>() : results::dump(value);
}

tone tone_of_figures(const json& figures) {
    if (!results::flag(figures, "valid")) return tone::warn;
    for (const json& one : member(figures, "slo")) {
        if (!results::flag(one, "met")) return tone::bad;
    }
    return tone::good;
}

std::optional<std::size_t> knee_of(const std::vector<load_point>& points) {
    std::optional<std::size_t> out;
    double highest = 0;
    std::size_t usable = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        if (!points[i].valid || !(points[i].mean_ms > 0)) continue;
        ++usable;
        const double power = points[i].rate_per_s / points[i].mean_ms;
        if (power <= highest) continue;
        highest = power;
        out = i;
    }
    // At an end of the curve it is the end of what was tried, and no knee.
    if (usable < 3 || !out || *out == 0 || *out + 1 == points.size()) return std::nullopt;
    return out;
}

load_point load_point_of(const json& figures, const std::string& label) {
    load_point out;
    out.label = label;
    out.rate_per_s = results::number(figures, "rate_per_s");
    out.mean_ms = results::number(figures, "mean_ns") / 1e6;
    out.p50_ms = results::number(figures, "p50_ns") / 1e6;
    out.p99_ms = results::number(figures, "p99_ns") / 1e6;
    out.valid = results::flag(figures, "valid");
    return out;
}

curve_chart latency_over_throughput(const std::string& id, const std::string& title) {
    return {.id = id,
            .title = title,
            .x = {"throughput, operations per second", unit::per_s, scale::linear},
            .y = {title, unit::ms, scale::logarithmic}};
}

std::vector<cell> series_row(const json& figures) {
    // What documents of earlier versions lack is told by the figures themselves.
    json histogram = member(figures, "response");
    if (!histogram.is_object()) {
        histogram = figures.is_object() ? figures : json::object();
        histogram["count"] = results::count(figures, "ok");
        histogram["at_least"] = member(figures, "at_least");
    }
    cell failed = count_cell(figures, "failed");
    if (results::count(figures, "failed") > 0) failed.as = tone::bad;
    const tone as = tone_of_figures(figures);
    const std::string said = figures.is_null()  ? "-"
                             : as == tone::warn ? "invalid"
                             : as == tone::bad  ? "SLO missed"
                                                : "ok";
    return {words(said, figures.is_null() ? tone::plain : as),
            number_cell(figures, "rate_per_s", unit::per_s),
            number_cell(figures, "bytes_per_s", unit::bytes_per_s),
            std::move(failed),
            count_cell(figures, "shed"),
            count_cell(figures, "backlog_at_end"),
            latency_cell(histogram, "mean_ns"),
            latency_cell(histogram, "p50_ns"),
            latency_cell(histogram, "p99_ns"),
            latency_cell(histogram, "p999_ns"),
            latency_cell(histogram, "max_ns")};
}

const std::vector<std::string>& series_header() {
    static const std::vector<std::string> all = {"verdict", "ops/s",   "bytes/s", "failed",
                                                 "shed",    "backlog", "mean",    "p50",
                                                 "p99",     "p99.9",   "max"};
    return all;
}

std::vector<limit> latency_limits(const json& run_document) {
    std::vector<limit> out;
    for (const objective& one : objectives_of(run_document)) {
        if (one.of == unit::ms && one.of_all) out.push_back({one.limit, one.text});
    }
    return out;
}

namespace {

/// The axis that the load grows along: rate or users, else the last one.
std::string load_axis(const json& axes) {
    std::string out;
    for (const json& axis : axes) {
        out = text_of(axis, "name");
        const std::string word = last_word(out);
        if (word == "rate" || word == "users") return out;
    }
    return out;
}

/// Points with one value of each other axis: a curve.
struct family {
    std::string name;
    std::vector<load_point> points;
    std::vector<load_point> runs;  ///< of repeated points each alone
};

std::string other_settings(const json& settings, const std::string& but) {
    std::string out;
    for (const auto& [axis, value] : settings.items()) {
        if (axis == but) continue;
        out += (out.empty() ? "" : ", ") + last_word(axis) + "=" + setting_text(value);
    }
    return out;
}

family& family_of(std::vector<family>& all, const std::string& name) {
    for (family& one : all) {
        if (one.name == name) return one;
    }
    // More are not drawn; they are in the table.
    if (all.size() == 50) return all.back();
    all.push_back({name, {}, {}});
    return all.back();
}

load_point median_point(const json& aggregate, const std::string& label) {
    const auto median = [&](const char* key) {
        return results::number(member(aggregate, key), "median");
    };
    load_point out;
    out.label = label;
    out.rate_per_s = median("rate_per_s");
    out.mean_ms = median("mean_ns") / 1e6;
    out.p50_ms = median("p50_ns") / 1e6;
    out.p99_ms = median("p99_ns") / 1e6;
    out.valid = results::count(aggregate, "valid_runs") > 0;
    return out;
}

std::vector<family> families_of(const json& document) {
    std::vector<family> out;
    const std::string along = load_axis(member(document, "axes"));
    const auto label_of = [&](const json& settings) {
        const json& value = member(settings, along.c_str());
        return value.is_null() ? std::string() : last_word(along) + "=" + setting_text(value);
    };
    const json& aggregates = member(document, "aggregates");
    const bool repeated = !aggregates.empty();
    for (const json& one : aggregates) {
        const json& settings = member(one, "settings");
        if (results::count(one, "valid_runs") == 0) continue;
        family_of(out, other_settings(settings, along))
            .points.push_back(median_point(one, label_of(settings)));
    }
    for (const json& one : member(document, "points")) {
        const json& figures = member(one, "figures");
        if (!figures.is_object()) continue;
        const json& settings = member(one, "settings");
        family& of = family_of(out, other_settings(settings, along));
        (repeated ? of.runs : of.points).push_back(load_point_of(figures, label_of(settings)));
    }
    return out;
}

curve curve_of(const std::string& name, const std::vector<load_point>& points, bool median) {
    curve out{.name = name, .dots = true};
    for (const load_point& one : points)
        out.points.push_back({one.rate_per_s, median ? one.p50_ms : one.p99_ms, one.label});
    return out;
}

table points_table(const json& document) {
    table out{.caption = "Points", .header = {"Point", "run"}};
    out.header.insert(out.header.end(), series_header().begin(), series_header().end());
    for (const json& point : member(document, "points")) {
        const json& figures = member(point, "figures");
        const std::uint64_t repeat = results::count(point, "repeat");
        std::vector<cell> row = {{.text = other_settings(member(point, "settings"), "")},
                                 {.text = std::to_string(repeat)}};
        std::vector<cell> rest = series_row(figures);
        if (!figures.is_object()) {
            const std::string problem = text_of(point, "problem");
            rest[0] = words(text_of(point, "status") + (problem.empty() ? "" : ": " + problem),
                            tone::warn);
        }
        row.insert(row.end(), rest.begin(), rest.end());
        out.rows.push_back(std::move(row));
    }
    return out;
}

table aggregates_table(const json& document) {
    table out{.caption = "Medians over the valid runs of each point",
              .header = {"Point", "valid runs", "ops/s", "least", "most", "p50", "p99", "least p99",
                         "most p99"}};
    for (const json& one : member(document, "aggregates")) {
        const json& rate = member(one, "rate_per_s");
        const json& p99 = member(one, "p99_ns");
        const auto ns = [](const json& of, const char* key) {
            const json& value = member(of, key);
            if (!value.is_number()) return cell{.text = "-"};
            return cell{.text = value_text(unit::ms, value.get<double>() / 1e6),
                        .value = value.get<double>()};
        };
        out.rows.push_back({{.text = other_settings(member(one, "settings"), "")},
                            {.text = std::to_string(results::count(one, "valid_runs")) + " of " +
                                     std::to_string(results::count(one, "runs"))},
                            number_cell(rate, "median", unit::per_s),
                            number_cell(rate, "min", unit::per_s),
                            number_cell(rate, "max", unit::per_s),
                            ns(member(one, "p50_ns"), "median"),
                            ns(p99, "median"),
                            ns(p99, "min"),
                            ns(p99, "max")});
    }
    return out;
}

void add_verdicts(const json& document, page& out) {
    std::map<std::string, std::size_t> counts;
    std::size_t in_all = 0;
    for (const json& point : member(document, "points")) {
        ++in_all;
        const json& figures = member(point, "figures");
        if (!figures.is_object()) {
            ++counts["without a result"];
        } else if (const tone as = tone_of_figures(figures); as != tone::good) {
            ++counts[as == tone::warn ? "invalid: the generator was the limit"
                                      : "with an objective that was missed"];
        }
        for (const json& left : member(point, "left_behind")) {
            if (left.is_string() && out.verdicts.size() < 10)
                out.verdicts.push_back({tone::bad, "LEFT BEHIND", left.get<std::string>()});
        }
    }
    for (const auto& [what, n] : counts) {
        const bool is_slo = what.starts_with("with an");
        out.verdicts.push_back({is_slo ? tone::bad : tone::warn, is_slo ? "SLO" : "POINTS",
                                std::to_string(n) + " of " + counted(in_all, "run") + " " + what});
    }
    if (counts.empty())
        out.verdicts.push_back(
            {tone::good, "OK", counted(in_all, "run") + ", all valid, every objective met"});
    if (results::flag(document, "interrupted"))
        out.verdicts.push_back(
            {tone::warn, "INTERRUPTED", "the sweep was ended before its last point"});
}

}  // namespace

std::optional<std::string> run_beside(const result_file& series, const json& entry) {
    if (!member(entry, "figures").is_object()) return std::nullopt;
    const std::string name = text_of(entry, "file");
    // Results lie beside the document.
    if (name.empty() || name.find('/') != std::string::npos) return std::nullopt;
    return file_beside(series.path, name);
}

std::optional<result_file> first_run_of(const result_file& series, const char* list) {
    for (const json& one : member(series.document, list)) {
        const std::optional<std::string> path = run_beside(series, one);
        if (path) return results::load_result(*path);
    }
    return std::nullopt;
}

void add_configuration_of_series(page& to, const result_file& series,
                                 const std::optional<result_file>& first) {
    if (first) {
        section configuration = configuration_of(*first);
        configuration.title += " of the first run";
        to.sections.push_back(std::move(configuration));
        return;
    }
    section out{.id = "configuration", .title = "Configuration"};
    const json& identity = member(series.document, "identity");
    if (const std::string source = text_of(identity, "scenario"); !source.empty())
        out.blocks.emplace_back(listing{"Scenario", source});
    json rest = identity;
    if (rest.is_object()) rest.erase("scenario");
    if (!rest.empty())
        out.blocks.emplace_back(listing{"What makes it this series", results::dump(rest, 2)});
    to.sections.push_back(std::move(out));
}

page describe_sweep(const result_file& document) {
    page out;
    out.title = "Sweep of " + text_of(document.document, "scenario");
    out.facts = text_of(document.document, "started") + ", seed " +
                std::to_string(results::count(document.document, "seed"));
    for (const json& axis : member(document.document, "axes")) {
        out.facts += ", " + last_word(text_of(axis, "name")) + ":";
        for (const json& value : member(axis, "values"))
            out.facts += " " + setting_text(value);
    }
    add_verdicts(document.document, out);
    const std::optional<result_file> first = first_run_of(document, "points");
    section summary{.id = "summary", .title = "Latency over throughput"};
    const std::vector<family> families = families_of(document.document);
    for (const bool median : {false, true}) {
        curve_chart chart = latency_over_throughput(
            median ? "curve-p50" : "curve-p99",
            median ? "median of the response time" : "99th percentile of the response time");
        for (const family& one : families) {
            if (chart.curves.size() == 12) break;
            const std::string name = one.name.empty() ? median ? "p50" : "p99" : one.name;
            chart.curves.push_back(curve_of(name, one.points, median));
            const std::optional<std::size_t> knee = knee_of(one.points);
            if (knee)
                chart.places.push_back({one.points[*knee].rate_per_s,
                                        "knee" + (one.name.empty() ? "" : " " + one.name) + ": " +
                                            one.points[*knee].label});
        }
        for (const family& one : families) {
            if (one.runs.empty() || chart.curves.size() >= 24) continue;
            curve runs = curve_of(one.name + " each run", one.runs, median);
            runs.joined = false;
            chart.curves.push_back(std::move(runs));
        }
        if (first) {
            for (limit& one : latency_limits(first->document)) {
                const bool of_median = one.name.find("p50") != std::string::npos;
                if (of_median == median) chart.limits.push_back(std::move(one));
            }
        }
        chart.note = chart.places.empty()
                         ? "no knee is inside of what was tried"
                         : "knee: where throughput over mean response time is greatest";
        if (!chart.curves.empty()) summary.blocks.emplace_back(std::move(chart));
    }
    add_table(summary, aggregates_table(document.document));
    add_table(summary, points_table(document.document));
    out.sections.push_back(std::move(summary));
    out.sections.push_back(cluster_of_series(document, "points", first));
    add_configuration_of_series(out, document, first);
    return out;
}

}  // namespace chopsticks::report
