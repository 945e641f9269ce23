#include "deadline_io.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <chopsticks/core/descriptor.hpp>
#include <cstring>

namespace chopsticks::ceph::beside {

namespace {

constexpr const char* late = "no answer in time";

bool is_to_be_repeated(int error) noexcept {
    return error == EINTR || error == EAGAIN;
}

}  // namespace

std::string errno_text(int error) {
    const char* const text = ::strerrordesc_np(error);
    return text != nullptr ? text : "error " + std::to_string(error);
}

bool send_all(int socket, std::string_view text, std::int64_t until_ns, std::string& problem) {
    while (!text.empty()) {
        if (!wait_for(socket, POLLOUT, until_ns)) {
            problem = late;
            return false;
        }
        const ssize_t n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0 && is_to_be_repeated(errno)) continue;
        if (n < 0) {
            problem = errno_text(errno);
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

ssize_t receive_some(int socket, char* to, std::size_t room, std::int64_t until_ns,
                     std::string& problem) {
    while (true) {
        if (!wait_for(socket, POLLIN, until_ns)) {
            problem = late;
            return -1;
        }
        const ssize_t n = ::recv(socket, to, room, 0);
        if (n < 0 && is_to_be_repeated(errno)) continue;
        if (n < 0) problem = errno_text(errno);
        return n;
    }
}

}  // namespace chopsticks::ceph::beside
