#include <algorithm>
#include <chopsticks/report/over_time.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/stats/response_times.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "chart_builder.hpp"
#include "cluster.hpp"
#include "time_axis.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

using results::interval_figures;
using results::json;
using results::operation_figures;

/// All values of all lines together: what a page has room for as text.
constexpr std::size_t values_max = 60'000;

/// What is shorter than this share of an interval is the rest that a phase left of it: a rate of it
/// says nothing, and a line would end in a fall that nobody saw.
constexpr double told_least = 0.2;

/// Of several intervals, one after the other.
struct stretch {
    std::span<const interval_figures> intervals;

    double from_s() const { return intervals.front().t_s; }
    double length_s() const {
        double out = 0;
        for (const interval_figures& one : intervals)
            out += one.duration_s;
        return out;
    }
    double middle_s() const {
        return (from_s() + intervals.back().t_s + intervals.back().duration_s) / 2;
    }
};

double per_second(std::uint64_t n, double seconds) {
    return seconds > 0 ? static_cast<double>(n) / seconds : nothing;
}

/// In milliseconds.
double in_ms(double ns) {
    return ns > 0 ? ns / 1e6 : nothing;
}

void declare_all(chart_builder& charts) {
    charts.declare({.id = "throughput",
                    .title = "Throughput",
                    .note = "operations that succeeded",
                    .of = unit::per_s});
    charts.declare({.id = "latency",
                    .title = "Response time",
                    .note = "of all operations together; lower bounds where work was not answered",
                    .of = unit::ms,
                    .logarithmic = true});
    charts.declare({.id = "latency-by-operation",
                    .title = "Response time by operation",
                    .note = "99th percentile",
                    .of = unit::ms,
                    .logarithmic = true});
    charts.declare(
        {.id = "errors", .title = "Errors", .note = "by class and code", .of = unit::per_s});
    charts.declare({.id = "rate",
                    .title = "Due and done",
                    .note = "tasks that were due, begun and completed; shed: never begun",
                    .of = unit::per_s});
    charts.declare({.id = "in-flight",
                    .title = "In flight",
                    .note = "most at a time; users and backlog at the end of each interval",
                    .of = unit::count});
    charts.declare({.id = "send-lag",
                    .title = "Send lag",
                    .note = "how late the generator sent",
                    .of = unit::ms,
                    .logarithmic = true});
    charts.declare({.id = "bandwidth",
                    .title = "Bandwidth",
                    .note = "acknowledged body bytes",
                    .of = unit::bytes_per_s});
    charts.declare({.id = "cores",
                    .title = "Cores",
                    .note = "busy share of each event loop",
                    .of = unit::share,
                    .strip = true});
    charts.declare({.id = "host",
                    .title = "What kept cores from running, and the network",
                    .note = "shares of time, and of the line",
                    .of = unit::share,
                    .strip = true});
    charts.declare({.id = "loop",
                    .title = "Event loop and round trips",
                    .of = unit::ms,
                    .logarithmic = true,
                    .strip = true});
    charts.declare({.id = "connections",
                    .title = "Connections",
                    .note = "retransmits in each interval",
                    .of = unit::per_s,
                    .strip = true});
}

/// "server_error 503 SlowDown"
std::string error_name(const results::error_figures& error) {
    std::string out = error.error_class;
    if (error.http_status != 0) out += " " + std::to_string(error.http_status);
    if (!error.s3_code.empty()) {
        out += " " + error.s3_code;
    } else if (error.errno_value != 0) {
        out += " errno " + std::to_string(error.errno_value);
    }
    return out;
}

/// The operations of a stretch, each over all of its intervals.
class added_up {
  public:
    added_up(const stretch& of, const std::string& file) : all_(2) {
        for (const interval_figures& one : of.intervals) {
            for (const operation_figures& operation : one.operations) {
                stats::figures& sum = at(operation.name);
                results::add_up(sum, operation, file);
                for (const results::error_figures& error : operation.errors)
                    errors_[error_name(error)] += error.count;
            }
        }
        for (const auto& [name, sum] : by_name_)
            all_.add(sum);
    }

