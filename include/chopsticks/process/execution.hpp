#pragma once
/// \file
/// A program that is run for one operation: started, given what it is to read, heard, and waited
/// for, on the core's loop. What the operation is only the workload's driver knows.

#include <chopsticks/load/content.hpp>
#include <chopsticks/process/child.hpp>
#include <chopsticks/process/program.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/runtime/task.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <coroutine>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::process {

/// What the executions of one core count.
class execution_figures {
  public:
    static std::vector<stats::driver_figure> declared();
    execution_figures();

    stats::driver_meters meters;
    stats::figure_counter& programs;  ///< started
    stats::figure_counter& killed;    ///< ended by us
    stats::figure_counter& cpu;       ///< of those that have ended, us
    stats::histogram& starts;         ///< from asking for a process until it is the program
    stats::histogram& turns;          ///< what an operation has waited for its turn
};

class execution;

/// Lets so many programs run at a time on one core; the others wait, first come first served.
class launcher {
  public:
    launcher(runtime::reactor& loop, std::uint32_t most, execution_figures& figures);
    launcher(const launcher&) = delete;
    launcher& operator=(const launcher&) = delete;

  private:
    friend class execution;

    bool enter(execution& who) noexcept;
    void leave() noexcept;
    void forget(execution& who) noexcept;

    runtime::reactor& loop_;
    std::uint32_t most_;
    std::uint32_t running_ = 0;
    execution_figures& figures_;
    execution* first_ = nullptr;  // of those that wait
    execution* last_ = nullptr;
    // Of whoever reads or writes at the moment.
    std::vector<char> buffer_;
    std::vector<iovec> iovecs_;
    std::vector<load::stamp> stamps_;
};

/// One program at a time, run to its end. Belongs to a session, on its core; whatever still runs is
/// killed with it. What is waited for is the end of the process alone: one that it has started and
/// that keeps the pipes is killed with the group.
class execution final : private runtime::deadline {
  public:
    enum class end : std::uint8_t {
        none,       ///< it is under way
        ended,      ///< by itself
        timed_out,  ///< it was ended, or never had its turn
        cancelled,
        too_long,     ///< it wrote far more than was asked for, and was ended
        not_started,  ///< `why`
    };
    /// From the request to end until it is killed.
    static constexpr std::int64_t grace_ns = 1'000'000'000;
    /// Of an output that no reader takes so much is kept.
    static constexpr std::size_t most_kept = 64 * 1024;
    /// Longer than asked for: that much is read, and no more.
    static constexpr std::uint64_t output_excess = 16U << 20;

    explicit execution(launcher& of);
    ~execution() override;
    execution(const execution&) = delete;
    execution& operator=(const execution&) = delete;

    /// \name What is run. Left alone while it is under way
    /// \{
    child_plan plan;
    request_body body;              ///< for its standard input, which ends with it
    body_reader* reader = nullptr;  ///< takes its standard output; null: `kept` does
    std::uint64_t most_output = 0;  ///< bytes that a right output has at most
    /// \}
    /// \name What became of it
    /// \{
    end how = end::none;
    std::int64_t started_ns = 0;     ///< when the process had become the program; 0: it has not
    std::int64_t first_byte_ns = 0;  ///< of its standard output
    std::int64_t done_ns = 0;        ///< when its end was noticed, or its time was over
    std::uint64_t output = 0;        ///< bytes
    std::uint64_t taken = 0;         ///< bytes of the body that it has read
    int wait_status = 0;             ///< as waitpid(2) says it
    std::string kept;                ///< the beginning of its output
    std::string ended;               ///< "ended with status 3"
    std::string why;                 ///< of not_started
    error_tail errors;
    /// \}

    /// Until it has ended; from `until_ns` (monotonic) on it is being ended.
    runtime::task<void> perform(std::int64_t until_ns);
    /// Ends what is under way now.
    void cancel() noexcept;

  private:
    friend class launcher;

    void expired() override;
    void resume() noexcept;
    void listen(std::coroutine_handle<> who) noexcept;
    bool start();
    runtime::task<void> run();
    bool has_ended() noexcept;
    bool is_ready() const noexcept;
    bool watch(runtime::fd_watch& one, int fd) noexcept;
    void unwatch(runtime::fd_watch& one) noexcept;
    void write_some() noexcept;
    bool read_some() noexcept;
    void take(std::size_t bytes) noexcept;
    void kill() noexcept;
    void reap() noexcept;

    launcher& of_;
    child child_;
    runtime::fd_watch input_;
    runtime::fd_watch output_;
    runtime::fd_watch errors_;
    runtime::fd_watch process_;
    std::coroutine_handle<> parked_;
    execution* next_ = nullptr;  // in the queue
    bool queued_ = false;
    bool has_place_ = false;
    bool killed_ = false;
    std::uint64_t written_ = 0;
};

}  // namespace chopsticks::process
