#pragma once
/// \file
/// What `chopsticks cleanup` asks of a workload: to find what earlier runs left, to say it, and to
/// remove it if told so. The workload's own module does it; the list of workloads names how.

#include <atomic>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// Referred-to objects outlive the cleanup.
struct cleanup_request {
    /// Of the workload, complete: as for a run.
    const scenario::workload_settings* settings = nullptr;
    scenario::timeouts timeout;
    /// data.prefix of the runs that are looked for; workloads of extents have none.
    std::vector<std::string> prefixes;
    std::string run_id;  ///< one run; empty: all
    /// Only runs that are so old; 0: all.
    std::int64_t older_than_ns = 0;
    bool remove = false;                     ///< otherwise everything is only looked at
    const std::atomic<int>* stop = nullptr;  ///< raised: end soon; twice: at once
};

enum class cleanup_end : std::uint8_t {
    clean,        ///< nothing of what was asked for remains
    remains,      ///< something does; it was said what
    refused,      ///< the target could not be looked at; it was said why
    interrupted,  ///< `stop` was raised
};

/// Of one workload. Main thread.
class cleanup {
  public:
    virtual ~cleanup() = default;

    /// Lists what was asked for on standard output, and removes it if told so; says each second on
    /// standard error what it waits for.
    virtual cleanup_end carry_out() = 0;
};

/// Thrown where `stop` was raised while the target was being reached.
struct cleanup_interrupted {};

/// Reaches the target. Throws config_error, with the one message about it, or cleanup_interrupted.
using open_cleanup_function = std::unique_ptr<cleanup>(const cleanup_request&);

}  // namespace chopsticks::engine
