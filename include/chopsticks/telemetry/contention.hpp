#pragma once
/// \file
/// Who had the CPUs: the CPU quota of the process's control group, the process's own threads, and
/// the other processes of the host. Asked of /proc and /sys by a thread beside the cores.

#include <chopsticks/stats/run_figures.hpp>
#include <chopsticks/telemetry/parse.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::telemetry {

using stats::cpu_user;

/// One process or thread at a moment.
struct task_use {
    std::string name;
    std::uint64_t started_ticks = 0;
    std::int64_t cpu_ns = 0;
};
/// By process or thread id.
using task_table = std::map<int, task_use>;

/// Of all processes (`proc`), or of all threads of this one (`proc`/self/task). About 15 us for
/// each. Those that end meanwhile are left out.
task_table read_tasks(const std::string& directory);

/// Adds up who used CPU time between looks, by name. Pure; one thread.
class cpu_users {
  public:
    /// \param leave_out a process that does not count; 0: all do
    explicit cpu_users(int leave_out = 0) : leave_out_(leave_out) {}
    /// What was used since the last look counts. Whoever began meanwhile counts with all it used;
    /// whoever also ended meanwhile is seen by nobody.
    void look(task_table now);
    /// The next look counts nothing: a span begins with it.
    void forget() noexcept;
    bool has_looked() const noexcept { return looked_; }
    /// At most `most`, the greatest first; those below 1 % of a second are left out.
    std::vector<cpu_user> top(std::size_t most) const;

  private:
    int leave_out_;
    bool looked_ = false;
    task_table before_;
    std::map<std::string, cpu_user> by_name_;
    std::set<std::pair<int, std::uint64_t>> counted_;  ///< in `tasks`
};

/// The quota of the process's control group and of those above it: that one which throttled
/// longest. None where there is no such file. \param proc, sys other directories in tests
std::optional<cpu_throttle> read_throttle(const std::string& proc = "/proc",
                                          const std::string& sys = "/sys");

/// Over a span.
struct contention {
    std::optional<cpu_throttle> throttled;  ///< in the span; none: unknown
    std::optional<double> host_busy_s;      ///< CPU time of the whole host
    std::optional<double> process_s;        ///< of it that of this process
    std::vector<cpu_user> processes;        ///< others; empty where they used next to nothing
    std::vector<cpu_user> threads;          ///< of this process
};

}  // namespace chopsticks::telemetry