    const std::vector<std::pair<std::string, stats::figures>>& by_name() const { return by_name_; }
    const stats::figures& all() const { return all_; }
    const std::map<std::string, std::uint64_t>& errors() const { return errors_; }

  private:
    stats::figures& at(const std::string& name) {
        for (auto& [known, sum] : by_name_) {
            if (known == name) return sum;
        }
        return by_name_.emplace_back(name, stats::figures(2)).second;
    }

    std::vector<std::pair<std::string, stats::figures>> by_name_;
    stats::figures all_;
    std::map<std::string, std::uint64_t> errors_;
};

void put_operations(chart_builder& charts, std::size_t at, const stretch& of,
                    const std::string& file) {
    const added_up sums(of, file);
    const double length_s = of.length_s();
    const stats::figures& all = sums.all();
    const bool several = sums.by_name().size() > 1;
    for (const auto& [name, sum] : sums.by_name()) {
        charts.put("throughput", name, at, per_second(sum.ok_count, length_s));
        if (sum.bytes > 0) charts.put("bandwidth", name, at, per_second(sum.bytes, length_s));
        stats::response_times times(2);
        times.add(sum);
        if (several && times.count() > 0)
            charts.put("latency-by-operation", name, at, in_ms(times.percentile(99).least));
    }
    for (const auto& [name, n] : sums.errors())
        charts.put("errors", name, at, per_second(n, length_s));
    stats::response_times times(2);
    times.add(all);
    if (times.count() > 0) {
        charts.put("latency", "p50", at, in_ms(times.percentile(50).least));
        charts.put("latency", "p90", at, in_ms(times.percentile(90).least));
        charts.put("latency", "p99", at, in_ms(times.percentile(99).least));
        charts.put("latency", "p99.9", at, in_ms(times.percentile(99.9).least));
        charts.put("latency", "max", at, in_ms(times.max().least));
    }
    // Response less service time is the send lag, operation by operation; so is their mean.
    if (all.response.count() > 0 && all.response.count() == all.service.count())
        charts.put("send-lag", "mean", at, in_ms(all.response.mean() - all.service.mean()));
    if (all.send_lag.count() > 0)
        charts.put("send-lag", "p99", at,
                   in_ms(static_cast<double>(all.send_lag.value_at_percentile(99))));
}

void put_load(chart_builder& charts, std::size_t at, const stretch& of) {
    stats::load_figures sum;
    std::uint64_t in_flight = 0;
    for (const interval_figures& one : of.intervals) {
        sum.intended += one.load.intended;
        sum.issued += one.load.issued;
        sum.completed += one.load.completed;
        sum.shed += one.load.shed + one.load.shed_late;
        in_flight = std::max(in_flight, one.load.in_flight_max);
    }
    const double length_s = of.length_s();
    charts.put("rate", "due", at, per_second(sum.intended, length_s));
    charts.put("rate", "begun", at, per_second(sum.issued, length_s));
    charts.put("rate", "completed", at, per_second(sum.completed, length_s));
    if (sum.shed > 0) charts.put("rate", "shed", at, per_second(sum.shed, length_s));
    const stats::load_figures& last = of.intervals.back().load;
    charts.put("in-flight", "in flight", at, static_cast<double>(in_flight));
    charts.put("in-flight", "users", at, static_cast<double>(last.users));
    charts.put("in-flight", "backlog", at, static_cast<double>(last.backlog));
}

/// The highest of a member over the intervals; nothing where none tells it.
double worst(const stretch& of, const char* key) {
    double out = nothing;
    for (const interval_figures& one : of.intervals) {
        const json& value = results::member(one.health, key);
        if (!value.is_number()) continue;
        const auto told = value.get<double>();
        if (!(out >= told)) out = told;
    }
    return out;
}

