#include "admin_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/descriptor.hpp>
#include <cstring>

#include "deadline_io.hpp"

namespace chopsticks::ceph::beside {

namespace {

/// So many bytes more. False: `problem`.
bool receive_all(int socket, std::string& to, std::size_t bytes, std::int64_t until_ns,
                 std::string& problem) {
    char piece[65536];
    while (bytes > 0) {
        const ssize_t n =
            receive_some(socket, piece, std::min(sizeof piece, bytes), until_ns, problem);
        if (n < 0) return false;
        if (n == 0) {
            problem = "closed before its answer was whole";
            return false;
        }
        to.append(piece, static_cast<std::size_t>(n));
        bytes -= static_cast<std::size_t>(n);
    }
    return true;
}

/// What it answers. Empty: `problem`.
std::string ask_at(const sockaddr_un& at, const std::string& prefix, std::int64_t until_ns,
                   std::string& problem) {
    const descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.is_open() ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
        problem = errno_text(errno);
        return {};
    }
    const std::string asked = "{\"prefix\":\"" + prefix + "\"}" + '\0';
    std::string head;
    if (!send_all(socket.get(), asked, until_ns, problem) ||
        !receive_all(socket.get(), head, 4, until_ns, problem)) {
        return {};
    }
    // Its length, the first byte first.
    std::size_t length = 0;
    for (const char c : head)
        length = length << 8 | static_cast<unsigned char>(c);
    if (length == 0 || length > admin_answer_max) {
        problem = "an answer of " + std::to_string(length) + " bytes";
        return {};
    }
    std::string answer;
    if (!receive_all(socket.get(), answer, length, until_ns, problem)) return {};
    return answer;
}

}  // namespace

std::string ask_admin_socket(const std::string& path, const std::string& prefix,
                             std::int64_t timeout_ns, std::string& problem) {
    problem.clear();
    const std::int64_t until_ns = monotonic_ns() + timeout_ns;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof to.sun_path) {
        problem = "the path of the admin socket is longer than a socket's may be";
        return {};
    }
    std::memcpy(to.sun_path, path.data(), path.size());
    std::string why;
    std::string answer = ask_at(to, prefix, until_ns, why);
    if (!why.empty()) problem = path + ": " + why;
    return answer;
}

}  // namespace chopsticks::ceph::beside
