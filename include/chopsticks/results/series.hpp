#pragma once
/// \file
/// What a person sees of a sweep and of a search, from their documents. Lines fit 80 columns, or
/// the terminal where it is wider. Pure; any thread.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <string>
#include <vector>

namespace chopsticks::results {

/// What the repeats of each point of a sweep say together, in the order of the points: median, mean
/// and spread over the valid runs, and their histograms added up. An empty array where nothing was
/// repeated.
json aggregate_repeats(const json& document);

/// A table of the points in the order of their axes, and the curve where there are points of
/// several throughputs. `path` is where the document is, for the last line.
std::string render_sweep(const json& document, const std::string& path,
                         const terminal_options& options);

/// The bounds, a table of the rates that were tried, and the curve. \param path as above; empty: it
/// could not be written
std::string render_find_max(const json& document, const std::string& path,
                            const terminal_options& options);

/// One line about a trial of a search, with its end.
std::string format_trial(const json& trial);

/// A point of the curve.
struct curve_point {
    double rate_per_s = 0;  ///< throughput: operations that succeeded
    double p50_ns = 0;
    double p99_ns = 0;
};

/// Latency over throughput: 'o' the median, '*' the 99th percentile of the response time, the
/// latter in front. Latencies are on a logarithmic scale. Empty for fewer than two points.
std::string render_curve(std::vector<curve_point> points, std::size_t width);

}  // namespace chopsticks::results