void put_health(chart_builder& charts, std::size_t at, const stretch& of) {
    const std::size_t cores = of.intervals.front().cores_busy.size();
    for (std::size_t core = 0; core < cores; ++core) {
        double busy = 0;
        for (const interval_figures& one : of.intervals) {
            if (core < one.cores_busy.size()) busy += one.cores_busy[core] * one.duration_s;
        }
        const double length_s = of.length_s();
        charts.put("cores", "core " + std::to_string(core), at,
                   length_s > 0 ? busy / length_s : nothing);
    }
    const auto put = [&](const char* chart, const char* line, const char* key, double scaled_by) {
        const double value = worst(of, key) * scaled_by;
        if (std::isfinite(value)) charts.put(chart, line, at, value);
    };
    put("host", "held up", "held_up_share", 1);
    put("host", "steal", "steal_share", 1);
    put("host", "network line", "nic_utilisation", 1);
    put("loop", "turn p99", "loop_turn_p99_ns", 1e-6);
    put("loop", "timer lag p99", "timer_lag_p99_ns", 1e-6);
    put("loop", "round trip p50", "rtt_p50_ns", 1e-6);
    put("connections", "connects", "connects_per_s", 1);
    put("connections", "TLS handshakes", "tls_handshakes_per_s", 1);
    put("connections", "retransmits", "tcp_retransmits", 1);
}

/// What a driver counts: a counter's rate, a gauge's last level, a timer's 99th percentile.
void put_driver_figures(chart_builder& charts, std::size_t at, const stretch& of) {
    struct sum_of_one {
        results::driver_span last;
        std::uint64_t count = 0;
        stats::histogram times{2};
    };
    std::map<std::pair<std::string, std::string>, sum_of_one> sums;
    for (const interval_figures& one : of.intervals) {
        for (const results::interval_driver_figure& figure : one.driver_figures) {
            sum_of_one& sum = sums[{figure.name, figure.group}];
            sum.last = figure.value;
            sum.count += figure.value.count;
            if (figure.value.times.count > 0) sum.times.add(figure.value.times.decode());
        }
    }
    for (const auto& [name, sum] : sums) {
        const bool is_timer = sum.last.kind == stats::figure_kind::timer;
        const bool is_counter = sum.last.kind == stats::figure_kind::counter;
        const std::string id = "driver-" + slug(name.first);
        charts.declare({.id = id,
                        .title = name.first,
                        .note = is_timer     ? "99th percentile, by group"
                                : is_counter ? "by group"
                                             : "level at the end of each interval, by group",
                        .of = is_timer     ? unit::ms
                              : is_counter ? unit::per_s
                                           : unit::count,
                        .logarithmic = is_timer,
                        .strip = true});
        double value = nothing;
        if (is_timer) {
            if (sum.times.count() > 0)
                value = in_ms(static_cast<double>(sum.times.value_at_percentile(99)));
        } else if (is_counter) {
            value = per_second(sum.count, of.length_s());
        } else if (sum.last.known) {
            value = sum.last.last;
        }
        charts.put(id, name.second, at, value);
    }
}

/// About how many lines there will be.
std::size_t lines_of(std::span<const interval_figures> intervals) {
    std::size_t most = 0;
    for (const interval_figures& one : intervals) {
        std::size_t errors = 0;
        for (const operation_figures& operation : one.operations)
            errors += operation.errors.size();
        most = std::max(
            most, 3 * std::min(one.operations.size(), lines_max) + std::min(errors, lines_max) +
                      std::min(one.cores_busy.size(), lines_max) + one.driver_figures.size());
    }
    return most + 24;
}

/// Neighbours of one phase, so many at a time that there are at most `points`.
std::vector<stretch> stretches_of(std::span<const interval_figures> intervals, std::size_t points) {
    std::vector<stretch> out;
    const std::size_t together = (intervals.size() + points - 1) / points;
    for (std::size_t from = 0; from < intervals.size();) {
        std::size_t to = from + 1;
        while (to < intervals.size() && to - from < together &&
               intervals[to].phase == intervals[from].phase)
            ++to;
        out.push_back({intervals.subspan(from, to - from)});
        from = to;
    }
    return out;
}

/// Four digits: more than can be seen.
json short_number(double value) {
    if (!std::isfinite(value)) return nullptr;
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    const double rounded = std::strtod(text, nullptr);
    if (rounded == std::floor(rounded) && std::abs(rounded) < 1e15)
        return static_cast<std::int64_t>(rounded);
    return rounded;
}

