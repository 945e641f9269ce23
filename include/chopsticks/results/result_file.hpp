#pragma once
/// \file
/// A result read back from its file, typed: for comparisons, merges and exports. Any thread; blocks
/// on the disk.
///
/// Whatever a file holds, reading it takes memory of a few times its size (at most 512 MiB), nests
/// no deeper than 64 levels, and ends in a result or in one config_error that names the file and
/// the place in it: for a file that is cut short, no JSON or no document of ours, of a format that
/// this build does not know, with a member that is missing, of another type, negative or beyond
/// `count_max`, with a key twice, and with a histogram that is damaged, is larger than one of ours
/// can be, or holds other counts than it says.

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// No count and no sum of bytes of a run is higher (18 PB), so that 512 of them can be added up.
constexpr std::uint64_t count_max = std::uint64_t{1} << 54;

/// What a document of this program is, by its `kind`.
enum class document_kind : std::uint8_t {
    run,               ///< the result of a run, or of several that were merged
    sweep,             ///< sweep.json
    find_max,          ///< find_max.json
    comparison,        ///< what compare --json wrote of runs
    sweep_comparison,  ///< of sweeps
    drivers,           ///< drivers.json: several drivers with one plan
};

/// A histogram of latencies as the result has it; what an interval of it does not tell is made of
/// `hdr`, and the least is then its bucket's edge. Of `response`, percentiles and extremes are
/// those of all that was due; those named by `at_least` ("p99_ns") are then lower bounds.
struct latency_figures {
    std::uint64_t count = 0;
    std::int64_t min_ns = 0;
    double mean_ns = 0;
    double stddev_ns = 0;
    std::int64_t p50_ns = 0;
    std::int64_t p75_ns = 0;
    std::int64_t p90_ns = 0;
    std::int64_t p95_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
    std::int64_t p9999_ns = 0;
    std::int64_t max_ns = 0;
    std::uint64_t over_range = 0;  ///< values above an hour, which count as one hour
    std::vector<std::string> at_least;
    std::string hdr;  ///< encoded; empty where count is 0

    /// All counts, with the exact extremes and mean: 3 digits in totals, 2 in intervals. Decoded
    /// anew at each call; of figures that were loaded it cannot fail.
    stats::histogram decode() const;
};

struct error_figures {
    std::string error_class;  ///< "timeout", "server_error", ...
    int http_status = 0;
    int errno_value = 0;
    std::string s3_code;  ///< of block devices the errno's name
    std::uint64_t count = 0;
    std::string example;
};

/// Figures of one operation, endpoint or size class over one span of time, as in
/// docs/reference/result.md. Rates are of successes per second of the span.
struct operation_figures {
    std::string name;     ///< "<group>/<operation>", the endpoint, the size class; "" of a total
    std::string part_of;  ///< of a part: the operation that it is one of the requests of
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t skipped = 0;
    std::uint64_t shed = 0;
    std::uint64_t unfinished = 0;
    std::uint64_t retries = 0;
    std::uint64_t bytes = 0;
    double rate_per_s = 0;
    double bytes_per_s = 0;
    latency_figures response;  ///< of the answered and the unfinished
    latency_figures service;
    latency_figures send_lag;
    latency_figures first_byte;
    latency_figures failed_response;
    std::optional<latency_figures> waited;  ///< of the unfinished
    std::vector<error_figures> errors;
    std::vector<operation_figures> by_size_class;  ///< of an operation in the totals
};

/// The figures of that name, or null. The pointer is valid as long as the list is.
const operation_figures* find(const std::vector<operation_figures>& all, std::string_view name);

/// Of the failed, those to which the target answered that it does not have the operation. Results
/// of before that class have none.
std::uint64_t unsupported_of(const operation_figures& f) noexcept;

/// Adds figures that were read back to a sum, by bucket. Throws config_error where they contradict
/// each other; `file` stands for the file.
void add_up(stats::figures& sum, const operation_figures& more, const std::string& file);

/// What a driver told of a figure of its own over one span, by the figure's kind.
struct driver_span {
    stats::figure_kind kind = stats::figure_kind::counter;
    std::uint64_t count = 0;  ///< of a counter
    double per_s = 0;
    bool known = false;  ///< of a gauge: it had a level
    double last = 0;
    double lowest = 0;
    double highest = 0;
    latency_figures times;  ///< of a timer
};

