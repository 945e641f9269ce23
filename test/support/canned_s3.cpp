#include "canned_s3.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <cstdlib>

namespace chopsticks::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

/// A listening socket on a free port of 127.0.0.1.
int listen_on_loopback(std::uint16_t& port, int backlog, int receive_buffer) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHOPSTICKS_ASSERT(fd >= 0);
    if (receive_buffer > 0) {
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const bool ready = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::listen(fd, backlog) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    CHOPSTICKS_ASSERT(ready);
    port = ntohs(address.sin_port);
    return fd;
}

}  // namespace

std::uint64_t canned_request::content_length() const noexcept {
    constexpr std::string_view field = "\r\nContent-Length: ";
    const std::size_t at = head.find(field);
    return at == std::string::npos ? 0
                                   : std::strtoull(head.c_str() + at + field.size(), nullptr, 10);
}

bool canned_connection::fill() {
    char bytes[65536];
    const ssize_t got = fd_ < 0 ? 0 : ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    input_.append(bytes, static_cast<std::size_t>(got));
    return true;
}

canned_request canned_connection::read_head() {
    canned_request r;
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return r;
    }
    r.head = input_.substr(0, end + 4);
    input_.erase(0, end + 4);
    return r;
}

bool canned_connection::read_body(canned_request& r) {
    const std::uint64_t length = r.content_length();
    for (;;) {
        const std::size_t take =
            std::min(input_.size(), static_cast<std::size_t>(length - r.body.size()));
        r.body.append(input_, 0, take);
        input_.erase(0, take);
        if (r.body.size() == length) return true;
        if (!fill()) return false;
    }
}

canned_request canned_connection::read_request() {
    canned_request r = read_head();
    if (r.came() && !read_body(r)) r.head.clear();
    return r;
}

bool canned_connection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = fd_ < 0 ? -1 : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool canned_connection::send_split(std::string_view bytes, std::size_t at) {
    if (!send(bytes.substr(0, at))) return false;
    pause(std::chrono::microseconds(300));
    return send(bytes.substr(at));
}

void canned_connection::close() noexcept {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void canned_connection::reset() noexcept {
    // Closing with a linger time of nothing sends RST instead of FIN (socket(7)).
    const linger now{1, 0};
    if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void canned_connection::finish_sending() noexcept {
    if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void canned_connection::await_close() {
    while (fill())
        input_.clear();
}

void canned_connection::relay(std::uint16_t port, std::uint64_t most_from_peer) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    CHOPSTICKS_ASSERT(server >= 0);
    CHOPSTICKS_ASSERT(
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    canned_connection other(server, 0);
    char bytes[16384];
    for (;;) {
        pollfd both[] = {{fd_, POLLRDHUP, 0}, {server, POLLIN, 0}};
        if (most_from_peer > 0) both[0].events |= POLLIN;
        if (::poll(both, 2, -1) < 0) return;
        if (both[1].revents != 0) {
            const ssize_t got = ::recv(server, bytes, sizeof bytes, 0);
            if (got <= 0 || !send({bytes, static_cast<std::size_t>(got)})) return;
        }
        if ((both[0].revents & POLLIN) != 0) {
            const ssize_t got =
                ::recv(fd_, bytes, std::min<std::uint64_t>(sizeof bytes, most_from_peer), 0);
            if (got <= 0 || !other.send({bytes, static_cast<std::size_t>(got)})) return;
            most_from_peer -= static_cast<std::uint64_t>(got);
        } else if (both[0].revents != 0) {
            return;
        }
    }
}

void canned_connection::interrupt() noexcept {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

canned_s3::canned_s3(script what, int receive_buffer) : script_(std::move(what)) {
    listener_ = listen_on_loopback(port_, 128, receive_buffer);
    acceptor_ = std::thread([this] { accept_all(); });
}

canned_s3::~canned_s3() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& c : connections_)
            c->interrupt();
    }
    for (std::thread& t : threads_)
        t.join();
    ::close(listener_);
}

void canned_s3::accept_all() {
    for (;;) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::lock_guard lock(mutex_);
        connections_.push_back(std::make_unique<canned_connection>(fd, accepted_++));
        threads_.emplace_back([this, c = connections_.back().get()] {
            script_(*c);
            c->close();
        });
    }
}

deaf_listener::deaf_listener() {
    listener_ = listen_on_loopback(port_, 0, 0);
    const sockaddr_in address = loopback(port_);
    // The queue takes one or two more than was asked for; the first that must wait shows it is
    // full.
    for (int i = 0; i < 16; ++i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        CHOPSTICKS_ASSERT(fd >= 0);
        queued_.push_back(fd);
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        pollfd connected{fd, POLLOUT, 0};
        if (::poll(&connected, 1, 50) == 0) return;
    }
    CHOPSTICKS_ASSERT(!"the queue of a listener never filled");
}

deaf_listener::~deaf_listener() {
    for (const int fd : queued_)
        ::close(fd);
    ::close(listener_);
}

}  // namespace chopsticks::test
