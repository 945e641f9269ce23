#pragma once
/// \file
/// A long-lived program that does operations for one core: it is started, asked over its standard
/// input, heard on its standard output, and started again when it ends. What the operations are
/// only the workload's driver knows.

#include <chopsticks/load/content.hpp>
#include <chopsticks/process/child.hpp>
#include <chopsticks/process/messages.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/runtime/task.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::process {

/// How a program is run. Constant; outlives all that is run by it.
struct program_plan {
    child_plan child;
    std::string hello;  ///< the first line that it is told, its end included
    /// What it said of itself when it was asked first; it has to say the same each time.
    greeting expected;
    std::uint32_t in_flight = 256;     ///< operations that it has at a time
    std::int64_t start_ns = 0;         ///< from its start to its first line, at most
    std::int64_t operation_ns = 0;     ///< in which it has to answer
    std::uint32_t restarts = 10;       ///< further starts over a run
    std::vector<std::string> secrets;  ///< shown to nobody, wherever they stand
};

/// Starts the program, hears what it says of itself and ends it. Blocks. Throws config_error with
/// what is wrong, the program's own last line included.
greeting ask_greeting(const program_plan& plan);

/// What the programs of one core count: the figures that they declare, behind one of ours.
class program_figures {
  public:
    static std::vector<stats::driver_figure> declared(const greeting& of);
    explicit program_figures(const std::vector<stats::driver_figure>& all);

    stats::driver_meters meters;
    stats::figure_counter& starts;                 ///< beyond the first
    stats::figure_counter& cpu;                    ///< of the processes, us
    std::vector<stats::figure_counter*> counters;  ///< by the program's figures; null: a gauge
    std::vector<stats::figure_gauge*> gauges;      ///< likewise
};

/// Takes what comes of an answer's body, in order.
class body_reader {
  public:
    virtual void take(std::span<const char> piece) noexcept = 0;

  protected:
    ~body_reader() = default;
};

/// The bytes that follow a request: a part of an object's content.
struct request_body {
    const load::content* content = nullptr;
    load::content_key key;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;  ///< 0: none follow
};

class program;

/// One operation at a time that a program is asked for. Belongs to a session, on its core.
class call final : private runtime::deadline {
  public:
    enum class end : std::uint8_t {
        none,       ///< it is under way
        answered,   ///< `said` is the answer
        timed_out,  ///< there was none in time
        cancelled,
        lost,    ///< the program ended
        broken,  ///< the program broke the protocol, and was ended
        gone,    ///< the program ended too often to be started again
    };

    explicit call(program& of);
    ~call() override;
    call(const call&) = delete;
    call& operator=(const call&) = delete;

    /// \name What is asked. Left alone while it is under way
    /// \{
    std::string members;  ///< of the request's object, but for its id: `"op":"get","key":"k"`
    request_body body;
    body_reader* reader = nullptr;  ///< null: an answer's body is dropped
    std::uint64_t most_body = 0;    ///< bytes that a right answer's body has at most
    /// \}
    /// \name What became of it
    /// \{
    end how = end::none;
    answer said;
    std::int64_t sent_ns = 0;  ///< 0: it was not
    std::int64_t first_byte_ns = 0;
    std::int64_t done_ns = 0;
    std::string why;  ///< of lost, broken and gone: one line for a person
    /// \}

    /// Until there is an answer, or `until_ns` (monotonic).
    runtime::task<void> perform(std::int64_t until_ns);
    /// Ends what is under way soon.
    void cancel() noexcept;

  private:
    friend class program;

    void expired() override;
    void finish(end as) noexcept;

    program& of_;
    std::uint32_t slot_ = 0;
    std::coroutine_handle<> waits_;
};

/// One program of one core. All but the constructor on the core's loop; destroyed once that has
/// ended. Blocks in its destructor until the program has, for at most `end_grace_ns`.
class program final : private runtime::deadline {
  public:
    static constexpr std::int64_t end_grace_ns = 2'000'000'000;
    /// Longer than asked for: that much of a wrong body is read, and no more.
    static constexpr std::uint64_t body_excess = 16U << 20;

