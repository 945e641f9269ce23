#include <dirent.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chopsticks/core/error.hpp>
#include <chopsticks/live/annotations.hpp>
#include <system_error>
#include <thread>

#include "unix_socket.hpp"

namespace chopsticks::live {

namespace {

// A request is one line: "who", which asks for the run, or "note TEXT". So is the answer: "run ..."
// or "noted".
constexpr std::string_view note_word = "note ";
constexpr std::size_t request_bytes_max = 4096;
/// A listener serves one at a time, and only who is of this user.
constexpr int request_ms = 1000;
constexpr int answer_ms = 5000;

/// Counts signals. Kept for the life of the process: a handler may run at any time.
std::atomic<int> signal_counter{-1};

int open_signal_counter() {
    static const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    signal_counter.store(fd);
    return fd;
}

std::uint64_t take_count(int fd) {
    std::uint64_t count = 0;
    return ::read(fd, &count, sizeof count) == sizeof count ? count : 0;
}

bool is_of_this_user(int connection) {
    ucred who{};
    socklen_t size = sizeof who;
    if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
    return who.uid == ::geteuid() || who.uid == 0;
}

std::string path_of(::pid_t pid) {
    return socket_folder() + "/" + std::to_string(pid) + ".sock";
}

/// The pid of "123.sock"; 0: another name.
::pid_t pid_of(std::string_view name) {
    if (!name.ends_with(".sock")) return 0;
    name.remove_suffix(5);
    ::pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    return error == std::errc() && end == name.data() + name.size() && pid > 0 ? pid : 0;
}

std::string ask(int connection, const std::string& request) {
    write_text(connection, request + "\n");
    return read_line(connection, request_bytes_max, answer_ms);
}

}  // namespace

void note_signal() noexcept {
    const int fd = signal_counter.load();
    if (fd < 0) return;
    const int before = errno;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
    errno = before;
}

struct annotation_listener::state {
    void work();
    void serve();

    std::string run;
    taker take;
    std::string problem;
    std::string path;
    descriptor listening;
    descriptor end{::eventfd(0, EFD_CLOEXEC)};
    int signals = open_signal_counter();
    std::thread thread;
};

void annotation_listener::state::serve() {
    const descriptor peer(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer.is_open() || !is_of_this_user(peer.get())) return;
    const std::string request = read_line(peer.get(), request_bytes_max, request_ms);
    if (request == "who") {
        write_text(peer.get(), "run " + run + "\n");
    } else if (request.starts_with(note_word)) {
        take(stats::event_source::annotate, request.substr(note_word.size()));
        write_text(peer.get(), "noted\n");
    }
}

void annotation_listener::state::work() {
    ::pthread_setname_np(::pthread_self(), "annotations");
    for (;;) {
        pollfd all[] = {{end.get(), POLLIN, 0}, {signals, POLLIN, 0}, {listening.get(), POLLIN, 0}};
        if (::poll(all, std::size(all), -1) < 0) continue;
        for (std::uint64_t n = take_count(signals); n > 0; --n)
            take(stats::event_source::signal, "");
        if ((all[2].revents & POLLIN) != 0) {
            serve();
            continue;
        }
        if (all[0].revents != 0) return;
    }
}

annotation_listener::annotation_listener(const std::string& run, taker take)
    : state_(std::make_unique<state>()) {
    state& s = *state_;
    s.run = run;
    s.take = std::move(take);
    s.path = path_of(::getpid());
    s.problem = open_socket_folder(socket_folder());
    if (s.problem.empty()) {
        s.listening = listen_at(s.path);
        if (!s.listening.is_open())
            s.problem =
                "cannot listen on " + s.path + ": " + std::generic_category().message(errno);
    }
    take_count(s.signals);  // of a time without a run
    s.thread = std::thread([&s] { s.work(); });
}

annotation_listener::~annotation_listener() {
    state& s = *state_;
    if (s.listening.is_open()) ::unlink(s.path.c_str());
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(s.end.get(), &one, sizeof one);
    s.thread.join();
}

const std::string& annotation_listener::problem() const noexcept {
    return state_->problem;
}

std::vector<running_process> running_processes() {
    std::vector<running_process> out;
    const std::string folder = socket_folder();
    DIR* const all = ::opendir(folder.c_str());
    if (all == nullptr) return out;
    while (const dirent* const one = ::readdir(all)) {
        const ::pid_t pid = pid_of(one->d_name);
        if (pid == 0) continue;
        const descriptor peer = connect_to(path_of(pid));
        if (!peer.is_open()) {
            // Of a process that was killed.
            if (errno == ECONNREFUSED) ::unlink(path_of(pid).c_str());
            continue;
        }
        const std::string answer = ask(peer.get(), "who");
        if (answer.starts_with("run ")) out.push_back({pid, answer.substr(4)});
    }
    ::closedir(all);
    std::sort(out.begin(), out.end(),
              [](const running_process& a, const running_process& b) { return a.pid < b.pid; });
    return out;
}

void annotate(::pid_t pid, const std::string& text) {
    const descriptor peer = connect_to(path_of(pid));
    if (!peer.is_open())
        throw config_error("process " + std::to_string(pid) + " makes no run of this user");
    std::string line = text;
    for (char& c : line) {
        if (c == '\n') c = ' ';
    }
    if (ask(peer.get(), std::string(note_word) + line) != "noted")
        throw config_error("process " + std::to_string(pid) +
                           " did not take the note; its run may just have ended");
}

}  // namespace chopsticks::live
