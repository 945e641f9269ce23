#pragma once
/// \file
/// A command of the user's that is run as each phase of a run begins, beside the load.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::live {

/// How a command ended.
struct phase_command_end {
    std::string phase;
    std::int64_t began_ns = 0;  ///< monotonic
    std::int64_t ended_ns = 0;
    /// "exit status 3", "killed by signal 9", "took longer than 1m", with the last line that it
    /// wrote; empty: it succeeded.
    std::string failure;
};

/// Starts and follows the commands on a thread of its own: `begin` does not wait for anything. They
/// are not the terminal's foreground job, so that an interrupt of the run does not reach them; what
/// still runs at the end of the run is ended with its children.
class phase_commands {
  public:
    /// Called as each ends, on that thread.
    using taker = std::function<void(const phase_command_end&)>;
    using variables = std::vector<std::pair<std::string, std::string>>;

    /// \param command for /bin/sh -c
    /// \param set environment variables beside those of this process
    phase_commands(std::string command, std::int64_t most_ns, variables set, taker ended);
    /// Ends what runs; all have been told of when it returns.
    ~phase_commands();
    phase_commands(const phase_commands&) = delete;
    phase_commands& operator=(const phase_commands&) = delete;

    /// From any thread: the phase has begun; CHOPSTICKS_PHASE is its name.
    void begin(const std::string& phase);

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace chopsticks::live
