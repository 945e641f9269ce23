#pragma once
/// \file
/// Descriptors and the folder of the sockets, as both sides of an annotation use them.

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace chopsticks::live {

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

/// Whether something came within the time: readable, or closed by the other side.
inline bool comes_within(int fd, int ms) {
    pollfd one{fd, POLLIN, 0};
    int n = 0;
    do {
        n = ::poll(&one, 1, ms);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

/// Where the sockets of this user lie.
std::string socket_folder();

/// Makes the folder, or finds that it is the user's alone. What is wrong, in one sentence.
std::string open_socket_folder(const std::string& folder);

/// A socket bound to the path, or connected to it; errno tells why not.
descriptor listen_at(const std::string& path);
descriptor connect_to(const std::string& path);

/// A line from the socket, without its end; what is longer than `most`, or slower than `ms`, is
/// cut.
std::string read_line(int fd, std::size_t most, int ms);

/// All of it, or as much as the other side takes.
void write_text(int fd, const std::string& text) noexcept;

}  // namespace chopsticks::live
