#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/process/program.hpp>
#include <cstring>

namespace chopsticks::process {

namespace {

/// Its first line; empty: `problem` says why there is none.
std::string first_line(const child& of, std::int64_t start_ns, std::string& problem) {
    const std::int64_t until_ns = monotonic_ns() + start_ns;
    std::string said;
    while (said.find('\n') == std::string::npos) {
        if (said.size() >= most_line_bytes) {
            problem = "its first line has more than 64 KiB: " + shown(said);
            return {};
        }
        if (!wait_for(of.output(), POLLIN, until_ns)) {
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
    child asked;
    error_tail errors;
    std::string problem = asked.start(plan.child);
    if (!problem.empty()) throw config_error("the driver program " + name + ": " + problem);
    // A pipe has room for it; of one that has ended its output tells.
    [[maybe_unused]] const ssize_t wrote =
        ::write(asked.input(), plan.hello.data(), plan.hello.size());
    const std::string line = first_line(asked, plan.start_ns, problem);
    greeting said;
    const bool answered = !line.empty();
    if (answered) problem = read_greeting(line, said);
    asked.close_input();
    asked.wait(monotonic_ns() + end_ns);
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