json place_on_axis(double seconds) {
    return std::round(seconds * 1000) / 1000;
}

/// `lines_more`: that others will add to the page.
time_charts charts_beside(std::span<const interval_figures> intervals, const std::string& file,
                          std::size_t lines_more) {
    chart_builder charts;
    declare_all(charts);
    const std::size_t points =
        std::clamp<std::size_t>(values_max / (lines_of(intervals) + lines_more), 100, points_max);
    time_charts out;
    double longest_s = 0;
    for (const interval_figures& one : intervals)
        longest_s = std::max(longest_s, one.duration_s);
    for (const stretch& one : stretches_of(intervals, points)) {
        if (one.length_s() < told_least * longest_s) continue;
        const std::size_t at = out.t_s.size();
        out.t_s.push_back(one.middle_s());
        put_operations(charts, at, one, file);
        put_load(charts, at, one);
        put_health(charts, at, one);
        put_driver_figures(charts, at, one);
    }
    out.charts = charts.take(out.t_s.size(),
                             {{"throughput", 0}, {"bandwidth", 0}, {"errors", 0}, {"rate", 0}});
    return out;
}

}  // namespace

time_charts charts_of(std::span<const interval_figures> intervals, const std::string& file) {
    return charts_beside(intervals, file, 0);
}

time_charts charts_of(const results::result_file& result) {
    time_charts out =
        charts_beside(result.intervals, result.path, cluster_lines_of(result.document));
    out.spans = spans_of(result);
    out.marks = marks_of(result);
    add_cluster_charts(out, result.document);
    const std::vector<objective> objectives = objectives_of(result.document);
    for (time_chart& chart : out.charts) {
        for (const objective& one : objectives) {
            if (chart.id == "latency" && one.of == unit::ms && one.of_all)
                chart.limits.push_back({one.limit, one.text});
        }
    }
    return out;
}

json to_json(const time_charts& charts) {
    json out;
    out["t"] = json::array();
    for (const double at : charts.t_s)
        out["t"].push_back(place_on_axis(at));
    out["charts"] = json::array();
    for (const time_chart& chart : charts.charts) {
        json one;
        one["id"] = chart.id;
        one["title"] = chart.title;
        one["unit"] = script_unit(chart.of);
        one["log"] = chart.logarithmic;
        if (chart.of_cluster) one["cluster"] = true;
        one["lines"] = json::array();
        for (const line& of : chart.lines) {
            json values = json::array();
            for (const double value : of.values)
                values.push_back(short_number(value));
            one["lines"].push_back({{"name", shown_text(of.name)}, {"values", std::move(values)}});
        }
        one["limits"] = json::array();
        for (const limit& of : chart.limits)
            one["limits"].push_back({{"name", shown_text(of.name)}, {"value", of.value}});
        out["charts"].push_back(std::move(one));
    }
    out["spans"] = json::array();
    for (const time_span& span : charts.spans) {
        out["spans"].push_back({{"from_s", place_on_axis(span.from_s)},
                                {"to_s", place_on_axis(span.to_s)},
                                {"name", shown_text(span.name)},
                                {"kind", span.stage ? "stage" : "phase"}});
    }
    for (const time_band& band : charts.bands) {
        out["bands"].push_back({{"from_s", place_on_axis(band.from_s)},
                                {"to_s", place_on_axis(band.to_s)},
                                {"name", shown_text(band.name)},
                                {"kind", band_class(band)}});
    }
    out["marks"] = json::array();
    for (const time_mark& mark : charts.marks) {
        json one = {{"start_s", place_on_axis(mark.start_s)}};
        if (mark.end_s) one["end_s"] = place_on_axis(*mark.end_s);
        one["source"] = shown_text(mark.source);
        one["text"] = shown_text(mark.text);
        out["marks"].push_back(std::move(one));
    }
    return out;
}

std::string script_text(const json& value) {
    std::string out;
    for (const char c : results::dump(value)) {
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace chopsticks::report