    program(runtime::reactor& loop, const program_plan& plan, program_figures& figures);
    ~program() override;
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    /// Starts it.
    void start();
    /// Blocks until it has said something, at most for as long as it may take to be ready; what is
    /// wrong then the loop finds.
    void wait_for_words() const noexcept;
    /// It is to end: what is left is to destroy it.
    void close_input() noexcept;
    runtime::reactor& loop() noexcept { return loop_; }

  private:
    friend class call;

    struct slot {
        enum class state : std::uint8_t { free, queued, sent, abandoned };
        call* who = nullptr;  // null: nobody waits for it any more
        std::uint64_t most_body = 0;
        std::int64_t answer_by_ns = 0;  // of an abandoned one
        std::uint32_t generation = 0;
        std::uint32_t before = 0;  // of the queue
        std::uint32_t next = 0;
        state is = state::free;
    };
    static constexpr std::uint32_t no_slot = UINT32_MAX;
    /// An id is a generation times this and a slot: below 2^53, which all JSON readers can read.
    static constexpr std::uint64_t most_slots = 1U << 20;

    // Of calls.
    void begin(call& c);
    void give_up(call& c, call::end as) noexcept;
    void release(std::uint32_t index) noexcept;
    void unlink(std::uint32_t index) noexcept;
    void end_all(call::end as, const std::string& why) noexcept;

    // Of the process.
    runtime::task<void> live();
    runtime::task<void> hear();
    runtime::task<void> end_of_process();
    bool open();
    void close() noexcept;
    void break_off(std::string why) noexcept;
    void expired() override;
    void look_at_overdue(std::int64_t now_ns) noexcept;
    void count_cpu() noexcept;
    void forget_levels() noexcept;

    // Of what it says.
    bool consume();
    bool take_line(std::string_view line);
    bool take_answer(std::string_view line);
    void count(const json_value& told) noexcept;
    void finish_answer(std::uint32_t index) noexcept;

    // Of what it is told.
    runtime::task<void> write_out();
    void take_batch();
    runtime::task<bool> send(std::size_t pieces, std::uint32_t start);
    void kick() noexcept;
    bool may_write() const noexcept {
        return ready_ && deaf_ns_ == 0 && first_ != no_slot && under_way_ < plan_.in_flight;
    }

    runtime::reactor& loop_;
    const program_plan& plan_;
    program_figures& figures_;
    child child_;
    error_tail errors_;
    runtime::fd_watch input_;
    runtime::fd_watch output_;

    std::vector<slot> slots_;
    std::vector<std::uint32_t> unused_;
    std::uint32_t first_ = no_slot;  // of those queued
    std::uint32_t last_ = no_slot;
    std::uint32_t under_way_ = 0;  // sent and not answered
    std::uint32_t abandoned_ = 0;  // of these, those that nobody waits for

    std::vector<char> buffer_;
    std::size_t filled_ = 0;
    std::uint64_t body_left_ = 0;
    std::uint32_t body_of_ = no_slot;
    answer answer_;
    std::vector<double> told_;  // by figure, since it was started

    std::string lines_;
    request_body sending_;
    std::vector<iovec> iovecs_;
    std::vector<load::stamp> stamps_;
    std::coroutine_handle<> writer_;

    std::string breach_;  // not empty: what it did, and that it is to be ended for it
    std::string gone_;    // not empty: why it is not started again
    std::uint32_t starts_ = 0;
    std::uint32_t fruitless_ = 0;  // starts in a row after which nothing was answered
    std::int64_t ready_by_ns_ = 0;
    std::int64_t deaf_ns_ = 0;  // since when it takes nothing more; 0: it does
    std::int64_t cpu_ns_ = 0;
    std::int64_t cpu_asked_ns_ = 0;
    bool open_ = false;   // the watches are registered
    bool ready_ = false;  // it has said its first line
    bool dead_ = false;   // the process has ended; what it wrote may still be read

    std::unique_ptr<runtime::task<void>> living_;
    std::unique_ptr<runtime::task<void>> writing_;
};

}  // namespace chopsticks::process
