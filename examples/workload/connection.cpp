#include "connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstdlib>
#include <cstring>

namespace redis_example {

using namespace chopsticks;

namespace {

/// Room beside a value: the heads of commands and replies, and a list of keys.
constexpr std::size_t room_bytes = 64 * 1024;
/// A server that closes idle connections does so after seconds; in the load nobody need ask.
constexpr std::int64_t idle_ns = 100'000'000;

}  // namespace

server_address find_server(const settings& from, const std::string& called) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(from.host.c_str(), from.port.c_str(), &wanted, &found);
    if (error != 0) throw config_error(from.address() + ": " + ::gai_strerror(error));
    server_address out;
    std::memcpy(&out.address, found->ai_addr, found->ai_addrlen);
    out.length = found->ai_addrlen;
    ::freeaddrinfo(found);
    out.text = from.address();
    out.database = from.database;
    out.called = called;
    // As redis-cli has it: a secret that is in no file and in no process list.
    if (const char* const password = std::getenv("REDISCLI_AUTH")) out.password = password;
    return out;
}

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

bool connection::is_stale() const noexcept {
    if (monotonic_ns() - used_ns_ < idle_ns) return false;
    char one = 0;
    const ssize_t n = ::recv(watch_.fd, &one, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

runtime::task<failure> connection::open() {
    if (watch_.fd >= 0 && is_stale()) close();
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

// As whom, to which of the server's databases, and whose it is: cleanup sees by that name that a
// run is alive. A server that knows no names is used without.
runtime::task<failure> connection::greet() {
    const std::array<std::array<std::string, 3>, 3> greetings{{
        {"AUTH", server_.password, ""},
        {"SELECT", server_.database == 0 ? "" : std::to_string(server_.database), ""},
        {"CLIENT", server_.called.empty() ? "" : "SETNAME", server_.called},
    }};
    failure out;
    for (const auto& words : greetings) {
        if (words[1].empty()) continue;
        begin_command(command(), words[2].empty() ? 2 : 3);
        for (const std::string& word : words) {
            if (!word.empty()) add_word(out_, word);
        }
        reply answer;
        std::int64_t sent_ns = 0;
        std::int64_t first_byte_ns = 0;
        out = co_await exchange(answer, sent_ns, first_byte_ns);
        if (!out.is_ok()) co_return out;
        if (answer.what != reply::kind::status && words[0] != "CLIENT") {
            co_return broken(op_status::client_error, words[0] == "AUTH" ? "AUTH" : "SELECT",
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
            used_ns_ = monotonic_ns();
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
