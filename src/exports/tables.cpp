// Tables for spreadsheets and reports.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "writers.hpp"

namespace chopsticks::exports {

namespace {

constexpr const char* figure_columns[] = {"ok",    "failed",     "skipped",
                                          "shed",  "unfinished", "retries",
                                          "bytes", "rate_per_s", "bytes_per_s"};
constexpr const char* latency_columns[] = {"min_ns", "mean_ns", "p50_ns",  "p75_ns",   "p90_ns",
                                           "p95_ns", "p99_ns",  "p999_ns", "p9999_ns", "max_ns"};

void add_headings(std::vector<std::string>& to) {
    to.insert(to.end(), std::begin(figure_columns), std::end(figure_columns));
    for (const std::string kind : {"response_", "service_"}) {
        for (const char* column : latency_columns)
            to.push_back(kind + column);
    }
    to.emplace_back("unsupported");  // of the failed; last, as it came last
}

void add_latency(std::vector<std::string>& to, const results::latency_figures& l) {
    to.push_back(std::to_string(l.min_ns));
    to.push_back(decimals(l.mean_ns, 6));
    for (const std::int64_t ns :
         {l.p50_ns, l.p75_ns, l.p90_ns, l.p95_ns, l.p99_ns, l.p999_ns, l.p9999_ns, l.max_ns})
        to.push_back(std::to_string(ns));
}

void add_figures(std::vector<std::string>& to, const operation_figures& f) {
    for (const std::uint64_t n :
         {f.ok, f.failed, f.skipped, f.shed, f.unfinished, f.retries, f.bytes})
        to.push_back(std::to_string(n));
    to.push_back(decimals(f.rate_per_s, 6));
    to.push_back(decimals(f.bytes_per_s, 6));
    add_latency(to, f.response);
    add_latency(to, f.service);
    to.push_back(std::to_string(results::unsupported_of(f)));
}

/// With a mark where the figure is a lower bound.
std::string shown_latency(const results::latency_figures& l, std::int64_t ns, const char* key) {
    for (const std::string& open : l.at_least)
        if (open == key) return ">= " + format_latency(ns);
    return format_latency(ns);
}

}  // namespace

void write_csv(const result_file& r, const record_source&, const text_sink& out) {
    std::vector<std::string> fields = {"operation", "part_of"};
    add_headings(fields);
    out(csv_line(fields));
    const auto row = [&](const std::string& name, const operation_figures& f) {
        fields = {name, f.part_of};
        add_figures(fields, f);
        out(csv_line(fields));
    };
    for (const operation_figures& f : r.operations)
        row(f.name, f);
    row("total", r.total);
}

void write_intervals_csv(const result_file& r, const record_source&, const text_sink& out) {
    std::vector<std::string> fields = {"started", "t_s", "duration_s", "phase", "operation"};
    add_headings(fields);
    out(csv_line(fields));
    for (const results::interval_figures& one : r.intervals) {
        const std::int64_t began_ns = r.load_began_ns() + std::llround(one.t_s * 1e9);
        for (const operation_figures& f : one.operations) {
            fields = {format_utc(began_ns), decimals(one.t_s, 6), decimals(one.duration_s, 6),
                      one.phase, f.name};
            add_figures(fields, f);
            out(csv_line(fields));
        }
    }
}

void write_markdown(const result_file& r, const record_source&, const text_sink& out) {
    out("### " + results::markdown_text(scenario_text(r, "name")) + "\n\n");
    out("Run `" + r.run_id + "`, " + format_utc(r.started_ns) + ", measured " +
        decimals(r.duration_s, 1) + " s" + (r.interrupted ? ", interrupted" : "") + ".\n\n");
    for (const std::string& reason : r.reasons)
        out("**Invalid**: " + results::markdown_text(reason) + "\n\n");
    for (const std::string& sentence : results::never_served_sentences(r.document))
        out("**Unsupported**: " + results::markdown_text(sentence) + "\n\n");
    out(results::markdown_row({"operation", "ok", "failed", "ops/s", "MB/s", "mean", "p50", "p90",
                               "p99", "p99.9", "max"}));
    out("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    const auto row = [&](const std::string& title, const operation_figures& f) {
        const results::latency_figures& l = f.response;
        out(results::markdown_row(
            {title, std::to_string(f.ok), std::to_string(f.failed), decimals(f.rate_per_s, 2),
             decimals(f.bytes_per_s / 1e6, 3), shown_latency(l, std::llround(l.mean_ns), "mean_ns"),
             shown_latency(l, l.p50_ns, "p50_ns"), shown_latency(l, l.p90_ns, "p90_ns"),
             shown_latency(l, l.p99_ns, "p99_ns"), shown_latency(l, l.p999_ns, "p999_ns"),
             shown_latency(l, l.max_ns, "max_ns")}));
    };
    for (const operation_figures& f : r.operations)
        row(f.name, f);
    row("total", r.total);
    out("\nTimes are response times");
    if (r.document.contains("parts")) {
        out("; merged from " + std::to_string(r.parts().size()) + " results");
    }
    out(".\n");
}

}  // namespace chopsticks::exports
