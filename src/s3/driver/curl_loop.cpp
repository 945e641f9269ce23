#include "curl_loop.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <coroutine>
#include <cstring>
#include <utility>

namespace chopsticks::s3 {

namespace {

constexpr std::int64_t asked_never = INT64_MAX;
constexpr int most_socket_events = 64;
/// Under load all turns look; before a transfer that comes after a pause nobody may have.
constexpr std::int64_t look_every_ns = 1'000'000;
/// libcurl closes the oldest of more idle connections than this; a core has fewer users.
constexpr long most_idle_connections = 1'000'000;

/// Once per process, before there are other threads that might.
void set_up_libcurl() {
    static const CURLcode done = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    if (done != CURLE_OK) {
        throw config_error(std::string("libcurl cannot be used: ") + ::curl_easy_strerror(done));
    }
}

}  // namespace

curl_loop::curl_loop(runtime::reactor& loop, std::uint64_t& open_connections, bool plain)
    : loop_(loop), open_connections_(open_connections), plain_(plain), due_ns_(asked_never) {
    set_up_libcurl();
    multi_ = ::curl_multi_init();
    share_ = ::curl_share_init();
    watch_.fd = ::epoll_create1(EPOLL_CLOEXEC);
    CHOPSTICKS_ASSERT(multi_ != nullptr);
    CHOPSTICKS_ASSERT(share_ != nullptr);
    CHOPSTICKS_ASSERT(watch_.fd >= 0);
    CHOPSTICKS_ASSERT(loop_.add(watch_));
    ::curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &curl_loop::socket_wanted);
    ::curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    ::curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &curl_loop::timer_wanted);
    ::curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    ::curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most_idle_connections);
    // Of this core alone: no locks.
    ::curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    loop_.add(static_cast<runtime::pump&>(*this));
}

curl_loop::~curl_loop() {
    loop_.remove(static_cast<runtime::pump&>(*this));
    ::curl_multi_cleanup(multi_);
    ::curl_share_cleanup(share_);
    loop_.remove(watch_);
    ::close(watch_.fd);
}

void curl_loop::prepare(CURL* handle) {
    ::curl_easy_setopt(handle, CURLOPT_SHARE, share_);
    ::curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, &curl_loop::close_socket);
    ::curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, this);
    // Without signals, which others of the process have their own uses for.
    ::curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
}

bool curl_loop::start(CURL* handle) {
    // What was closed meanwhile is not to be used. libcurl looks for itself, but takes one that was
    // reset for alive.
    if (watch_.readable || monotonic_ns() - looked_ns_ > look_every_ns) look_at_sockets();
    if (::curl_multi_add_handle(multi_, handle) != CURLM_OK) return false;
    run_timers();
    take_ended();
    keep_awake();
    return true;
}

void curl_loop::stop(CURL* handle) noexcept {
    ::curl_multi_remove_handle(multi_, handle);
    keep_awake();
}

void curl_loop::forget(const curl_transfer& who) noexcept {
    for (interest& one : interests_) {
        if (one.user == &who) one.user = nullptr;
    }
}

curl_socket_t curl_loop::open_socket(const curl_sockaddr& to) noexcept {
    const int fd = ::socket(to.family, to.socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

curl_loop::interest& curl_loop::of(curl_socket_t fd) {
    const auto at = static_cast<std::size_t>(fd);
    if (at >= interests_.size()) interests_.resize(std::max<std::size_t>(at + 1, 64));
    return interests_[at];
}

curl_socket_t curl_loop::from_port(int local_port) const noexcept {
    curl_socket_t found = CURL_SOCKET_BAD;
    for (std::size_t fd = 0; fd < interests_.size(); ++fd) {
        if (!interests_[fd].counted || interests_[fd].local_port != local_port) continue;
        if (found != CURL_SOCKET_BAD) return CURL_SOCKET_BAD;
        found = static_cast<curl_socket_t>(fd);
    }
    return found;
}

void curl_loop::note_connected(curl_socket_t fd, int local_port) {
    interest& one = of(fd);
    one.local_port = local_port;
    if (!std::exchange(one.counted, true)) ++open_connections_;
}

void curl_loop::end(curl_socket_t fd) noexcept {
    interest& one = interests_[static_cast<std::size_t>(fd)];
    if (!std::exchange(one.counted, false)) return;
    --open_connections_;
    ::shutdown(fd, SHUT_RDWR);
    // libcurl finds it dead by reading nothing from it, not by the error of one that was reset:
    // asked for, that is gone.
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (one.told != 0) tell(fd, 0);
}

void curl_loop::end_idle(curl_socket_t fd, const curl_transfer& who) noexcept {
    if (fd == CURL_SOCKET_BAD || static_cast<std::size_t>(fd) >= interests_.size()) return;
    const interest& one = interests_[static_cast<std::size_t>(fd)];
    if (one.user == &who && one.wanted == 0) end(fd);
}

int curl_loop::close_socket(void* self, curl_socket_t fd) {
    auto& loop = *static_cast<curl_loop*>(self);
    if (static_cast<std::size_t>(fd) < loop.interests_.size()) {
        const interest gone = std::exchange(loop.interests_[static_cast<std::size_t>(fd)], {});
        if (gone.counted) --loop.open_connections_;
        if (gone.told != 0) ::epoll_ctl(loop.watch_.fd, EPOLL_CTL_DEL, fd, nullptr);
        if (gone.user != nullptr) gone.user->socket_closed(fd);
    }
    return ::close(fd);
}

int curl_loop::socket_wanted(CURL* handle, curl_socket_t fd, int what, void* self, void*) {
    auto& loop = *static_cast<curl_loop*>(self);
    interest& one = loop.of(fd);
    std::uint32_t wanted = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) wanted |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) wanted |= EPOLLOUT;
    one.wanted = wanted;
    if (wanted == 0) return 0;
    void* user = nullptr;
    ::curl_easy_getinfo(handle, CURLINFO_PRIVATE, &user);
    one.user = static_cast<curl_transfer*>(user);
    one.user->socket_used(fd);
    // A connection waits for the same after each request: it stays with epoll in between, and is
    // taken from it when something came for nobody.
    if ((one.told & wanted) != wanted) loop.tell(fd, wanted);
    return 0;
}

