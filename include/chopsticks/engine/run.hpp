#pragma once
/// \file
/// A run: phases over cores. The main thread steers, one thread per core works, one thread collects
/// what the cores hand over at the end of every interval.
///
/// Several processes may make one run together: its *world* is the cores of all of them, numbered
/// through. Users, rates, objects, extents, limits and the work of prepare and cleanup are dealt to
/// the world's cores, and random numbers are those of a core's number in it, so that two processes
/// of one core do what one of two cores does. What exists once (the bucket, marks, a kept data
/// set's seal) is made and removed by the process that has the world's core 0, its *leader*.

#include <atomic>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <chopsticks/stats/run_figures.hpp>
#include <chopsticks/stats/steadiness.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// Where a run is.
enum class phase : std::uint8_t { open, prepare, ramp, warmup, measure, drain, cleanup, done };
std::string_view name(phase p) noexcept;
/// Whether load is put on in it.
constexpr bool is_of_load(phase p) noexcept {
    return p == phase::ramp || p == phase::warmup || p == phase::measure;
}

using stats::core_figures;
using stats::endpoint_silence;
using stats::load_figures;
using stats::pacing_figures;
using stats::silence_figures;
using stats::stage_figures;
using stats::steered_change;
using stats::steered_figures;

/// How late the cores' loops were; over all cores.
struct loop_lag {
    stats::histogram turns{2};   ///< lengths of turns that did something: what all else waits for
    stats::histogram timers{2};  ///< from when a sleeper was due to when it was woken

    void add(const runtime::lag_figures& one) noexcept;
};

/// What all cores did in one interval. Operations are counted where they ended.
struct interval {
    explicit interval(const stats::layout& names)
        : figures(names, 2), of_drivers(stats::make_values(names.driver_figures, 2)) {}

    std::uint64_t number = 0;
    phase when = phase::warmup;
    double start_s = 0;  ///< since the load began
    double duration_s = 0;
    stats::totals figures;
    std::vector<load_figures> groups;
    std::vector<core_figures> cores;
    driver_counters connections;
    stats::driver_values of_drivers;  ///< as layout::driver_figures
    loop_lag lag;
};

/// How far prepare or cleanup is.
struct progress {
    phase when = phase::open;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::uint64_t failed = 0;  ///< attempts; most are repeated
    double elapsed_s = 0;
    std::string last_failure;  ///< of late; empty: none since the last success
    /// For so long it goes on at most if nothing succeeds any more.
    double patience_left_s = 0;
};

/// What a run waits for at its beginning or end, a second or longer.
struct wait_state {
    phase when = phase::open;
    std::string what;  ///< "for 12 operations in flight"
    double elapsed_s = 0;
    double most_s = 0;  ///< from its beginning; 0: not known
};

/// Time spent in a phase; seconds since the start of the run.
struct phase_span {
    phase when;
    double start_s = 0;
    double duration_s = 0;
};

/// Called on threads of the run, one call at a time.
struct observer {
    virtual ~observer() = default;
    virtual void on_phase(phase) {}
    virtual void on_progress(const progress&) {}
    virtual void on_interval(const interval&) {}
    /// Every second while the run waits.
    virtual void on_wait(const wait_state&) {}
    /// What a target had to say when it was opened: one of target_state::notes.
    virtual void on_note(const std::string&) {}
    /// One of target_state::warnings.
    virtual void on_warning(const std::string&) {}
};

/// A group with its driver; both outlive the run.
struct group_setup {
    const scenario::group* group = nullptr;
    driver* target = nullptr;
    bool protect_initial = false;  ///< the initial objects belong to a kept data set
    std::string place;             ///< where its objects lie, for a person: "s3://bucket/prefix/"
    std::string remove_with;       ///< a command that removes what is left there
    /// Not null: the group's load is this recording. Made for the run's cores, not started.
    trace::replay_feed* replay = nullptr;
};

struct run_options {
    const scenario::scenario* plan = nullptr;
    std::vector<group_setup> groups;
    unsigned cores = 1;         ///< of this process
    unsigned first_core = 0;    ///< the number of its first core in the world
    unsigned cores_in_all = 0;  ///< of the world; 0: it is this process alone
    std::vector<int> cpus;      ///< to pin to, one per core; empty: not pinned
    runtime::idle_mode idle = runtime::idle_mode::hybrid;
    std::uint64_t seed = 1;
    std::int64_t interval_ns = 1'000'000'000;
    observer* watcher = nullptr;  ///< may be null
    /// Not null: gets a record of every operation of the load. The caller finishes it.
    trace::op_log_writer* op_log = nullptr;
    trace::op_log_header op_log_header;  ///< start and names are filled in by the run
    /// Raised by whoever has seen enough, from any thread: the load ends then as at its planned
    /// end, and the run is not interrupted. May be null.
    const std::atomic<bool>* end_load = nullptr;
    /// Not null: how many users a closed-loop group has, and which share of its rate an open-loop
    /// one, is what this says while the load goes, in place of the scenario, whose ramp, warm-up
    /// and length of the measure phase count for nothing. The load, and its measure phase with it,
    /// begins when somebody or something is wanted first, and ends with load_control::finish (or a
    /// limit of operations or bytes). What the scenario gives an open-loop group (max_in_flight,
    /// queue) holds, and its rate is that of the world. See also steering_problem.
    load_control* control = nullptr;

