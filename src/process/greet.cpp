#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/process/program.hpp>
#include <cstring>

namespace chopsticks::process {

namespace {

/// How soon a signal ends a wait for a program.
constexpr std::int64_t look_ns = 50'000'000;

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP};

/// Keeps the signals that end this process from doing so while a program runs that has to be ended
/// with it: what that has started would stay for ever. One that came takes effect with the end of
/// the object. Of the calling thread, which is the only one before a run.
class ending_signals_held {
  public:
    ending_signals_held() noexcept {
        sigset_t held;
        ::sigemptyset(&held);
        for (const int one : ending_signals)
            ::sigaddset(&held, one);
        ::pthread_sigmask(SIG_BLOCK, &held, &before_);
    }
    ~ending_signals_held() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    ending_signals_held(const ending_signals_held&) = delete;
    ending_signals_held& operator=(const ending_signals_held&) = delete;

    bool one_came() const noexcept {
        sigset_t pending;
        ::sigpending(&pending);
        return std::ranges::any_of(ending_signals,
                                   [&](int one) { return ::sigismember(&pending, one) == 1; });
    }

    /// False: the time is over, or one came.
    /// \param what waits until a time, and returns whether it need not wait any more
    template <class Wait>
    bool wait(std::int64_t until_ns, const Wait& what) const {
        while (!one_came()) {
            const std::int64_t step_ns = std::min(until_ns, monotonic_ns() + look_ns);
            if (what(step_ns)) return true;
            if (step_ns == until_ns) return false;
        }
        return false;
    }

  private:
    sigset_t before_{};
};

/// Its first line; empty: `problem` says why there is none.
std::string first_line(const child& of, const ending_signals_held& held, std::int64_t start_ns,
                       std::string& problem) {
    const std::int64_t until_ns = monotonic_ns() + start_ns;
    std::string said;
    while (said.find('\n') == std::string::npos) {
        if (said.size() >= most_line_bytes) {
            problem = "its first line has more than 64 KiB: " + shown(said);
            return {};
        }
        const auto heard = [&](std::int64_t step_ns) {
            return wait_for(of.output(), POLLIN, step_ns);
        };
        if (!held.wait(until_ns, heard)) {
            problem = held.one_came()
                          ? "a signal ended the wait for its first line"
                          : "it was not ready " + format_duration(start_ns) + " after its start";
            return {};
        }
        char piece[4096];
        const ssize_t got = ::read(of.output(), piece, sizeof piece);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (got <= 0) return {};
        said.append(piece, static_cast<std::size_t>(got));
    }
    return said.substr(0, said.find('\n'));
}

}  // namespace

greeting ask_greeting(const program_plan& plan) {
    constexpr std::int64_t end_ns = 2'000'000'000;
    const std::string& name = plan.child.command.front();
    const ending_signals_held held;  // destroyed behind the child
    child asked;
    error_tail errors;
    std::string problem = asked.start(plan.child);
    if (!problem.empty()) throw config_error("the driver program " + name + ": " + problem);
    // A pipe has room for it; of one that has ended its output tells.
    [[maybe_unused]] const ssize_t wrote =
        ::write(asked.input(), plan.hello.data(), plan.hello.size());
    const std::string line = first_line(asked, held, plan.start_ns, problem);
    greeting said;
    const bool answered = !line.empty();
    if (answered) problem = read_greeting(line, said);
    asked.close_input();
    held.wait(monotonic_ns() + end_ns, [&](std::int64_t step_ns) {
        asked.wait(step_ns);
        return asked.has_ended();
    });
    errors.read_from(asked.errors());
    const std::string ended = asked.kill();
    if (problem.empty() && answered) return said;
    if (problem.empty()) problem = "it " + ended + " before it was ready";
    const std::string last = errors.last_line(plan.secrets);
    throw config_error("the driver program " + name + ": " + problem +
                       (last.empty() ? "" : ": " + last) +
                       "; `chopsticks driver-check -- COMMAND` checks a program");
}

}  // namespace chopsticks::process