void curl_loop::tell(curl_socket_t fd, std::uint32_t wanted) noexcept {
    interest& one = interests_[static_cast<std::size_t>(fd)];
    epoll_event event{};
    event.events = wanted == 0 ? 0 : wanted | EPOLLRDHUP;
    event.data.fd = fd;
    const int how = wanted == 0 ? EPOLL_CTL_DEL : one.told == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    ::epoll_ctl(watch_.fd, how, fd, &event);
    one.told = wanted;
}

int curl_loop::timer_wanted(CURLM*, long timeout_ms, void* self) {
    static_cast<curl_loop*>(self)->due_ns_ =
        timeout_ms < 0 ? asked_never : monotonic_ns() + timeout_ms * std::int64_t{1'000'000};
    return 0;
}

void curl_loop::run_timers() noexcept {
    int running = 0;
    due_ns_ = asked_never;
    ::curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

void curl_loop::look_at_sockets() noexcept {
    epoll_event events[most_socket_events];
    const int count = ::epoll_wait(watch_.fd, events, most_socket_events, 0);
    looked_ns_ = monotonic_ns();
    // The next that comes is an edge of its own.
    if (count <= 0) watch_.readable = false;
    for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        const interest& one = interests_[static_cast<std::size_t>(fd)];
        std::uint32_t what = events[i].events;
        // libcurl finds out what broke when it reads or writes.
        const bool gone = (what & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0;
        if (one.wanted == 0 && (gone || (plain_ && (what & EPOLLIN) != 0))) {
            end(fd);
            continue;
        }
        if (gone) what |= EPOLLIN | EPOLLOUT;
        what &= one.wanted;
        if (what == 0) {
            tell(fd, one.wanted);
            continue;
        }
        int running = 0;
        ::curl_multi_socket_action(multi_, fd,
                                   ((what & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                                       ((what & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0),
                                   &running);
    }
}

void curl_loop::take_ended() noexcept {
    int left = 0;
    while (const CURLMsg* const said = ::curl_multi_info_read(multi_, &left)) {
        if (said->msg != CURLMSG_DONE) continue;
        CURL* const handle = said->easy_handle;
        const CURLcode how = said->data.result;
        void* user = nullptr;
        ::curl_easy_getinfo(handle, CURLINFO_PRIVATE, &user);
        ::curl_multi_remove_handle(multi_, handle);
        static_cast<curl_transfer*>(user)->transfer_ended(how);
    }
}

void curl_loop::keep_awake() {
    const std::int64_t now = monotonic_ns();
    // Pumps were asked before the rest of a turn: the loop may sleep until its next sweep.
    if (due_ns_ <= now) {
        loop_.make_ready(std::noop_coroutine());
    } else if (due_ns_ < now + runtime::reactor::sweep_ns) {
        auto alarm = loop_.sleep_until(due_ns_);
        alarm.await_suspend(std::noop_coroutine());
    }
}

std::int64_t curl_loop::run_due(std::int64_t now_ns) {
    if (watch_.readable) {
        look_at_sockets();
        take_ended();
    }
    if (due_ns_ <= now_ns) {
        run_timers();
        take_ended();
    }
    return watch_.readable ? now_ns : due_ns_;
}

}  // namespace chopsticks::s3
