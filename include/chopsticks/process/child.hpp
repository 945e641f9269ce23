#pragma once
/// \file
/// A program that runs beside this one, in a process group of its own, on three pipes. Without a
/// shell, and without temporary files.

#include <sys/types.h>

#include <chopsticks/core/descriptor.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::process {

/// How a program is started. A value.
struct child_plan {
    std::vector<std::string> command;  ///< words; the first is looked for on PATH
    /// A text that the program finds as descriptor `script_descriptor`: its source, say. Empty:
    /// none. Outlives the plan.
    std::string_view script;
    /// Over our own environment. The place for secrets: others cannot read it, as they can read
    /// arguments.
    std::vector<std::pair<std::string, std::string>> environment;
    std::vector<std::string> without;  ///< variables of ours that it does not get
    /// What the pipes of its standard input and output take; 0: the system's default. Where it is
    /// refused they are smaller, and work.
    int input_bytes = large_pipe;
    int output_bytes = large_pipe;
    /// What it has not read of its input can be asked for after its end. That it has closed its
    /// input is then not seen.
    bool counts_unread = false;

    static constexpr int script_descriptor = 3;
    /// Bodies go through pipes; the default of 64 KiB costs a switch for each of them.
    static constexpr int large_pipe = 1 << 20;
};

/// At most one process at a time. All of it is killed with the object: the process, and what that
/// has started in its group. One thread.
class child {
  public:
    child() = default;
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child() { kill(); }

    /// Starts it; its pipes are non-blocking on our side. Returns an empty string, or why it could
    /// not be started. There is none at the time.
    std::string start(const child_plan& plan);

    bool is_started() const noexcept { return pid_ > 0; }
    pid_t pid() const noexcept { return pid_; }
    /// Whether the process has ended and only waits to be asked how. Does not block.
    bool has_ended() const noexcept;
    /// CPU time of the process so far; less than 0: it cannot be known any more.
    std::int64_t cpu_ns() const noexcept;

    /// Readable once the process has ended; -1: the system cannot tell.
    int process() const noexcept { return process_.get(); }
    /// Its standard input, output and error: our ends.
    int input() const noexcept { return input_.get(); }
    int output() const noexcept { return output_.get(); }
    int errors() const noexcept { return errors_.get(); }

    /// Closes its standard input: it is to end.
    void close_input() noexcept { input_ = descriptor(); }

    /// What has been written to its standard input and not been read; with `counts_unread`.
    std::uint64_t unread() const noexcept;

    /// To the whole group. Does not wait.
    void signal(int number) const noexcept;

    /// Waits until it has ended, at most so long. Blocks.
    void wait(std::int64_t until_ns) const noexcept;

    /// Ends the whole group, now. Returns how the process had ended, or that it was killed:
    /// "ended with status 3", "was ended by signal 11 (Segmentation fault)". Nothing of it is left.
    /// Blocks for as long as that takes: not at all after has_ended().
    std::string kill() noexcept;
    /// How the one that was ended last had: as waitpid(2) says it.
    int wait_status() const noexcept { return wait_status_; }
    /// CPU time of that one, and of those of its children that it has waited for.
    std::int64_t spent_ns() const noexcept { return spent_ns_; }

  private:
    pid_t pid_ = -1;
    int wait_status_ = 0;
    std::int64_t spent_ns_ = 0;
    descriptor process_;  // pidfd
    descriptor input_;
    descriptor input_read_;  // with counts_unread
    descriptor output_;
    descriptor errors_;
};

/// Where a program of that name is: itself if it has a '/', else the first on PATH. Empty: nowhere,
/// or it must not be run.
std::string find_program(std::string_view name);

/// The last bytes that a program wrote to its standard error.
class error_tail {
  public:
    static constexpr std::size_t most_bytes = 2048;

    /// Reads what is there and keeps the end of it; does not block. False: there may be more.
    bool read_from(int fd) noexcept;
    /// Its last line with something on it, for a person, without the secrets; empty: none.
    std::string last_line(const std::vector<std::string>& secrets) const;
    /// Whether what is kept has that text.
    bool holds(std::string_view text) const noexcept {
        return kept_.find(text) != std::string::npos;
    }
    void clear() noexcept { kept_.clear(); }

  private:
    std::string kept_;
};

}  // namespace chopsticks::process