    /// Raised by whoever keeps the processes of a world together, once one of them has died,
    /// whether another took its place or not: the leader then asks the target, after the cleanup of
    /// all others, what is left, since no other account has what that one put. May be null.
    const std::atomic<bool>* process_died = nullptr;

    unsigned world_cores() const noexcept { return cores_in_all > 0 ? cores_in_all : cores; }
    bool leads() const noexcept { return first_core == 0; }
    /// What of `total` is this process's: those of all processes add up to it.
    std::uint64_t share_of(std::uint64_t total) const noexcept;
};

/// How warm-up and measure phase came to their ends, judged by the throughput per interval.
struct steady_figures {
    bool asked = false;    ///< the warm-up was to last until the throughput is steady
    bool reached = false;  ///< it was, within the time given
    /// Of the warm-up's intervals after the ramp.
    std::size_t warmup_intervals = 0;
    stats::truncation warmup;
    /// Of the throughput of the measure phase, operations per second; of a load that was steered
    /// from outside, over the longest stretch in which nothing was changed.
    stats::mean_confidence throughput;
    bool confident = false;  ///< the measure phase ended because the throughput was known
};

/// All that came of a run.
struct run_result {
    explicit run_result(const stats::layout& l)
        : names(l),
          measured(l, 3),
          warmup(l, 3),
          of_drivers(stats::make_values(l.driver_figures, 3)),
          measured_of_drivers(of_drivers) {}

    stats::layout names;
    /// Operations that were due in the measure phase, also those that ended while draining.
    stats::totals measured;
    /// Operations due before it: cut from the figures, kept here.
    stats::totals warmup;
    std::int64_t load_start_ns = 0;  ///< that interval::start_s counts from, monotonic; 0: no load
    double measure_s = 0;            ///< length of the measure phase
    double warmup_s = 0;
    std::vector<load_figures> groups;  ///< of the measure phase
    /// By group: its measure phase, which ends early where nothing is left to work on.
    std::vector<double> group_measure_s;
    std::vector<bool> exhausted;            ///< by group: that is how it ended
    std::vector<silence_figures> silences;  ///< by group
    std::vector<endpoint_silence> endpoint_silences;
    std::vector<stage_figures> stages;   ///< empty: the scenario has none
    std::vector<pacing_figures> pacing;  ///< by group; empty gaps in a closed loop
    std::vector<core_figures> cores;     ///< of the measure phase
    steady_figures steady;
    std::optional<steered_figures> steered;  ///< none: nobody steered it from outside
    /// By group, of open loops: when the generator noticed a due task - due.
    std::vector<stats::histogram> schedule_lag;
    driver_counters connections;           ///< of the whole run
    driver_counters measured_connections;  ///< of the measure phase
    /// As layout::driver_figures, when they were counted: of the load with its drain, and of the
    /// measure phase.
    stats::driver_values of_drivers;
    stats::driver_values measured_of_drivers;
    loop_lag lag;  ///< of the measure phase
    /// 99th percentile of the send lag in each interval of the measure phase: does it grow?
    std::vector<std::int64_t> send_lag_p99_ns;
    std::vector<phase_span> phases;
    std::vector<std::uint64_t>
        alive;  ///< by group: objects that exist before cleanup, by our count
    std::uint64_t prepared = 0;
    std::uint64_t prepare_failed = 0;  ///< objects that could not be written
    std::uint64_t left_behind = 0;     ///< how many things are in `left`, at most
    std::vector<leftover> left;        ///< what is still on the target
    wrong_data wrong;                  ///< on the target, where groups verify what they read
    bool interrupted = false;
    bool target_problem = false;  ///< `problem` is of the target or its configuration
    std::string problem;          ///< not empty: why the run ended before its measure phase did
    std::string cleanup_problem;
    std::vector<std::string> end_warnings;  ///< of what may yet come; for the user
    std::vector<std::string> notes;         ///< of the targets, as they were opened; for the user
    std::vector<std::string> target_warnings;       ///< the same, of what changes the figures
    std::vector<std::vector<opened_image>> images;  ///< by group, as they were opened
};

