#pragma once
/// \file
/// The generator's own state at a moment, from getrusage and /proc, and what changed between two
/// moments. What the system does not tell is none; nothing here fails.

#include <pthread.h>
#include <chopsticks/telemetry/parse.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::telemetry {

/// Counters since the start of the process (or of the host, where so said).
struct snapshot {
    std::int64_t at_ns = 0;  ///< monotonic_ns when it was taken
    std::optional<cpu_times> process;
    std::vector<std::optional<std::int64_t>> threads_ns;  ///< CPU time, as the threads were given
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> rss_max_bytes;
    std::optional<std::uint64_t> open_fds;
    std::optional<std::uint64_t> switches_voluntary;
    std::optional<std::uint64_t> switches_involuntary;
    std::optional<host_cpu> host;
    std::optional<std::map<std::string, nic_counters>> nics;
    std::optional<tcp_counters> tcp;
};

/// What to look at.
struct sources {
    /// Threads whose CPU time is wanted, e.g. one per core. They must be alive when `take` is
    /// called.
    std::vector<pthread_t> threads;
    /// Where the proc file system is; another directory in tests.
    std::string proc = "/proc";
};

/// Takes a snapshot; about 0.2 ms, most of it the kernel's. Not for a core: call it beside them.
snapshot take(const sources& from);

/// CPU time of one thread; none when the kernel refuses. The thread must be alive. About 0.3 us, so
/// a core may ask for its own.
std::optional<std::int64_t> thread_cpu_ns(pthread_t thread) noexcept;

/// What happened between two snapshots of the same sources. A counter that went back (an interface
/// was replaced) is none, or is left out.
struct change {
    double duration_s = 0;
    std::optional<double> cpu_user_s;
    std::optional<double> cpu_system_s;
    /// CPU time / wall time of each thread, 0 to 1; none where it is not known.
    std::vector<std::optional<double>> threads_busy;
    std::optional<std::uint64_t> rss_max_bytes;  ///< the later one
    std::optional<std::uint64_t> open_fds;       ///< the larger one
    std::optional<std::uint64_t> switches_voluntary;
    std::optional<std::uint64_t> switches_involuntary;
    std::optional<double> host_busy_share;     ///< of all CPUs; 0 to 1
    std::optional<double> host_busy_s;         ///< CPU time of all CPUs
    std::optional<double> host_steal_s;        ///< CPU time that the hypervisor took
    std::optional<double> host_steal_share;    ///< 0 to 1
    std::map<std::string, nic_counters> nics;  ///< only interfaces that are in both
    std::optional<std::uint64_t> tcp_retransmits;
    std::optional<std::uint64_t> tcp_segments_out;
};

/// Later minus earlier.
change difference(const snapshot& earlier, const snapshot& later);

}  // namespace chopsticks::telemetry
