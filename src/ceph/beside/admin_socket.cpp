#include "admin_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstring>

#include "deadline_io.hpp"

namespace chopsticks::ceph::beside {

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
    const descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.number < 0 ||
        ::connect(socket.number, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        problem = path + ": " + errno_text(errno);
        return {};
    }
    const std::string asked = "{\"prefix\":\"" + prefix + "\"}" + '\0';
    std::string got;
    std::size_t wanted = 4;
    std::size_t sent = 0;
    while (true) {
        const bool asking = sent < asked.size();
        if (!wait_for_socket(socket.number, asking ? POLLOUT : POLLIN, until_ns)) {
            problem = path + ": no answer in time";
            return {};
        }
        if (asking) {
            const ssize_t n =
                ::send(socket.number, asked.data() + sent, asked.size() - sent, MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR && errno != EAGAIN) {
                problem = path + ": " + errno_text(errno);
                return {};
            }
            sent += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
            continue;
        }
        char piece[65536];
        const ssize_t n =
            ::recv(socket.number, piece, std::min(sizeof piece, wanted - got.size()), 0);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) {
            problem =
                path + ": " +
                (n == 0 ? std::string("closed before its answer was whole") : errno_text(errno));
            return {};
        }
        got.append(piece, static_cast<std::size_t>(n));
        if (got.size() == 4) {
            // Its length, the first byte first.
            std::size_t length = 0;
            for (const char c : got)
                length = length << 8 | static_cast<unsigned char>(c);
            if (length == 0 || length > admin_answer_max) {
                problem = path + ": an answer of " + std::to_string(length) + " bytes";
                return {};
            }
            wanted = 4 + length;
        } else if (got.size() == wanted) {
            return got.substr(4);
        }
    }
}

}  // namespace chopsticks::ceph::beside
