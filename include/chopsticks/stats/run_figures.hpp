#pragma once
/// \file
/// The figures of a run beside those of its operations, as the engine counts them and a result
/// tells them: what was due, how evenly, what was silent for how long, what the generator did.
/// Plain values.

#include <chopsticks/core/held_up.hpp>
#include <chopsticks/stats/gap_figures.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::stats {

/// What was due in some span and what came of it. Counted in tasks: an operation, or a sequence of
/// them. In a closed loop a task is due when a user is ready for it, so intended = issued and
/// nothing waits.
struct load_figures {
    std::uint64_t intended = 0;   ///< that were due
    std::uint64_t issued = 0;     ///< begun
    std::uint64_t skipped = 0;    ///< not begun: there was nothing to do them on
    std::uint64_t completed = 0;  ///< ended, well or not
    std::uint64_t cancelled = 0;  ///< cut off by the end of the run; neither ok nor failed
    std::uint64_t queued = 0;     ///< due, but no user was free: they waited, also for a moment
    std::uint64_t shed = 0;       ///< dropped because the queue was full
    std::uint64_t shed_late = 0;  ///< dropped because it was too late to begin them
    std::uint64_t backlog = 0;    ///< due, neither issued nor shed, at the end of the span
    std::int64_t backlog_age_max_ns = 0;  ///< the longest that due work waited in the queue
    std::uint64_t in_flight_max = 0;      ///< sum over cores of each core's maximum
    std::uint64_t users = 0;         ///< closed loop: that had their turn at the end of the span
    double intended_rate_per_s = 0;  ///< by the plan; of a result only, 0 in a closed loop
    /// What whoever steers the load from outside wanted at the end of the span, of closed loops and
    /// of open ones; none: nobody steers, or it is no such loop.
    std::optional<std::uint64_t> users_wanted;
    std::optional<double> rate_wanted_per_s;

    void add(const load_figures& other) noexcept;
};

/// What a load was steered to be, from a time on.
struct steered_change {
    double at_s = 0;  ///< since the load began
    std::size_t group = 0;
    std::uint64_t users = 0;  ///< closed loop: of this process
    double rate_share = 0;    ///< open loop: of the scenario's rate, which is that of all processes
};

/// Of a load that is steered from outside of the run.
struct steered_figures {
    static constexpr std::size_t changes_most = 512;

    std::vector<steered_change> changes;  ///< the first of them, in their order
    std::uint64_t changes_dropped = 0;    ///< how many there were beyond
    /// By group: tasks that were due in the measure phase by what was wanted; 0 in a closed loop.
    std::vector<double> planned_tasks;
    std::vector<std::uint64_t> users_cut;  ///< by group, as load_control::users_cut
};

/// Gaps between the arrivals of an open loop over the measure phase, all cores, in units of what
/// the rate curve expects.
struct pacing_figures {
    gap_figures planned;  ///< between due times: the plan
    gap_figures issued;   ///< between the instants at which the tasks were begun

    void add(const pacing_figures& other) noexcept {
        planned.add(other.planned);
        issued.add(other.issued);
    }
};

/// What was due in one stage of the measure phase. Those of all stages add up to the figures of
/// the measure phase.
struct stage_figures {
    explicit stage_figures(const layout& names) : figures(names, 3) {}

    double start_s = 0;  ///< since the measure phase began
    double duration_s = 0;
    totals figures;
    std::vector<load_figures> groups;
};

/// A time without a success, while something was due, that was too long to be the target's pace.
struct outage {
    double start_s = 0;  ///< since the measure phase began
    double duration_s = 0;
};

/// How long a group, or one of its endpoints, gave no success while something was due.
struct silence_figures {
    double longest_s = 0;     ///< the longest of all; 0: none was longer than 10 ms
    double allowed_s = 0;     ///< what is longer is an outage
    double outage_s = 0;      ///< all of them
    double outage_share = 0;  ///< of the group's measure phase
    std::vector<outage> outages;
};

/// Those of an endpoint that is one of several of its group.
struct endpoint_silence {
    std::size_t group = 0;
    std::size_t endpoint = 0;  ///< index into layout::endpoints
    silence_figures figures;
};

