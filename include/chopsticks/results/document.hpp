#pragma once
/// \file
/// The result of a run as plain structs. The engine and cli fill them, `to_json` and write.hpp turn
/// them into the document that docs/reference/result.md describes. Nothing here is on the hot path
/// and nothing is thread safe: a document belongs to the thread that collects the run.
///
/// Units: times in seconds are `_s` doubles since the start of the run, latencies `_ns`, sizes
/// bytes.

#include <chopsticks/results/health.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/results/verdicts.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/stats/gap_figures.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// The version of the document's format. It grows when a field changes its meaning or goes away;
/// a new field alone does not change it.
constexpr int schema_version = 1;

/// One phase of the run as it was, not as it was planned.
struct phase_span {
    std::string name;      ///< prepare, ramp, warmup, measure, drain, cleanup
    double started_s = 0;  ///< since the start of the run
    double duration_s = 0;
};

/// What was left out of every figure at the start of the load, and why.
struct warmup_cut {
    double by_time_s = 0;          ///< the scenario's warm-up
    double by_steady_state_s = 0;  ///< cut beyond it because the load was not steady yet
    std::optional<bool> steady;  ///< the steady-state test's verdict on the rest; none: not tested
    std::uint64_t ok = 0;        ///< operations that were cut and had succeeded
    std::uint64_t failed = 0;    ///< operations that were cut and had failed
};

/// How well the mean throughput of the measure phase is known: 95 % confidence interval by batch
/// means (stats::confidence_of_mean).
struct throughput_estimate {
    double mean_per_s = 0;        ///< of whole intervals
    double half_width_per_s = 0;  ///< meaningful where `usable`
    double lag1 = 0;              ///< correlation of neighbouring batch means
    std::uint64_t batches = 0;
    std::uint64_t batch_intervals = 0;
    bool usable = false;     ///< enough batches, and they pass for independent
    bool ended_run = false;  ///< the measure phase ended because this was narrow enough
};

/// The operation log that the run wrote beside its result.
struct op_log_figures {
    std::string file;
    std::uint64_t records = 0;  ///< operations in it
    std::uint64_t dropped = 0;  ///< operations that are not, because the disk was too slow or full
    std::uint64_t bytes = 0;
    std::string problem;  ///< why writing ended early; empty: it did not
};

struct run_info {
    std::string id;               ///< unique; make_run_id() in write.hpp
    std::int64_t started_ns = 0;  ///< wall clock, since the Unix epoch
    double duration_s = 0;        ///< of the measure phase as it was: what rates are divided by
    std::vector<std::string> command_line;  ///< without secrets; `redact` is applied when written
    std::uint64_t seed = 0;
    bool interrupted = false;  ///< Ctrl-C or a signal ended it early
    std::string problem;       ///< why it ended before its plan did; empty: it did not
    int exit_status = exit_ok;
    run_verdicts verdicts;
    std::vector<phase_span> phases;
    warmup_cut warmup;
    throughput_estimate throughput;
    double interval_s = 1;              ///< planned length of an interval
    std::vector<std::string> warnings;  ///< what the user should know but does not invalidate it
    std::vector<std::string> notes;     ///< what targets had to say when they were opened
};

/// Where it ran and what ran. Texts: empty = unknown; numbers: 0 = unknown.
struct environment {
    std::string host;
    std::string kernel;  ///< "Linux 6.1.0-18-amd64"
    std::string cpu_model;
    unsigned cpus_online = 0;
    unsigned cpus_usable = 0;  ///< by the process's affinity mask
    std::uint64_t memory_bytes = 0;
    std::uint64_t nofile_soft = 0;  ///< RLIMIT_NOFILE during the run
    std::uint64_t nofile_hard = 0;
    unsigned port_first = 0;  ///< ephemeral ports
    unsigned port_last = 0;
    std::string clock_source;
    std::string version;  ///< of chopsticks
    std::string compiler;
    std::string build_type;
    std::string boost;
    std::string openssl;
    std::string librbd;
};

/// A workload config without its secrets. Made by `echo_of`.
struct workload_echo {
    std::string file;
    std::string driver;
    /// Of the workload whose keys may stand at the file's top: its name, and what it shows.
    std::map<std::string, scenario::echo_fields> at_top;
    /// Of the others.
    std::map<std::string, scenario::echo_fields> other;
    std::map<std::string, std::string> ignored;  ///< key -> why

