#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/process/child.hpp>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern char** environ;

namespace chopsticks::process {

namespace {

/// Above all numbers that a child's descriptors have, so that none is closed by another's dup2.
constexpr int first_of_ours = 16;

struct pipe_ends {
    descriptor read;
    descriptor write;
};

descriptor moved_up(int fd) {
    const descriptor low(fd);
    return descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, first_of_ours));
}

bool open_pipe(pipe_ends& out, int bytes) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    out.read = moved_up(ends[0]);
    out.write = moved_up(ends[1]);
    if (bytes > 0) ::fcntl(out.read.get(), F_SETPIPE_SZ, bytes);
    return out.read.is_open() && out.write.is_open();
}

bool make_non_blocking(const descriptor& fd) {
    const int flags = ::fcntl(fd.get(), F_GETFL);
    return flags >= 0 && ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) == 0;
}

/// A file in memory with that text, read from its beginning.
descriptor script_file(std::string_view text) {
    descriptor file = moved_up(::memfd_create("driver", MFD_CLOEXEC));
    for (std::size_t at = 0; file.is_open() && at < text.size();) {
        const ssize_t wrote = ::write(file.get(), text.data() + at, text.size() - at);
        if (wrote <= 0) return descriptor();
        at += static_cast<std::size_t>(wrote);
    }
    if (file.is_open()) ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::vector<std::string> environment_of(const child_plan& plan) {
    std::vector<std::string> out;
    const auto replaced = [&](std::string_view name) {
        return std::find(plan.without.begin(), plan.without.end(), name) != plan.without.end() ||
               std::any_of(plan.environment.begin(), plan.environment.end(),
                           [&](const auto& one) { return one.first == name; });
    };
    for (char** one = environ; *one != nullptr; ++one) {
        const std::string_view line(*one);
        if (!replaced(line.substr(0, line.find('=')))) out.emplace_back(line);
    }
    for (const auto& [name, value] : plan.environment)
        out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

/// What posix_spawn is told; frees itself.
struct spawn_plan {
    spawn_plan() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    ~spawn_plan() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    spawn_plan(const spawn_plan&) = delete;
    spawn_plan& operator=(const spawn_plan&) = delete;

    void give(const descriptor& ours, int as) {
        ::posix_spawn_file_actions_adddup2(&actions, ours.get(), as);
    }
    /// A group of its own, signals as a shell gives them, and none of our other descriptors.
    void finish(int first_unused) {
        sigset_t signals;
        ::sigemptyset(&signals);
        ::posix_spawnattr_setsigmask(&attributes, &signals);
        ::sigfillset(&signals);
        ::posix_spawnattr_setsigdefault(&attributes, &signals);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        ::posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, first_unused);
    }

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

std::string how_it_ended(int status) {
    if (WIFEXITED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
    const int number = WTERMSIG(status);
    const char* const described = ::sigdescr_np(number);
    return "was ended by signal " + std::to_string(number) +
           (described != nullptr ? " (" + std::string(described) + ")" : "");
}

}  // namespace

std::string child::start(const child_plan& plan) {
    pipe_ends in;
    pipe_ends out;
    pipe_ends err;
    descriptor script;
    if (!open_pipe(in, plan.input_bytes) || !open_pipe(out, plan.output_bytes) ||
        !open_pipe(err, 0)) {
        return "no pipe to it can be made: " + std::string(std::strerror(errno));
    }
    if (!plan.script.empty()) {
        script = script_file(plan.script);
        if (!script.is_open()) return "its source cannot be handed to it";
    }
    if (!make_non_blocking(in.write) || !make_non_blocking(out.read) ||
        !make_non_blocking(err.read)) {
        return std::strerror(errno);
    }
    spawn_plan how;
    how.give(in.read, STDIN_FILENO);
    how.give(out.write, STDOUT_FILENO);
    how.give(err.write, STDERR_FILENO);
    if (script.is_open()) how.give(script, child_plan::script_descriptor);
    how.finish(script.is_open() ? child_plan::script_descriptor + 1 : STDERR_FILENO + 1);
    std::vector<std::string> words = plan.command;
    std::vector<std::string> variables = environment_of(plan);
    const std::vector<char*> arguments = pointers(words);
    const std::vector<char*> environment = pointers(variables);
    pid_t pid = -1;
    const int failed = ::posix_spawnp(&pid, words.front().c_str(), &how.actions, &how.attributes,
                                      arguments.data(), environment.data());
    if (failed != 0) return "it cannot be started: " + std::string(std::strerror(failed));
    pid_ = pid;
    process_ = descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    input_ = std::move(in.write);
    if (plan.counts_unread) input_read_ = std::move(in.read);
    output_ = std::move(out.read);
    errors_ = std::move(err.read);
    return {};
}

bool child::has_ended() const noexcept {
    siginfo_t info{};
    return pid_ > 0 &&
           ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
}

std::int64_t child::cpu_ns() const noexcept {
    clockid_t clock{};
    timespec now{};
    if (pid_ <= 0 || ::clock_getcpuclockid(pid_, &clock) != 0) return -1;
    if (::clock_gettime(clock, &now) != 0) return -1;
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::uint64_t child::unread() const noexcept {
    int bytes = 0;
    if (!input_read_.is_open() || ::ioctl(input_read_.get(), FIONREAD, &bytes) != 0) return 0;
    return static_cast<std::uint64_t>(bytes);
}

void child::signal(int number) const noexcept {
    if (pid_ > 0) ::kill(-pid_, number);
}

void child::wait(std::int64_t until_ns) const noexcept {
    if (process_.is_open()) wait_for(process_.get(), POLLIN, until_ns);
}

std::string child::kill() noexcept {
    if (pid_ <= 0) return {};
    // Before it is asked how it ended: until then nobody else can have its number.
    ::kill(-pid_, SIGKILL);
    rusage used{};
    while (::wait4(pid_, &wait_status_, 0, &used) < 0 && errno == EINTR) {
    }
    const auto ns = [](const timeval& of) {
        return std::int64_t{of.tv_sec} * 1'000'000'000 + std::int64_t{of.tv_usec} * 1000;
    };
    spent_ns_ = ns(used.ru_utime) + ns(used.ru_stime);
    pid_ = -1;
    process_ = descriptor();
    input_ = descriptor();
    input_read_ = descriptor();
    output_ = descriptor();
    errors_ = descriptor();
    return how_it_ended(wait_status_);
}

std::string find_program(std::string_view name) {
    const auto runs = [](const std::string& path) {
        struct stat about{};
        return ::access(path.c_str(), X_OK) == 0 && ::stat(path.c_str(), &about) == 0 &&
               S_ISREG(about.st_mode);
    };
    if (name.empty()) return {};
    if (name.find('/') != std::string_view::npos) {
        return runs(std::string(name)) ? std::string(name) : std::string();
    }
    const char* const path = std::getenv("PATH");
    std::string_view left = path != nullptr ? path : "/usr/bin:/bin";
    while (true) {
        const std::size_t colon = left.find(':');
        const std::string_view folder = left.substr(0, colon);
        std::string file(folder.empty() ? "." : folder);
        file.append("/").append(name);
        if (runs(file)) return file;
        if (colon == std::string_view::npos) return {};
        left.remove_prefix(colon + 1);
    }
}

bool error_tail::read_from(int fd) noexcept {
    char piece[4096];
    // A program that writes without end does not hold up the core.
    for (int i = 0; fd >= 0 && i < 16; ++i) {
        const ssize_t got = ::read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return true;
        kept_.append(piece, static_cast<std::size_t>(got));
        if (kept_.size() > most_bytes) kept_.erase(0, kept_.size() - most_bytes);
    }
    return fd < 0;
}

std::string error_tail::last_line(const std::vector<std::string>& secrets) const {
    std::string text = kept_;
    // What was cut may have been cut within a secret.
    constexpr std::size_t longest_secret = 1024;
    if (text.size() == most_bytes) text.erase(0, longest_secret);
    for (const std::string& secret : secrets) {
        if (secret.empty()) continue;
        constexpr std::string_view instead = "[secret]";
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + instead.size()))
            text.replace(at, secret.size(), instead);
    }
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n') c = ' ';
    }
    const std::size_t last = text.find_last_not_of(" \n");
    if (last == std::string::npos) return {};
    text.resize(last + 1);
    const std::size_t before = text.rfind('\n');
    return before == std::string::npos ? text : text.substr(before + 1);
}

}  // namespace chopsticks::process
