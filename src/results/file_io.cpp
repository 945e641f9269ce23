#include "file_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace chopsticks::results {

int file_descriptor::close() noexcept {
    if (fd_ < 0) return 0;
    const int closed = ::close(fd_);
    fd_ = -1;
    // After EINTR the descriptor is gone on Linux: closing again would close someone else's.
    return closed == 0 || errno == EINTR ? 0 : errno;
}

int write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) return EIO;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

int write_all(int fd, std::span<const std::string_view> pieces) {
    constexpr std::size_t room = 64 << 10;
    std::string together;
    together.reserve(room);
    for (const std::string_view piece : pieces) {
        if (together.size() + piece.size() > room) {
            if (const int error = write_all(fd, std::string_view(together)); error != 0)
                return error;
            together.clear();
        }
        if (piece.size() > room) {
            if (const int error = write_all(fd, piece); error != 0) return error;
        } else {
            together += piece;
        }
    }
    return write_all(fd, std::string_view(together));
}

int read_file(const std::string& path, std::string& out, std::size_t bytes_max) {
    out.clear();
    file_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return errno;
    struct stat status;
    if (::fstat(file.get(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) return EISDIR;
        const auto size = static_cast<std::size_t>(status.st_size > 0 ? status.st_size : 0);
        if (size > bytes_max) return EFBIG;
        out.reserve(size);
    }
    std::string buffer(1 << 16, '\0');
    while (true) {
        const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        if (n == 0) return 0;
        if (static_cast<std::size_t>(n) > bytes_max - out.size()) return EFBIG;
        out.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

std::string failed_to(std::string_view verb, const std::string& path, int error) {
    return "cannot " + std::string(verb) + " " + path + ": " + std::strerror(error);
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace chopsticks::results