    /// Empties what differs between runs of one setting, wherever it is shown: a text, or a list.
    void leave_out(std::string_view key);
};

/// Whether the figures may be believed: the generator kept up, nothing was lost.
struct validity {
    bool valid = true;
    std::vector<std::string> reasons;  ///< full sentences; not empty when invalid
};

/// The service level objectives over the measure phase.
struct slo_figures {
    std::vector<slo_outcome> objectives;
    bool aborted = false;  ///< an objective that was missed ended the load
};

/// What was due and what came of it, over the measure phase. Counted in tasks: an operation, or a
/// sequence of them. In a closed loop a task is due when a user is ready for it, so intended =
/// issued and nothing waits.
struct load_figures {
    std::uint64_t intended = 0;           ///< tasks that were due
    std::uint64_t issued = 0;             ///< begun
    std::uint64_t skipped = 0;            ///< not begun: there was nothing to do them on
    std::uint64_t completed = 0;          ///< ended, well or not
    std::uint64_t cancelled = 0;          ///< cut off by the end of the run; neither ok nor failed
    std::uint64_t shed = 0;               ///< dropped because the queue was full
    std::uint64_t shed_late = 0;          ///< dropped because it was too late to begin it
    std::uint64_t backlog_at_end = 0;     ///< due, neither issued nor shed, when measuring ended
    std::int64_t backlog_age_max_ns = 0;  ///< the longest that due work waited in the queue
    std::uint64_t max_in_flight = 0;      ///< the highest number in flight at a time
    double intended_rate_per_s = 0;       ///< tasks per second asked for; 0 in a closed loop
};

/// The load of one interval.
struct interval_load {
    std::uint64_t intended = 0;
    std::uint64_t issued = 0;
    std::uint64_t skipped = 0;
    std::uint64_t completed = 0;
    std::uint64_t shed = 0;
    std::uint64_t shed_late = 0;
    std::uint64_t users = 0;    ///< closed loop: that had their turn at the interval's end
    std::uint64_t backlog = 0;  ///< at the interval's end
    std::uint64_t in_flight_max = 0;
};

/// Things of one kind that the run made and that are still on the target.
struct left_item {
    std::string kind;  ///< of one of them: "object", "image", "bucket"
    std::string name;  ///< of the one, or of what they all lie below
    std::uint64_t count = 1;
    bool exact = true;        ///< false: so many at most
    std::string remove_with;  ///< a command; empty: none is known
};

/// What verification found: places that hold something else than was written there.
struct wrong_data_figures {
    std::uint64_t places = 0;           ///< each counted once
    std::uint64_t checked = 0;          ///< that were read and compared, also repeatedly
    std::vector<std::string> examples;  ///< the first of them, one line each
};

/// Objects the run made, over all groups, as it counted them itself; what is left also as the
/// target counts it, where that was asked.
struct data_figures {
    std::uint64_t prepared = 0;        ///< written by the prepare phase
    std::uint64_t prepare_failed = 0;  ///< that the prepare phase could not write
    std::uint64_t alive_before_cleanup = 0;
    std::uint64_t left_behind = 0;  ///< that cleanup could not delete, or was told to keep
    std::vector<left_item> left;    ///< the same, by kind and place
    std::optional<wrong_data_figures> wrong;  ///< none: nothing was verified
};

/// What came of the recording that a group replayed.
struct replay_figures {
    std::string file;
    std::string format;  ///< chopsticks, rgw, s3_access_log
    std::uint64_t bytes = 0;
    double speed = 1;
    std::uint64_t rounds = 0;                    ///< of the file, begun
    std::uint64_t lines = 0;                     ///< lines or records that were read
    std::uint64_t malformed = 0;                 ///< of them
    std::vector<std::uint64_t> malformed_lines;  ///< the first of them, from 1
    bool truncated = false;                      ///< an operation log without its end
    std::uint64_t operations = 0;                ///< handed to the cores
    std::uint64_t unmapped = 0;                  ///< of kinds that the group's tasks lack
    std::uint64_t refused = 0;                   ///< left out: the recorded target had refused them
    std::uint64_t out_of_order = 0;              ///< stood beyond the sort window: moved later
    std::uint64_t moved = 0;                     ///< did not fit into the images as recorded
    std::uint64_t late = 0;  ///< the reader handed over when they were already due
    std::int64_t lateness_max_ns = 0;
};

