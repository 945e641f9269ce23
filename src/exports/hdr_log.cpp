// HdrHistogram's log of interval histograms (format version 1.3, payloads V2). Source: the format
// as HistogramLogWriter of HdrHistogram in Java writes it.

#include <chopsticks/core/clock.hpp>
#include <cmath>
#include <cstdio>

#include "writers.hpp"

namespace chopsticks::exports {

namespace {

/// What a tag may hold: no commas, no white space.
std::string tag_of(std::string text) {
    for (char& c : text) {
        const bool plain = c > ' ' && c < 0x7f && c != ',' && c != '"';
        if (!plain) c = '_';
    }
    return text;
}

std::string log_line(const results::interval_figures& one, double max_ns, const std::string& hdr) {
    char times[96];
    std::snprintf(times, sizeof times, "%.6f,%.6f,%.6f,", one.t_s, one.duration_s, max_ns / 1e6);
    return times + hdr + "\n";
}

}  // namespace

void write_hdr_log(const result_file& r, const record_source&, const text_sink& out) {
    const std::int64_t began_ns = r.load_began_ns();
    char seconds[64];
    std::snprintf(seconds, sizeof seconds, "%.3f", static_cast<double>(began_ns) / 1e9);
    out("#[Response times of run " + r.run_id +
        " in nanoseconds; without a tag: all operations together]\n"
        "#[Histogram log format version 1.3]\n#[StartTime: " +
        seconds + " (seconds since epoch), " + format_utc(began_ns) + "]\n#[BaseTime: " + seconds +
        " (seconds since epoch)]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\""
        "\n");
    for (const results::interval_figures& one : r.intervals) {
        stats::histogram all(2);
        for (const operation_figures& f : one.operations) {
            if (f.response.count > 0) all.add(f.response.decode());
        }
        out(log_line(one, static_cast<double>(all.max()), all.encode()));
        for (const operation_figures& f : one.operations) {
            if (f.response.count == 0) continue;
            out("Tag=" + tag_of(f.name) + "," +
                log_line(one, static_cast<double>(f.response.max_ns), f.response.hdr));
        }
    }
}

}  // namespace chopsticks::exports
