#pragma once
/// \file
/// Whether the generator's cores were kept from running, and who kept them. A core that does not
/// run answers nothing and sends nothing, and every wait that this makes would be the target's in
/// the figures. Pure functions of figures.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::engine {

using stats::cpu_contention;
using stats::cpu_user;

/// What kept the cores from running.
enum class held_up_by : std::uint8_t {
    nothing,      ///< they lost no time worth a word
    stop,         ///< they were stopped: SIGSTOP, a debugger, a frozen container, paging
    hypervisor,   ///< the machine itself did not run
    quota,        ///< the CPU quota of a control group
    others,       ///< other processes
    own_threads,  ///< threads of this process that are no cores
    waking,       ///< nobody: CPUs were slow to begin, as those are that save power
    unknown,
};
/// "nothing", "stop", "hypervisor", "quota", "others", "own_threads", "waking",
/// "unknown".
std::string_view name(held_up_by by) noexcept;

/// The cores of a run together.
struct held_up_summary {
    double share = 0;             ///< of the time of the core that lost most
    std::size_t core = 0;         ///< which one that is
    std::int64_t longest_ns = 0;  ///< the longest time that one of them was kept
    double queued_s = 0;          ///< of all cores: ready, but others had the CPU
    double stopped_s = 0;         ///< of all cores: not even ready
    held_up_by by = held_up_by::nothing;
};
held_up_summary summarize_held_up(const std::vector<core_figures>& cores,
                                  const cpu_contention& seen);

/// Whether it is more than the limits allow: as a share, or at once.
bool is_held_up(const held_up_summary& s, const scenario::health_limits& limit) noexcept;

/// One sentence or a few: how much was lost, to whom, and what helps.
std::string describe_held_up(const held_up_summary& s, const cpu_contention& seen,
                             const scenario::health_limits& limit);

/// What helps a generator that was late, after its cause: a sentence.
std::string lateness_remedy(const held_up_summary& s, const scenario::health_limits& limit);

}  // namespace chopsticks::engine