/// How an open loop kept its plan: gaps between arrivals in units of what the rate curve expects.
struct pacing_figures {
    std::string arrivals;        ///< poisson, constant
    stats::gap_figures planned;  ///< between the times at which tasks were due
    stats::gap_figures issued;   ///< between the instants at which they were begun
};

/// What was due in one stage of the measure phase. Those of all stages add up to the figures of
/// the measure phase.
struct stage_figures {
    explicit stage_figures(stats::totals all) : figures(std::move(all)) {}

    double start_s = 0;  ///< since the measure phase began
    double duration_s = 0;
    stats::totals figures;
    load_figures load;  ///< over all groups
};

/// A time without a success, while something was due, that was too long to be the target's pace.
struct outage {
    double start_s = 0;  ///< since the measure phase began
    double duration_s = 0;
};

/// How long a group, or one of its endpoints, gave no success.
struct silence_figures {
    double longest_s = 0;     ///< the longest time; 0: none was longer than 10 ms
    double allowed_s = 0;     ///< what is longer is an outage
    double outage_s = 0;      ///< all of them
    double outage_share = 0;  ///< of the group's measure phase
    std::vector<outage> outages;
};

/// That of one of several endpoints of a group.
struct endpoint_silence {
    std::string group;
    std::string endpoint;
    silence_figures figures;
};

struct image_figures {
    std::string name;  ///< "rbd/name"
    std::uint64_t bytes = 0;
    bool made = false;                           ///< by the run
    std::optional<std::uint64_t> written_bytes;  ///< at most; none: not known, or not looked for
};

struct group_figures {
    std::string name;
    std::string workload;
    std::string driver;          ///< the one that was used
    bool as_calibrated = false;  ///< `calibrate` measured requests like those of its target
    bool open_loop = false;
    std::uint32_t users = 0;  ///< closed loop: at full load
    double measured_s = 0;    ///< what its rates are divided by
    bool exhausted = false;   ///< it ended then, as nothing was left to work on
    silence_figures silence;
    load_figures load;
    std::optional<pacing_figures> pacing;    ///< open loop
    std::uint64_t alive_before_cleanup = 0;  ///< objects that existed when the load had ended
    std::optional<replay_figures> replay;    ///< none: the load was no recording
    std::vector<image_figures> images;       ///< block devices, as they were opened
};

/// One reactor over the measure phase.
struct core_figures {
    int cpu = -1;                 ///< the CPU it was pinned to; -1: not pinned
    double busy_share = 0;        ///< wall time in turns of the loop that did something; 0 to 1
    double cpu_share = 0;         ///< CPU time of its thread / wall time, spinning included; 0 to 1
    std::int64_t lag_max_ns = 0;  ///< the longest turn of the loop
    std::uint64_t switches_voluntary = 0;  ///< of the core's thread
    std::uint64_t switches_involuntary = 0;
    double held_up_share = 0;  ///< of the time its thread was kept from running; 0 to 1
    std::int64_t held_up_max_ns = 0;
    double queued_s = 0;   ///< of it: ready, while others had the CPU
    double stopped_s = 0;  ///< of it: not even ready
};

struct connection_figures {
    std::uint64_t opened = 0;
    std::uint64_t failed = 0;
    std::uint64_t tls_handshakes = 0;
    std::uint64_t tls_resumed = 0;
    std::uint64_t timeouts = 0;
};

struct nic_figures {
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_dropped = 0;
};

