#pragma once
/// \file
/// Series of runs, sweeps and searches, as plain structs: what their documents hold, what they come
/// to, and what a person sees of them (lines fit 80 columns, or the terminal where it is wider).
/// docs/reference/series.md describes the documents. Pure, but for reading; any thread.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/search/max_rate.hpp>
#include <chopsticks/search/sweep_plan.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::results {

struct run_document;

/// An objective in one run.
struct point_objective {
    std::string text;  ///< as written
    std::string unit;  ///< of the value; unit_of() in slo.hpp
    std::optional<double> value;
    bool met = false;
};

/// The figures of a run that tables and curves are made of: of all its operations together.
struct point_figures {
    double duration_s = 0;  ///< of the measure phase
    double intended_per_s = 0;
    double rate_per_s = 0;
    double bytes_per_s = 0;
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t shed = 0;
    std::uint64_t backlog_at_end = 0;
    // None of the next three: an earlier version ran it, which did not tell.
    std::optional<std::uint64_t> shed_late;
    std::optional<std::uint64_t> unfinished;
    std::optional<double> outage_share;  ///< of the group or endpoint that was away for longest
    double mean_ns = 0;                  ///< of the response time, as all that follow
    /// Keys of those that are lower bounds, because some of what was due was not answered. None: as
    /// above.
    std::optional<std::vector<std::string>> at_least;
    std::int64_t p50_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
    std::int64_t max_ns = 0;
    json response;  ///< as in a result, with its histogram; null: as above
    bool valid = true;
    std::vector<std::string> reasons;  ///< why not
    std::vector<point_objective> slo;

    std::uint64_t unanswered() const noexcept {
        return shed + shed_late.value_or(0) + unfinished.value_or(0);
    }
};

point_figures point_figures_of(const run_document& doc);

enum class point_status : std::uint8_t {
    pending,
    done,
    failed,  ///< it could not be run to its end
    interrupted
};
/// As the document spells it.
const char* name(point_status s) noexcept;

/// One run of a sweep, made or not.
struct swept_point {
    search::sweep_point plan;
    std::string file;  ///< of its result, beside the document
    point_status status = point_status::pending;
    std::optional<int> exit_status;  ///< none: not run
    std::string problem;             ///< why it failed; empty: it did not
    double cool_down_s = 0;          ///< waited before it for the target's latency at rest
    bool cooled_down = true;         ///< the target was back there
    std::optional<point_figures> figures;
    /// A line for each thing that it should have removed and did not. None: it was not run.
    std::optional<std::vector<std::string>> left_behind;
};

struct sweep_document {
    json identity;  ///< what must be equal for two sweeps to be one
    std::string scenario;
    std::string started;                    ///< UTC
    std::vector<std::string> command_line;  ///< `redact` is applied when written
    std::uint64_t seed = 0;                 ///< those of the runs are made from it
    bool shuffled = false;
    unsigned repeat = 1;
    bool interrupted = false;
    std::vector<search::axis> axes;
    std::vector<swept_point> points;  ///< in the order of their indices
};

/// Median, mean and spread of a figure over runs, the run being the unit.
struct run_spread {
    double median = 0;
    double mean = 0;
    std::optional<double> stddev;  ///< none: one run has none
    double min = 0;
    double max = 0;
};

/// What the repeats of a point of a sweep say together.
struct point_aggregate {
    std::vector<std::string> values;  ///< by axis
    std::size_t runs = 0;
    std::size_t valid_runs = 0;  ///< all that follows is of these
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t shed = 0;
    std::uint64_t shed_late = 0;
    std::uint64_t unfinished = 0;
    std::uint64_t backlog_at_end = 0;
    // None: no run is valid.
    std::optional<run_spread> rate_per_s;
    std::optional<run_spread> bytes_per_s;
    std::optional<run_spread> mean_ns;
    std::optional<run_spread> p50_ns;
    std::optional<run_spread> p99_ns;
    std::optional<run_spread> p999_ns;
    std::optional<run_spread> max_ns;
    json response;  ///< the runs' histograms added up; null: no run is valid, or one has none
};

/// Those of all points, in the order of the points. Empty where nothing was repeated.
std::vector<point_aggregate> aggregate_repeats(const sweep_document& sweep);

/// One trial of a search.
struct search_trial {
    search::trial_plan plan;
    std::string file;  ///< as in swept_point
    std::optional<point_figures> figures;
    std::string problem;  ///< why it could not be run; empty: it was
    double elapsed_s = 0;
    bool growing = false;
    bool ended_early = false;
    bool generator_limited = false;
    std::optional<search::rate_class> rate_is;  ///< the verdict on its rate after it
    bool left_behind = false;                   ///< it left something; not in the document
};

/// What a search has found so far. Rates are tasks per second over all groups.
struct search_bounds {
    std::optional<double> lower_per_s;
    std::optional<double> missed_per_s;     ///< the least that is known to be too much
    std::optional<double> generator_per_s;  ///< the least at which the generator was the limit
    bool validated = false;                 ///< a longer run confirmed the lower one
    double trials_lengthened = 1;
    bool settled = true;
    search::finish finish = search::finish::running;

    bool upper_is_generator() const noexcept {
        return generator_per_s && (!missed_per_s || *generator_per_s < *missed_per_s);
    }
    std::optional<double> upper_per_s() const noexcept {
        return upper_is_generator() ? generator_per_s : missed_per_s;
    }
    /// upper / lower - 1
    std::optional<double> width() const noexcept {
        if (!lower_per_s || !upper_per_s()) return std::nullopt;
        return *upper_per_s() / *lower_per_s - 1;
    }
};

struct find_max_document {
    std::string started;                    ///< UTC
    std::vector<std::string> command_line;  ///< `redact` is applied when written
    std::uint64_t seed = 0;
    std::string scenario;
    json identity;
    std::vector<std::string> objectives;  ///< as written
    search::max_rate_options options;
    bool interrupted = false;
    double spent_s = 0;
    search_bounds result;
    std::vector<search::tried_rate> rates;  ///< ascending
    std::vector<search_trial> trials;       ///< in order of time
};

/// The whole document, aggregates of repeated points included.
json to_json(const sweep_document& sweep);
json to_json(const find_max_document& found);

/// A sweep read back, to go on with it. Throws config_error: not readable, or not a sweep of this
/// version.
sweep_document read_sweep(const std::string& path);

/// What a search found, read back to be shown again; a rate at which the generator was the limit is
/// known only where it is the upper bound. Throws config_error as above.
find_max_document read_find_max(const std::string& path);

/// What a series comes to, if its document could be written.
int exit_status_of(const sweep_document& sweep) noexcept;
int exit_status_of(const find_max_document& found) noexcept;

/// A table of the points in the order of their axes, and the curve where there are points of
/// several throughputs. `path` is where the document is, for the last line.
std::string render_sweep(const sweep_document& sweep, const std::string& path,
                         const terminal_options& options);

/// The bounds, a table of the rates that were tried, and the curve. \param path as above; empty: it
/// could not be written
std::string render_find_max(const find_max_document& found, const std::string& path,
                            const terminal_options& options);

/// One line about a trial of a search, with its end.
std::string format_trial(const search_trial& trial);

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
