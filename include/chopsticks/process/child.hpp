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

    static constexpr int script_descriptor = 3;
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

    /// Its standard input, output and error: our ends.
    int input() const noexcept { return input_.get(); }
    int output() const noexcept { return output_.get(); }
    int errors() const noexcept { return errors_.get(); }

    /// Closes its standard input: it is to end.
    void close_input() noexcept { input_ = descriptor(); }

    /// Waits until it has ended, at most so long. Blocks.
    void wait(std::int64_t until_ns) const noexcept;

    /// Ends the whole group, now. Returns how the process had ended, or that it was killed:
    /// "ended with status 3", "was ended by signal 11 (Segmentation fault)". Nothing of it is left.
    std::string kill() noexcept;

  private:
    pid_t pid_ = -1;
    descriptor process_;  // pidfd
    descriptor input_;
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

    /// Reads what is there and keeps the end of it; does not block.
    void read_from(int fd) noexcept;
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