/// What the generator itself spent over the measure phase: counters are differences over it. A
/// value the system did not tell is none, and null in the document.
struct generator_figures {
    std::string idle = "hybrid";  ///< spin, hybrid or sleep: what its cores did until work was due
    std::vector<core_figures> cores;
    std::optional<double> cpu_user_s;
    std::optional<double> cpu_system_s;
    std::optional<std::uint64_t> rss_bytes_max;  ///< over the life of the process
    std::optional<std::uint64_t> open_fds_max;
    std::optional<std::uint64_t> context_switches_voluntary;
    std::optional<std::uint64_t> context_switches_involuntary;
    std::optional<double> steal_share;             ///< of the host's CPU time; 0 to 1
    std::optional<std::uint64_t> tcp_retransmits;  ///< segments, of the whole host
    connection_figures connections;
    std::map<std::string, nic_figures> nics;  ///< interfaces that moved bytes
    /// Open loop: from when a task was due to when its core's loop noticed. Empty in a closed loop.
    stats::histogram loop_lag;
};

/// How many intervals a document holds at most. An hour of 1 s intervals with four operations is
/// about 60 MB; longer runs have the rest in the interval stream.
constexpr std::size_t interval_limit = 3600;

/// A whole run. Move-only, because the figures are.
struct run_document {
    explicit run_document(stats::layout names) : layout(names), figures(layout, 3) {}

    run_info run;
    std::optional<op_log_figures> op_log;  ///< none: the run wrote none
    results::environment environment;
    scenario::scenario scenario;
    workload_echo workload;
    results::validity validity;
    slo_figures slo;
    stats::layout layout;
    stats::totals figures;  ///< of the measure phase; after `layout`, which it is made from
    std::vector<stage_figures> stages;  ///< empty: the scenario has none
    load_figures load;                  ///< over all groups
    data_figures data;
    std::vector<group_figures> groups;
    std::vector<endpoint_silence> endpoint_silences;
    generator_figures generator;
    health_figures health;
    /// Intervals as `to_line` gives them, oldest first: text, because an hour of them as objects
    /// would take ten times the memory.
    std::vector<std::string> intervals;
    /// Intervals that ended but are not in `intervals`; they are in the interval stream only.
    std::uint64_t intervals_omitted = 0;
    std::string interval_file;  ///< path of the interval stream; empty: there was none

    /// Appends a line of `to_line`, or counts it as omitted beyond `interval_limit`.
    void add_interval(std::string line);
};

/// One interval of the load: figures of 2-digit histograms, and the generator's state in it.
struct interval {
    double t_s = 0;         ///< its start, since the load began (the first phase after prepare)
    double duration_s = 0;  ///< its real length
    std::string phase;      ///< ramp, warmup, measure, drain
    const stats::totals* figures = nullptr;  ///< not owned; made with the layout given to `to_line`
    interval_load load;
    std::vector<double> cores_busy;  ///< busy share of each core, 0 to 1
    interval_health health = {};
};

/// The workload config as the result shows it: what each workload says of its settings. An access
/// key id is shown whole: it is an identifier, and the way to see which account did it.
workload_echo echo_of(const scenario::workload_config& config);

/// The command line with every value of an option whose name speaks of a secret, token or password
/// replaced by "(redacted)", in both spellings `--x V` and `--x=V`, also inside `--set a.b=V`, and
/// user information cut out of URLs. A second fence: cli refuses secrets there in the first place.
std::vector<std::string> redact(const std::vector<std::string>& command_line);

/// The URL without "user:password@". Anything that is no such URL comes back unchanged.
std::string without_user_information(std::string_view url);

/// The scenario's structure, without its source text.
json to_json(const scenario::scenario& s);

/// What the rates of each operation of the layout are divided by: how long its group was measured.
std::vector<double> measured_s(const run_document& doc);

/// Figures of one operation or endpoint. Rates are per `duration_s`; 0 gives rates of 0.
json to_json(const stats::figures& f, double duration_s);

/// Count, min, mean, stddev, percentiles, max, and the encoded histogram.
json to_json(const stats::histogram& h);

/// All but the intervals, which are an empty array: what a report needs.
json to_json_without_intervals(const run_document& doc);

/// The whole document.
json to_json(const run_document& doc);

/// One interval as one line of JSON without the line's end: a line of the interval stream, and an
/// element of run_document::intervals. Operations that did nothing in it are left out.
std::string to_line(const interval& one, const stats::layout& names);

/// The whole document as text: indented, except that each interval is on one line of its own.
std::string to_text(const run_document& doc);

}  // namespace chopsticks::results
