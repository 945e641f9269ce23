// What drivers count of their own, for spreadsheets.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <cmath>

#include "writers.hpp"

namespace chopsticks::exports {

namespace {

constexpr const char* span_columns[] = {"count",  "per_s",  "last",    "min",
                                        "max",    "min_ns", "mean_ns", "p50_ns",
                                        "p90_ns", "p99_ns", "p999_ns", "max_ns"};

void add_span_headings(std::vector<std::string>& to) {
    to.insert(to.end(), std::begin(span_columns), std::end(span_columns));
}

/// What a figure of its kind does not have is empty.
void add_span(std::vector<std::string>& to, const results::driver_span& span) {
    const bool timer = span.kind == stats::figure_kind::timer;
    const bool counter = span.kind == stats::figure_kind::counter;
    to.push_back(timer     ? std::to_string(span.times.count)
                 : counter ? std::to_string(span.count)
                           : std::string());
    to.push_back(counter ? decimals(span.per_s, 6) : std::string());
    for (const double level : {span.last, span.lowest, span.highest})
        to.push_back(span.known ? decimals(level, 6) : std::string());
    const results::latency_figures& l = span.times;
    to.push_back(timer ? std::to_string(l.min_ns) : std::string());
    to.push_back(timer ? decimals(l.mean_ns, 6) : std::string());
    for (const std::int64_t ns : {l.p50_ns, l.p90_ns, l.p99_ns, l.p999_ns, l.max_ns})
        to.push_back(timer ? std::to_string(ns) : std::string());
}

void add_figure(std::vector<std::string>& to, const stats::group_figure& of) {
    for (const std::string_view text : {std::string_view(of.group), std::string_view(of.what.name),
                                        name(of.what.kind), std::string_view(of.what.unit)})
        to.emplace_back(text);
}

}  // namespace

void write_drivers_csv(const result_file& r, const record_source&, const text_sink& out) {
    std::vector<std::string> fields = {"group", "figure", "kind", "unit", "span"};
    add_span_headings(fields);
    out(csv_line(fields));
    for (const results::driver_figure_record& one : r.driver_figures) {
        for (const bool measured : {true, false}) {
            fields.clear();
            add_figure(fields, one.of);
            fields.emplace_back(measured ? "measured" : "load");
            add_span(fields, measured ? one.measured : one.load);
            out(csv_line(fields));
        }
    }
}

void write_drivers_intervals_csv(const result_file& r, const record_source&, const text_sink& out) {
    std::vector<std::string> fields = {"started", "t_s",    "duration_s", "phase",
                                       "group",   "figure", "kind",       "unit"};
    add_span_headings(fields);
    out(csv_line(fields));
    for (const results::interval_figures& one : r.intervals) {
        const std::int64_t began_ns = r.load_began_ns() + std::llround(one.t_s * 1e9);
        for (const results::interval_driver_figure& f : one.driver_figures) {
            const auto of = std::find_if(
                r.driver_figures.begin(), r.driver_figures.end(), [&](const auto& known) {
                    return known.of.group == f.group && known.of.what.name == f.name;
                });
            if (of == r.driver_figures.end()) continue;
            fields = {format_utc(began_ns), decimals(one.t_s, 6), decimals(one.duration_s, 6),
                      one.phase};
            add_figure(fields, of->of);
            add_span(fields, f.value);
            out(csv_line(fields));
        }
    }
}

}  // namespace chopsticks::exports
