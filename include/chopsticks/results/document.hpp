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
#include <chopsticks/stats/event_marks.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <chopsticks/stats/run_figures.hpp>
#include <chopsticks/stats/steadiness.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// The version of the document's format. It grows when a field changes its meaning or goes away;
/// a new field alone does not change it. 2: the figures of intervals are fewer, and a long run's
/// intervals longer.
constexpr int schema_version = 2;

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

/// The operation log that the run wrote beside its result.
struct op_log_figures {
    std::string file;
    std::uint64_t records = 0;  ///< operations in it
    std::uint64_t dropped = 0;  ///< operations that are not, because the disk was too slow or full
    std::uint64_t bytes = 0;
    std::string problem;  ///< why writing ended early; empty: it did not
};

/// What the endpoint inside the process was asked from the beginning of the load to the end of its
/// drain, whatever the drivers say.
struct endpoint_figures {
    std::uint64_t requests = 0;
    std::map<std::string, std::uint64_t> by_operation;  ///< by the names that its faults have
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
    /// Of whole intervals of the measure phase, operations per second.
    stats::mean_confidence throughput;
    bool confident = false;         ///< the measure phase ended because that was known well enough
    double interval_s = 1;          ///< planned length of an interval of the run, and of its stream
    unsigned intervals_joined = 1;  ///< how many of them are one of run_document::intervals
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
    json ceph;  ///< the cluster, as ceph/beside tells of it; null: none was watched
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
    /// What drivers with options of their own were told, by workload.
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> driver_options;
    /// The code that was loaded. Filled in by who loads it.
    struct plugin {
        std::string file;
        std::string name;     ///< as it calls itself
        std::string version;  ///< as it says
    };
    std::vector<plugin> plugins;

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

/// Objects the run made, over all groups, as it counted them itself; what is left also as the
/// target counts it, where that was asked.
struct data_figures {
    std::uint64_t prepared = 0;        ///< written by the prepare phase
    std::uint64_t prepare_failed = 0;  ///< that the prepare phase could not write
    std::uint64_t alive_before_cleanup = 0;
    std::uint64_t left_behind = 0;           ///< that cleanup could not delete, or was told to keep
    std::vector<stats::leftover> left;       ///< the same, by kind and place
    std::optional<stats::wrong_data> wrong;  ///< none: nothing was verified
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

/// How an open loop kept its plan.
struct arrival_figures {
    std::string law;  ///< poisson, constant
    stats::pacing_figures gaps;
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
    stats::silence_figures silence;
    stats::load_figures load;
    std::optional<arrival_figures> pacing;    ///< open loop on a curve
    std::uint64_t alive_before_cleanup = 0;   ///< objects that existed when the load had ended
    std::optional<replay_figures> replay;     ///< none: the load was no recording
    std::vector<stats::opened_image> images;  ///< block devices
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
    std::vector<stats::core_figures> cores;
    std::vector<int> cpus;  ///< that the cores are pinned to; -1, or none here: not pinned
    std::optional<double> cpu_user_s;
    std::optional<double> cpu_system_s;
    std::optional<std::uint64_t> rss_bytes_max;  ///< over the life of the process
    std::optional<std::uint64_t> open_fds_max;
    std::optional<std::uint64_t> context_switches_voluntary;
    std::optional<std::uint64_t> context_switches_involuntary;
    std::optional<double> steal_share;             ///< of the host's CPU time; 0 to 1
    std::optional<std::uint64_t> tcp_retransmits;  ///< segments, of the whole host
    stats::connection_figures connections;
    std::map<std::string, nic_figures> nics;  ///< interfaces that moved bytes
    /// Open loop: from when a task was due to when its core's loop noticed. Empty in a closed loop.
    stats::histogram loop_lag;
};

/// A whole run. Move-only, because the figures are.
struct run_document {
    explicit run_document(stats::layout names)
        : layout(names),
          figures(layout, 3),
          of_drivers(stats::make_values(layout.driver_figures, 3)),
          measured_of_drivers(of_drivers) {}

    run_info run;
    std::optional<op_log_figures> op_log;      ///< none: the run wrote none
    std::optional<endpoint_figures> endpoint;  ///< none: there was none in the process
    results::environment environment;
    scenario::scenario scenario;
    workload_echo workload;
    results::validity validity;
    slo_figures slo;
    stats::layout layout;
    stats::totals figures;  ///< of the measure phase; after `layout`, which it is made from
    /// As layout::driver_figures: of the load with its drain, and of the measure phase.
    stats::driver_values of_drivers;
    stats::driver_values measured_of_drivers;
    std::vector<stats::stage_figures> stages;  ///< empty: the scenario has none
    stats::load_figures load;                  ///< over all groups
    data_figures data;
    std::vector<group_figures> groups;
    std::vector<stats::endpoint_silence> endpoint_silences;
    generator_figures generator;
    health_figures health;
    stats::event_marks events;
    json cluster;  ///< that was watched beside the load, as ceph/beside tells of it; null: none
    /// Intervals as `to_line` gives them, oldest first: text, because an hour of them as objects
    /// would take ten times the memory. Of a run what kept_intervals kept.
    std::vector<std::string> intervals;
    std::string interval_file;  ///< path of the interval stream; empty: there was none
};

/// One interval of the load: figures of 2-digit histograms, and the generator's state in it.
struct interval {
    double t_s = 0;         ///< its start, since the load began (the first phase after prepare)
    double duration_s = 0;  ///< its real length
    std::string phase;      ///< ramp, warmup, measure, drain
    const stats::totals* figures = nullptr;  ///< not owned; made with the layout given to `to_line`
    const stats::driver_values* of_drivers = nullptr;  ///< as `figures`
    stats::load_figures load;
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
