#pragma once
/// \file
/// Notes on a run, given to the process that makes it: in words through a socket of its own, or
/// without any by a signal.
///
/// The sockets lie in a directory that belongs to the user alone (mode 0700): `chopsticks` below
/// XDG_RUNTIME_DIR, else /tmp/chopsticks-UID. Each is called PID.sock.

#include <sys/types.h>

#include <chopsticks/stats/event_marks.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::live {

/// A mark without words for the process's run, if it makes one. Safe in a signal handler; any
/// thread.
void note_signal() noexcept;

/// Takes notes as long as it exists, on a thread of its own.
class annotation_listener {
  public:
    /// Called for each note, on the listener's thread.
    using taker = std::function<void(stats::event_source, const std::string& text)>;

    /// \param run by which people know the run again: "mixed, run 2026..."; one line
    annotation_listener(const std::string& run, taker take);
    /// Notes that have arrived were taken when this returns.
    ~annotation_listener();
    annotation_listener(const annotation_listener&) = delete;
    annotation_listener& operator=(const annotation_listener&) = delete;

    /// Why nobody can send it words, in one sentence; empty: one can. Signals are taken either way.
    const std::string& problem() const noexcept;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

/// A process of this user that makes a run.
struct running_process {
    ::pid_t pid = 0;
    std::string run;  ///< as the listener was told
};

/// Those there are, by pid. Removes the sockets of processes that are gone.
std::vector<running_process> running_processes();

/// Gives the text to the run of that process. Blocks for at most a few seconds. Throws
/// config_error where it makes no run or does not answer.
void annotate(::pid_t pid, const std::string& text);

}  // namespace chopsticks::live
