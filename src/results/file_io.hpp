#pragma once
/// \file
/// Files by descriptor, with errno as the error.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace chopsticks::results {

/// An open file, closed at the end of its scope.
class file_descriptor {
  public:
    explicit file_descriptor(int fd = -1) noexcept : fd_(fd) {}
    ~file_descriptor() { close(); }
    file_descriptor(const file_descriptor&) = delete;
    file_descriptor& operator=(const file_descriptor&) = delete;

    bool is_open() const noexcept { return fd_ >= 0; }
    int get() const noexcept { return fd_; }
    /// 0 or errno: some file systems report only here that there was no room.
    int close() noexcept;

  private:
    int fd_;
};

/// Writes all of it; 0 or errno.
int write_all(int fd, std::string_view text) noexcept;
/// The same of a text in pieces, short ones together. Throws std::bad_alloc for want of 64 KiB.
int write_all(int fd, std::span<const std::string_view> pieces);

/// Reads a whole file; 0 or errno, EFBIG for one of more than `bytes_max`.
int read_file(const std::string& path, std::string& out, std::size_t bytes_max = ~0ULL);

/// "cannot <verb> <path>: <strerror>"
std::string failed_to(std::string_view verb, const std::string& path, int error);

/// "." for a name without a slash.
std::string directory_of(const std::string& path);

}  // namespace chopsticks::results
