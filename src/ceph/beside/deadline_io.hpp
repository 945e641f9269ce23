#pragma once
/// \file
/// Sockets that are waited for until a time, by threads that may block.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstdint>
#include <cstring>
#include <string>

namespace chopsticks::ceph::beside {

/// Closes it.
struct descriptor {
    int number = -1;
    explicit descriptor(int n) : number(n) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number >= 0) ::close(number);
    }
};

inline std::string errno_text(int error) {
    const char* const text = ::strerrordesc_np(error);
    return text != nullptr ? text : "error " + std::to_string(error);
}

/// True once it is ready for these events of poll(2); false: the time is over. \param until_ns
/// monotonic
inline bool wait_for_socket(int socket, short events, std::int64_t until_ns) {
    while (true) {
        const std::int64_t left_ms = (until_ns - monotonic_ns()) / 1'000'000;
        if (left_ms <= 0) return false;
        pollfd one{socket, events, 0};
        const int got = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 60'000)));
        if (got > 0) return true;
        if (got < 0 && errno != EINTR) return false;
    }
}

}  // namespace chopsticks::ceph::beside
