#include "connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstring>

namespace redis_example {

using namespace chopsticks;

namespace {

/// Room beside a value: the heads of commands and replies, and a list of keys.
constexpr std::size_t room_bytes = 64 * 1024;

}  // namespace

connection::connection(runtime::reactor& loop, const server_address& server,
                       engine::driver_counters& counters, const scenario::timeouts& timeout)
    : loop_(loop), server_(server), counters_(counters), timeout_(timeout), in_(room_bytes, '\0') {
    out_.reserve(room_bytes);
    loop_.add(static_cast<runtime::deadline&>(*this));
}

connection::~connection() {
    close();
    loop_.remove(static_cast<runtime::deadline&>(*this));
}

void connection::reserve(std::uint64_t bytes) {
    text_most_ = std::max<std::uint64_t>(text_most_, bytes);
    out_.reserve(room_bytes + bytes);
    in_.resize(room_bytes + bytes);
}

void connection::close() noexcept {
    if (watch_.fd < 0) return;
    loop_.remove(watch_);
    ::close(watch_.fd);
    watch_ = {};
    --counters_.open_connections;
    from_ = to_ = 0;
}

void connection::expired() {
    timed_out_ = true;
    ++counters_.timeouts;
    if (watch_.fd >= 0) loop_.wake(watch_);
}

void connection::cancel() noexcept {
    cancelled_ = true;
    // Who waits for it closes it; nobody does where nothing has a time limit.
    if (watch_.fd >= 0 && due_ns != 0) {
        loop_.wake(watch_);
    } else {
        close();
    }
}

void connection::begin(std::int64_t limit_ns) noexcept {
    timed_out_ = false;
    due_ns = monotonic_ns() + limit_ns;
}

failure connection::broken(op_status what, const char* code, std::string text) {
    close();
    due_ns = 0;
    if (cancelled_) return {op_status::cancelled, "Cancelled", "the run ended"};
    if (timed_out_) {
        return {op_status::timeout, "Timeout", server_.text + " did not answer in time"};
    }
    return {what, code, server_.text + ": " + text};
}

runtime::task<failure> connection::open() {
    if (watch_.fd >= 0) co_return failure();
    const int fd =
        ::socket(server_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        ++counters_.connect_failures;
        co_return broken(op_status::connect_failed, "NoSocket", std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* const to = reinterpret_cast<const sockaddr*>(&server_.address);
    int error = ::connect(fd, to, server_.length) == 0 || errno == EINPROGRESS ? 0 : errno;
    watch_.fd = fd;
    if (error == 0 && !loop_.add(watch_)) error = errno;
    ++counters_.open_connections;
    begin(timeout_.connect_ns);
    while (error == 0 && !watch_.writable && !is_over())
        co_await runtime::reactor::writable(watch_);
    socklen_t size = sizeof error;
    if (error == 0) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || is_over()) {
        ++counters_.connect_failures;
        co_return broken(op_status::connect_failed, "ConnectFailed", std::strerror(error));
    }
    ++counters_.connects;
    failure greeted = co_await greet();
    co_return greeted;
}

// As whom, and to which of the server's databases.
runtime::task<failure> connection::greet() {
    failure out;
    for (const bool password : {true, false}) {
        if (password ? server_.password.empty() : server_.database == 0) continue;
        begin_command(command(), 2);
        add_word(out_, password ? "AUTH" : "SELECT");
        add_word(out_, password ? server_.password : std::to_string(server_.database));
        reply answer;
        std::int64_t sent_ns = 0;
        std::int64_t first_byte_ns = 0;
        out = co_await exchange(answer, sent_ns, first_byte_ns);
        if (!out.is_ok()) co_return out;
        if (answer.what != reply::kind::status) {
            co_return broken(op_status::client_error, password ? "AUTH" : "SELECT",
                             "refused: " + std::string(answer.text));
        }
    }
    co_return out;
}

std::string& connection::command() {
    out_.clear();
    return out_;
}

runtime::task<failure> connection::exchange(reply& out, std::int64_t& sent_ns,
                                            std::int64_t& first_byte_ns) {
    if (from_ != to_) {
        co_return broken(op_status::bad_response, "BadReply", "sent more than was asked for");
    }
    begin(timeout_.operation_ns);
    from_ = to_ = 0;
    first_byte_ns = 0;
    sent_ns = monotonic_ns();
    std::size_t sent = 0;
    while (sent < out_.size()) {
        if (is_over()) co_return broken(op_status::timeout, "", "");
        const ssize_t n = ::send(watch_.fd, out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += static_cast<std::size_t>(n);
        } else if (errno == EAGAIN) {
            watch_.writable = false;
            co_await runtime::reactor::writable(watch_);
        } else if (errno != EINTR) {
            co_return broken(op_status::connection_lost, "SendFailed", std::strerror(errno));
        }
    }
    // What comes first is waited for here: `next` does not know when it came.
    while (to_ == 0) {
        if (is_over()) co_return broken(op_status::timeout, "", "");
        const ssize_t n = ::recv(watch_.fd, in_.data(), in_.size(), 0);
        if (n > 0) {
            to_ = static_cast<std::size_t>(n);
        } else if (n == 0) {
            co_return broken(op_status::connection_lost, "Closed", "closed the connection");
        } else if (errno == EAGAIN) {
            watch_.readable = false;
            co_await runtime::reactor::readable(watch_);
        } else if (errno != EINTR) {
            co_return broken(op_status::connection_lost, "ReceiveFailed", std::strerror(errno));
        }
    }
    first_byte_ns = monotonic_ns();
    failure came = co_await next(out);
    co_return came;
}

runtime::task<failure> connection::next(reply& out) {
    for (;;) {
        std::size_t used = 0;
        const std::string_view had(in_.data() + from_, to_ - from_);
        const parsed what = parse_reply(had, text_most_, out, used);
        if (what == parsed::wrong) {
            co_return broken(op_status::bad_response, "BadReply", "sent what is no reply");
        }
        if (what == parsed::whole) {
            from_ += used;
            due_ns = 0;
            co_return failure();
        }
        if (is_over()) co_return broken(op_status::timeout, "", "");
        if (to_ == in_.size()) {
            // A list of keys is longer than the room: what was used makes place.
            std::memmove(in_.data(), in_.data() + from_, to_ - from_);
            to_ -= from_;
            from_ = 0;
            if (to_ == in_.size()) in_.resize(in_.size() * 2);
        }
        if (due_ns == 0) begin(timeout_.operation_ns);
        const ssize_t n = ::recv(watch_.fd, in_.data() + to_, in_.size() - to_, 0);
        if (n > 0) {
            to_ += static_cast<std::size_t>(n);
        } else if (n == 0) {
            co_return broken(op_status::connection_lost, "Closed", "closed within a reply");
        } else if (errno == EAGAIN) {
            watch_.readable = false;
            co_await runtime::reactor::readable(watch_);
        } else if (errno != EINTR) {
            co_return broken(op_status::connection_lost, "ReceiveFailed", std::strerror(errno));
        }
    }
}

}  // namespace redis_example
