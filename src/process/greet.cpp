#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/process/program.hpp>
#include <cstring>

namespace chopsticks::process {

namespace {

/// How soon a signal ends a wait for a program.
constexpr std::int64_t look_ns = 50'000'000;

/// Keeps the signals that end this process from doing so while a program runs that has to be ended
/// with it: what that has started would stay for ever. One that came takes effect with the end of
/// the object. Of the calling thread, which is the only one before a run.
class ending_signals_held {
  public:
    ending_signals_held() noexcept {
        ::sigemptyset(&held_);
        for (const int one : {SIGINT, SIGTERM, SIGHUP})
            ::sigaddset(&held_, one);
        ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
    }
    ~ending_signals_held() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    ending_signals_held(const ending_signals_held&) = delete;
    ending_signals_held& operator=(const ending_signals_held&) = delete;

    bool one_came() const noexcept {
        sigset_t pending;
        ::sigpending(&pending);
        return std::ranges::any_of(std::initializer_list<int>{SIGINT, SIGTERM, SIGHUP},
                                   [&](int one) { return ::sigismember(&pending, one) == 1; });
    }

  private:
    sigset_t held_{};
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
        const std::int64_t now_ns = monotonic_ns();
        if (held.one_came()) {
            problem = "a signal ended the wait for its first line";
            return {};
        }
        if (!wait_for(of.output(), POLLIN, std::min(until_ns, now_ns + look_ns))) {
            if (now_ns + look_ns < until_ns) continue;
            problem = "it was not ready " + format_duration(start_ns) + " after its start";
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
    const std::int64_t until_ns = monotonic_ns() + end_ns;
    while (!asked.has_ended() && !held.one_came() && monotonic_ns() < until_ns)
        asked.wait(std::min(until_ns, monotonic_ns() + look_ns));
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
