#pragma once
/// \file
/// A descriptor that closes itself, and waiting for one until a time. For threads that may block:
/// what a core's loop waits for, the loop knows.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstdint>
#include <utility>

namespace chopsticks {

/// Owns a descriptor; -1: none.
class descriptor {
  public:
    explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    bool is_open() const noexcept { return fd_ >= 0; }

  private:
    int fd_;
};

/// True once it is ready for these events of poll(2), or its other side is gone; false: the time is
/// over. \param until_ns monotonic; INT64_MAX: however long it takes
inline bool wait_for(int fd, short events, std::int64_t until_ns) noexcept {
    while (true) {
        const std::int64_t left_ms = (until_ns - monotonic_ns()) / 1'000'000;
        if (left_ms <= 0) return false;
        pollfd one{fd, events, 0};
        const int got = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 60'000)));
        if (got > 0) return true;
        if (got < 0 && errno != EINTR) return false;
    }
}

}  // namespace chopsticks
