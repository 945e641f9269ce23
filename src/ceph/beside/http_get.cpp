#include "http_get.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/descriptor.hpp>
#include <chopsticks/http/chunked.hpp>
#include <chopsticks/http/response_head.hpp>
#include <utility>

#include "deadline_io.hpp"

namespace chopsticks::ceph::beside {

namespace {

struct address_list {
    addrinfo* first = nullptr;
    address_list() = default;
    address_list(const address_list&) = delete;
    address_list& operator=(const address_list&) = delete;
    ~address_list() {
        if (first != nullptr) ::freeaddrinfo(first);
    }
};

/// Connected, or none and errno in `error`.
descriptor connect_to(const addrinfo& at, std::int64_t until_ns, int& error) {
    descriptor socket(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.is_open()) {
        error = errno;
        return socket;
    }
    error = ::connect(socket.get(), at.ai_addr, at.ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        error = ETIMEDOUT;
        if (wait_for(socket.get(), POLLOUT, until_ns)) {
            socklen_t size = sizeof error;
            if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
        }
    }
    return error == 0 ? std::move(socket) : descriptor();
}

/// All of an answer whose connection is closed behind it, within bounds. False: `problem`.
bool exchange(int socket, const std::string& request, std::int64_t until_ns, std::string& got,
              std::string& problem) {
    if (!send_all(socket, request, until_ns, problem)) return false;
    char piece[65536];
    while (true) {
        const ssize_t n = receive_some(socket, piece, sizeof piece, until_ns, problem);
        if (n <= 0) return n == 0;
        got.append(piece, static_cast<std::size_t>(n));
        if (got.size() > http_body_max + http::max_head_bytes) {
            problem = "its answer is longer than anybody reads";
            return false;
        }
    }
}

/// The answer that a text is. None: `problem`.
std::optional<http_answer> answer_of(std::string_view text, std::string& problem) {
    http::response_head head;
    if (http::parse_head(text, head) != http::head_state::complete) {
        problem = "its answer is no HTTP";
        return std::nullopt;
    }
    text.remove_prefix(head.head_bytes);
    std::string body(text);
    bool whole = true;
    if (head.body == http::body_kind::chunked) {
        body.clear();
        http::chunked_decoder decoder;
        whole = decoder.decode(text, [&](std::string_view part) { body += part; }).state ==
                http::chunked_state::complete;
    } else if (head.body == http::body_kind::length) {
        whole = body.size() >= head.content_length;
        body.resize(std::min<std::uint64_t>(body.size(), head.content_length));
    }
    if (!whole) {
        problem = "its answer was cut short";
        return std::nullopt;
    }
    return http_answer{head.status, std::move(body)};
}

}  // namespace

std::optional<http_place> parse_http_place(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (!url.starts_with(scheme)) return std::nullopt;
    url.remove_prefix(scheme.size());
    http_place out;
    const std::size_t slash = url.find('/');
    if (slash != url.npos) out.path = url.substr(slash);
    std::string_view host = url.substr(0, slash);
    std::string_view port;
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        if (end == host.npos) return std::nullopt;
        port = host.substr(end + 1);
        host = host.substr(1, end - 1);
    } else if (const std::size_t colon = host.find(':'); colon != host.npos) {
        port = host.substr(colon);
        host = host.substr(0, colon);
    }
    if (!port.empty()) {
        if (port.size() < 2 || port.size() > 6 || port[0] != ':' ||
            port.find_first_not_of("0123456789", 1) != port.npos)
            return std::nullopt;
        out.port = port.substr(1);
    }
    const auto odd = [](char c) { return c <= ' ' || c == '@' || c == 0x7f; };
    const bool wrong =
        host.empty() || host.size() > 255 || out.path.size() > 2000 ||
        std::any_of(host.begin(), host.end(), odd) ||
        std::any_of(out.path.begin(), out.path.end(), [](char c) { return c <= ' ' || c == 0x7f; });
    if (wrong) return std::nullopt;
    out.host = host;
    return out;
}

std::string host_field(const http_place& of) {
    const bool ipv6 = of.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + of.host + "]" : of.host) + ":" + of.port;
}

std::optional<http_answer> http_ask(const http_place& from, const std::string& fields,
                                    std::int64_t timeout_ns, std::string& problem) {
    problem.clear();
    const std::int64_t until_ns = monotonic_ns() + timeout_ns;
    const std::string who = from.host + ":" + from.port + ": ";
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    address_list addresses;
    const int unknown =
        ::getaddrinfo(from.host.c_str(), from.port.c_str(), &wanted, &addresses.first);
    if (unknown != 0) {
        problem = who + ::gai_strerror(unknown);
        return std::nullopt;
    }
    int error = 0;
    descriptor socket;
    for (const addrinfo* at = addresses.first; at != nullptr && !socket.is_open(); at = at->ai_next)
        socket = connect_to(*at, until_ns, error);
    if (!socket.is_open()) {
        problem = who + errno_text(error);
        return std::nullopt;
    }
    const std::string request = "GET " + from.path + " HTTP/1.1\r\nHost: " + host_field(from) +
                                "\r\nConnection: close\r\n" + fields + "\r\n";
    std::string got;
    std::string why;
    std::optional<http_answer> out;
    if (exchange(socket.get(), request, until_ns, got, why)) out = answer_of(got, why);
    if (!why.empty()) problem = who + why;
    return out;
}

std::string http_get(const http_place& from, std::int64_t timeout_ns, std::string& problem) {
    const auto got = http_ask(from, "Accept: text/plain\r\n", timeout_ns, problem);
    if (!got) return {};
    const std::string who = from.host + ":" + from.port + ": ";
    if (got->status != 200) {
        problem = who + "answered with status " + std::to_string(got->status);
        return {};
    }
    if (got->body.empty()) problem = who + "its answer is empty";
    return got->body;
}

}  // namespace chopsticks::ceph::beside
