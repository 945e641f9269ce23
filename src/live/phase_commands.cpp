#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/descriptor.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/live/phase_commands.hpp>
#include <csignal>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace chopsticks::live {

namespace {

/// How soon the end of a command is noticed.
constexpr std::int64_t look_ns = 20'000'000;
/// Between the request to end and the order.
constexpr std::int64_t grace_ns = 2'000'000'000;
constexpr std::size_t said_bytes_max = 4096;

/// A command under way. It leads a process group of its own.
struct child {
    std::string phase;
    ::pid_t pid = 0;
    descriptor said;   ///< what it writes
    std::string last;  ///< the end of that
    std::int64_t began_ns = 0;
    std::int64_t asked_ns = 0;  ///< to end; 0: not yet
    std::string why_ended;      ///< by us
};

/// The last line that is not empty.
std::string last_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    const std::size_t at = text.rfind('\n');
    return at == std::string::npos ? text : text.substr(at + 1);
}

/// Reads what there is; a command that says much must not wait for us.
void listen_to(child& c) {
    char bytes[4096];
    for (;;) {
        const ssize_t n = ::read(c.said.get(), bytes, sizeof bytes);
        if (n <= 0) return;
        c.last.append(bytes, static_cast<std::size_t>(n));
        if (c.last.size() > said_bytes_max) c.last.erase(0, c.last.size() - said_bytes_max);
    }
}

std::string describe_end(const child& c, int status) {
    std::string out = c.why_ended;
    if (out.empty() && WIFSIGNALED(status))
        out = "killed by signal " + std::to_string(WTERMSIG(status));
    if (out.empty() && WIFEXITED(status) && WEXITSTATUS(status) != 0)
        out = "exit status " + std::to_string(WEXITSTATUS(status));
    const std::string line = last_line(c.last);
    if (!out.empty() && !line.empty()) out += ": " + line;
    return out;
}

/// 0 or errno. Signals that this process ignores or holds back are as usual in the command.
int spawn(const std::string& command, const std::vector<std::string>& set, int output,
          ::pid_t& pid) {
    std::vector<char*> environment;
    for (char** one = environ; *one != nullptr; ++one) {
        const std::string_view there(*one);
        const bool replaced = std::any_of(set.begin(), set.end(), [&](const std::string& mine) {
            return there.starts_with(mine.substr(0, mine.find('=') + 1));
        });
        if (!replaced) environment.push_back(*one);
    }
    for (const std::string& one : set)
        environment.push_back(const_cast<char*>(one.c_str()));
    environment.push_back(nullptr);
    char shell[] = "sh";
    char option[] = "-c";
    char* const arguments[] = {shell, option, const_cast<char*>(command.c_str()), nullptr};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&how);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    // Not all of this process's descriptors close by themselves: a command that outlives the run
    // would keep its connections open.
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&how, &all);
    ::posix_spawnattr_setsigmask(&how, &none);
    ::posix_spawnattr_setpgroup(&how, 0);
    ::posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const int error = ::posix_spawn(&pid, "/bin/sh", &files, &how, arguments, environment.data());
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&how);
    return error;
}

}  // namespace

struct phase_commands::state {
    struct beginning {
        std::string phase;
        std::int64_t at_ns;
    };

    void work();
    void start(const beginning& b);
    bool collect(child& c, std::int64_t now_ns);
    void end(child& c, std::string why, std::int64_t now_ns) const;

    std::string command;
    std::int64_t most_ns = 0;
    variables set;
    taker ended;
    descriptor wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::mutex mutex;
    std::vector<beginning> begun;  // under the mutex
    bool finishing = false;        // under the mutex
    std::vector<child> running;    // the thread's
    std::thread thread;
};

void phase_commands::state::start(const beginning& b) {
    int ends[2];
    int error = ::pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
    child c;
    if (error == 0) {
        c.said = descriptor(ends[0]);
        const descriptor output(ends[1]);
        ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
        std::vector<std::string> all{"CHOPSTICKS_PHASE=" + b.phase};
        for (const auto& [name, value] : set)
            all.push_back(name + "=" + value);
        error = spawn(command, all, output.get(), c.pid);
    }
    if (error != 0) {
        const std::string why = std::generic_category().message(error);
        ended({b.phase, b.at_ns, monotonic_ns(), "cannot be started: " + why});
        return;
    }
    c.phase = b.phase;
    c.began_ns = b.at_ns;
    running.push_back(std::move(c));
}

void phase_commands::state::end(child& c, std::string why, std::int64_t now_ns) const {
    if (c.asked_ns != 0) {
        if (now_ns - c.asked_ns > grace_ns) ::kill(-c.pid, SIGKILL);
        return;
    }
    c.asked_ns = now_ns;
    c.why_ended = std::move(why);
    ::kill(-c.pid, SIGTERM);
}

/// Whether it has ended.
bool phase_commands::state::collect(child& c, std::int64_t now_ns) {
    listen_to(c);
    int status = 0;
    // Not reaped yet: its number, and that of its group, are still its own.
    siginfo_t there{};
    const auto id = static_cast<id_t>(c.pid);
    if (::waitid(P_PID, id, &there, WEXITED | WNOHANG | WNOWAIT) != 0 || there.si_pid == 0)
        return false;
    // What it left in the background ends with a run that has ended it.
    if (c.asked_ns != 0) ::kill(-c.pid, SIGKILL);
    ::waitpid(c.pid, &status, 0);
    listen_to(c);
    ended({c.phase, c.began_ns, now_ns, describe_end(c, status)});
    return true;
}

void phase_commands::state::work() {
    ::pthread_setname_np(::pthread_self(), "phase_commands");
    for (;;) {
        std::vector<beginning> next;
        bool last = false;
        {
            const std::lock_guard lock(mutex);
            next.swap(begun);
            last = finishing;
        }
        for (const beginning& one : next)
            start(one);
        const std::int64_t now = monotonic_ns();
        std::erase_if(running, [&](child& c) { return collect(c, now); });
        if (last && running.empty()) return;
        for (child& c : running) {
            if (now - c.began_ns > most_ns || c.asked_ns != 0)
                end(c, "ended as it took longer than " + format_duration(most_ns), now);
            else if (last)
                end(c, "ended with the run", now);
        }
        wait_for(wake.get(), POLLIN, running.empty() ? INT64_MAX : now + look_ns);
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = ::read(wake.get(), &count, sizeof count);
    }
}

phase_commands::phase_commands(std::string command, std::int64_t most_ns, variables set,
                               taker ended)
    : state_(std::make_unique<state>()) {
    state& s = *state_;
    s.command = std::move(command);
    s.most_ns = most_ns;
    s.set = std::move(set);
    s.ended = std::move(ended);
    s.thread = std::thread([&s] { s.work(); });
}

phase_commands::~phase_commands() {
    state& s = *state_;
    {
        const std::lock_guard lock(s.mutex);
        s.finishing = true;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(s.wake.get(), &one, sizeof one);
    s.thread.join();
}

void phase_commands::begin(const std::string& phase) {
    state& s = *state_;
    {
        const std::lock_guard lock(s.mutex);
        s.begun.push_back({phase, monotonic_ns()});
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(s.wake.get(), &one, sizeof one);
}

}  // namespace chopsticks::live