/// One core over one span.
struct core_figures {
    std::int64_t busy_ns = 0;              ///< of the loop's turns that did something
    std::int64_t span_ns = 0;              ///< length of the span on this core
    std::int64_t cpu_ns = 0;               ///< CPU time of the core's thread, spinning included
    std::int64_t lag_max_ns = 0;           ///< the longest turn of the loop
    std::uint64_t switches_voluntary = 0;  ///< of the core's thread
    std::uint64_t switches_involuntary = 0;
    /// What the core's thread lost; of a run also while the last of its measured operations were
    /// answered, which is no part of the span.
    held_up_figures held_up;
    std::int64_t drain_ns = 0;  ///< length of that time

    // Shares of the span; by a little above 1 where clocks do not agree.
    double busy_share() const noexcept { return share(busy_ns, span_ns); }
    double cpu_share() const noexcept { return share(cpu_ns, span_ns); }
    double held_up_share() const noexcept { return share(held_up.lost_ns(), span_ns + drain_ns); }

  private:
    static double share(std::int64_t part_ns, std::int64_t of_ns) noexcept {
        return of_ns > 0 ? static_cast<double>(part_ns) / static_cast<double>(of_ns) : 0;
    }
};

/// Connections over some span; of one core, or of all.
struct connection_figures {
    std::uint64_t connects = 0;
    std::uint64_t connect_failures = 0;
    std::uint64_t tls_handshakes = 0;
    std::uint64_t tls_resumed = 0;
    std::uint64_t open_connections = 0;  ///< at the end of the span
    std::uint64_t timeouts = 0;
    /// Of connect_failures: those for want of an ephemeral port, and of a file descriptor.
    std::uint64_t no_port = 0;
    std::uint64_t no_descriptor = 0;

    void add(const connection_figures& more) noexcept {
        connects += more.connects;
        connect_failures += more.connect_failures;
        tls_handshakes += more.tls_handshakes;
        tls_resumed += more.tls_resumed;
        open_connections += more.open_connections;
        timeouts += more.timeouts;
        no_port += more.no_port;
        no_descriptor += more.no_descriptor;
    }

    /// What came to them since they were `before`.
    connection_figures since(const connection_figures& before) const noexcept {
        connection_figures out = *this;  // open_connections is a level
        out.connects -= before.connects;
        out.connect_failures -= before.connect_failures;
        out.tls_handshakes -= before.tls_handshakes;
        out.tls_resumed -= before.tls_resumed;
        out.timeouts -= before.timeouts;
        out.no_port -= before.no_port;
        out.no_descriptor -= before.no_descriptor;
        return out;
    }
};

/// CPU time of the processes or threads of a name.
struct cpu_user {
    std::string name;    ///< of the command or thread; a number at its end is cut off
    unsigned tasks = 0;  ///< processes or threads of that name which used any
    double cpu_s = 0;
};

/// Who had the CPUs in the measure phase. None: unknown.
struct cpu_contention {
    std::optional<double> throttled_s;      ///< by the quota of the control group, over all CPUs
    std::optional<double> throttled_share;  ///< of the quota's periods
    std::optional<double> stolen_s;         ///< by the hypervisor
    std::optional<double> others_s;         ///< CPU time of other processes
    std::optional<double> process_s;        ///< CPU time of this one, its cores included
    std::vector<cpu_user> processes;        ///< others, the greatest first
    std::vector<cpu_user> threads;          ///< of this process, the greatest first
};

/// Things of one kind that a run made and that are still on the target. Names and commands are as
/// the target's own tools take them.
struct leftover {
    std::string kind;  ///< of one of them: "image", "object", "bucket", "snapshot"
    std::string name;  ///< of the one, or of what they all lie below
    std::uint64_t count = 1;
    bool exact = true;        ///< false: so many at most
    std::string remove_with;  ///< a command that removes them; empty: none is known
};

/// What the target holds instead of what was written, by comparison of content.
struct wrong_data {
    std::uint64_t places = 0;           ///< found wrong, each counted once
    std::uint64_t checked = 0;          ///< that were read and compared, also repeatedly
    std::vector<std::string> examples;  ///< the first of those found wrong, one line each
    std::string problem = {};           ///< why not all of it is known, for the user; empty: it is
};

/// A block device as it was opened.
struct opened_image {
    std::string name;  ///< as the target's own tools take it
    std::uint64_t bytes = 0;
    bool made = false;  ///< by this run
    /// Of what the load uses, at most so much was ever written, before the run; none: not known,
    /// or not looked for.
    std::optional<std::uint64_t> written_bytes;
    std::vector<std::string> features = {};  ///< in the target's words; empty: none, or not known
};

}  // namespace chopsticks::stats