/// What the target said to one step.
struct probe_answer {
    std::size_t group = 0;  ///< in run_options::groups
    std::size_t task = 0;   ///< of the group
    std::size_t step = 0;   ///< of the task
    support what = support::unknown;
    std::string why;  ///< for a person; empty: it has it
};

/// The seed that sizes and contents of a group's objects are functions of. That of a kept data set
/// depends on its name alone, so that later runs find what earlier ones wrote.
std::uint64_t data_seed(const scenario::group& group, std::uint64_t run_seed,
                        std::size_t index) noexcept;

/// Size of an object, as the engine chooses it.
std::uint64_t object_size(const scenario::group& group, std::uint64_t data_seed,
                          std::uint64_t index) noexcept;

/// "<group>/<op>" for every operation the groups' tasks use, with its parts one after the other,
/// all endpoints, and what the drivers count of their own, in a fixed order. Throws config_error
/// for a driver that declares figures of its own which are none.
stats::layout make_layout(const std::vector<group_setup>& groups);

/// replay_options::kinds of a group whose load is a recording: one for each of its tasks, in their
/// order.
std::vector<trace::replay_kind> replay_kinds(const scenario::group& group);

/// The phases of a run as calls, for whoever knows when each may begin: a command line (see
/// `execute`), or what keeps the processes of a world together. They are called in this order by
/// the thread that made the run, which blocks in each; where one says false the next of them that
/// is still to be called is named. What an interrupt does is as in `execute`.
///
/// In a world each phase begins when all processes have ended the one before, but for `open`, which
/// comes before `join`, and `close`, where the leader's comes last. What a process decides by what
/// it measured (a steady throughput, stop.confidence, running out of things to work on) it decides
/// for itself.
class run {
  public:
    virtual ~run() = default;

    /// The leader: opens the targets, and makes what all processes need of them. False: there is a
    /// problem, or an interrupt; `close` is next.
    virtual bool open() = 0;
    /// What `open` found, by group.
    virtual const std::vector<target_state>& targets() const noexcept = 0;
    /// Another process, in place of `open`: learns what that found. False: as there. So does one
    /// that takes the place of a process which has died, its share of the world (first_core) and
    /// all: it prepares that share as if nothing were there, and what is there is written again
    /// with what it holds or should hold. In the place of the leader it does not close what that
    /// opened, nor seal, and the result says so.
    virtual bool join(const std::vector<target_state>& found) = 0;

    /// Makes the initial objects, those of this process, and reads ahead in recordings. False: they
    /// are not all there; `clean` is next.
    virtual bool prepare() = 0;
    /// The leader: marks kept data sets as complete. False: as `prepare`.
    virtual bool seal() = 0;

    /// Puts the load on. It begins at `start_ns`, a monotonic time that the cores can keep if it is
    /// load_notice_ns away; what was due before they knew begins late, and is counted so. False: an
    /// interrupt came first; `clean` is next.
    virtual bool load(std::int64_t start_ns) = 0;
    /// Waits for what is in flight. Always called after a load; then verifies data, where asked to.
    /// The watcher has been told of all intervals when it returns.
    virtual void drain() = 0;

    /// The leader, in place of a load, also where `prepare` said false: does each step of the
    /// groups' tasks once, in their order, on its first core, which has a user of each group. An
    /// answer for each of them, but for those that an interrupt came before.
    virtual std::vector<probe_answer> probe() = 0;

    /// Removes all that this process's cores made.
    virtual void clean() = 0;
    /// Lets go of the targets; the leader removes what `open` made. What is left then is in the
    /// result.
    virtual void close() = 0;

    /// Ends the cores. What came of it, all in all; the last call.
    virtual run_result finish() = 0;
};

/// Why these processes cannot make a run together, a full sentence for the user; empty: they can,
/// or there is only one. `open` and `join` refuse such a run before they ask the target anything.
std::string world_problem(const run_options& options);

/// How long before its beginning the cores must be told of a load.
constexpr std::int64_t load_notice_ns = 5'000'000;

/// Starts the cores. The options, what they point to and `stop_level` outlive the run.
std::unique_ptr<run> make_run(const run_options& options, const std::atomic<int>& stop_level);

/// Runs it, as a world of its own. Blocks until the end. `stop_level` is raised from anywhere (a
/// signal handler too): 1 ends the phase, drains, cleans up; 2 stops at once and leaves the objects
/// behind.
run_result execute(const run_options& options, const std::atomic<int>& stop_level);

}  // namespace chopsticks::engine