/// Such a figure of a run.
struct driver_figure_record {
    stats::group_figure of;
    driver_span measured;  ///< in the measure phase
    driver_span load;      ///< in all phases of the load
};

/// The same in an interval; what it is stands in the record of this group and name.
struct interval_driver_figure {
    std::string group;
    std::string name;
    driver_span value;
};

/// One interval. Operations that did nothing in it are not in it, and neither are figures of
/// drivers that had nothing.
struct interval_figures {
    double t_s = 0;         ///< its start, since the load began; see result_file::load_began_ns
    double duration_s = 0;  ///< its real length
    std::string phase;      ///< ramp, warmup, measure, drain
    stats::load_figures load;
    std::vector<double> cores_busy;
    json health;
    std::vector<operation_figures> operations;
    std::vector<interval_driver_figure> driver_figures;
};

/// One stage of the measure phase.
struct stage_record {
    double start_s = 0;  ///< since the measure phase began
    double duration_s = 0;
    stats::load_figures load;
    operation_figures total;
    std::vector<operation_figures> operations;
};

/// By what a run is known again.
struct run_identity {
    std::string id;
    /// What two runs cannot have alike, under whatever ids: when they began, with every time that
    /// they measured (the encoded histograms of the total). Empty where nothing succeeded.
    std::string content;
};

/// A document of this program. Members but the first four are of runs only.
struct result_file {
    std::string path;
    document_kind kind = document_kind::run;
    int version = 0;  ///< of the format
    /// The whole document as JSON, but for the elements of `intervals`, which are below.
    json document;

    std::string run_id;
    std::int64_t started_ns = 0;  ///< wall clock, since the Unix epoch
    double duration_s = 0;        ///< of the measure phase: what rates are divided by
    std::uint64_t seed = 0;
    bool interrupted = false;
    bool aborted = false;  ///< an objective that was missed ended the load
    std::string problem;   ///< why it ended before its plan did; empty: it did not
    int exit_status = 0;
    double interval_s = 1;  ///< planned length of one of `intervals`
    /// How many intervals of the run are one of `intervals`: those are in its stream.
    std::uint64_t intervals_joined = 1;
    std::vector<phase_span> phases;    ///< since `started_ns`
    bool valid = true;                 ///< the generator was not the limit
    std::vector<std::string> reasons;  ///< why it was

    stats::load_figures load;  ///< over all groups, in the measure phase
    operation_figures total;
    std::vector<operation_figures> operations;
    /// Of the requests that operations are made of: in no total, as the operations are.
    std::vector<operation_figures> operation_parts;
    std::vector<operation_figures> by_endpoint;
    std::vector<driver_figure_record> driver_figures;
    std::vector<stage_record> stages;
    stats::event_marks events;
    std::vector<interval_figures> intervals;
    /// Of format 1: intervals that are in the interval stream only.
    std::uint64_t intervals_omitted = 0;

    /// Members of the document: objects, empty where an early build did not write them.
    const json& environment() const { return part("environment"); }
    const json& workload() const { return part("workload"); }
    const json& scenario() const { return part("scenario"); }
    const json& groups() const { return part("groups"); }
    const json& generator() const { return part("generator"); }
    const json& health() const { return part("health"); }

    /// Of a merged result what it was made of (a list of objects, each with `offset_s` and with
    /// `run` and other members as the part's result had them); null of any other.
    const json& parts() const;
    /// The runs that a merged result was made of; of any other itself.
    std::vector<run_identity> made_of() const;

    /// When the load began, that `t_s` of intervals counts from: the end of prepare. Wall clock.
    std::int64_t load_began_ns() const;
    /// When the measure phase began, by the wall clock; where there was none, as load_began_ns.
    std::int64_t measure_began_ns() const;

  private:
    const json& part(const char* key) const;
};

/// Throws config_error if the file is a pipe or a device that nobody has opened: to open a pipe
/// waits for its writer, and a device may never end.
void refuse_pipe(const std::string& path);

/// Reads a document of whichever kind. Throws config_error as told above.
result_file load_file(const std::string& path);

/// Reads the result of a run; refuses the documents of sweeps, searches and comparisons with where
/// to find their runs. Throws config_error as told above.
result_file load_result(const std::string& path);

/// load_file of a text in memory; `name` stands for the file in messages.
result_file parse_file(std::string_view text, const std::string& name);

}  // namespace chopsticks::results
