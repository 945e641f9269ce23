#include "unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>

namespace chopsticks::live {

namespace {

std::optional<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    if (path.size() >= sizeof out.sun_path) {
        errno = ENAMETOOLONG;
        return std::nullopt;
    }
    std::memcpy(out.sun_path, path.data(), path.size());
    return out;
}

descriptor make_socket() {
    return descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/// A folder that others could put their sockets into is none.
bool is_ours(const struct stat& status) {
    return S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
           (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

}  // namespace

std::string socket_folder() {
    const char* const given = std::getenv("XDG_RUNTIME_DIR");
    struct stat status{};
    // A root shell may have kept the variable of another user.
    if (given != nullptr && given[0] == '/' && ::stat(given, &status) == 0 &&
        S_ISDIR(status.st_mode) && status.st_uid == ::geteuid())
        return std::string(given) + "/chopsticks";
    return "/tmp/chopsticks-" + std::to_string(::geteuid());
}

std::string open_socket_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return "cannot make " + folder + ": " + std::generic_category().message(errno);
    struct stat status{};
    if (::lstat(folder.c_str(), &status) != 0 || !is_ours(status))
        return folder + " is not a folder of this user alone (mode 0700); remove it";
    return {};
}

descriptor listen_at(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return descriptor();
    descriptor out = make_socket();
    // Of an earlier process of this number.
    ::unlink(path.c_str());
    const auto* const at = reinterpret_cast<const sockaddr*>(&*address);
    if (::bind(out.get(), at, sizeof *address) != 0 || ::listen(out.get(), 16) != 0)
        return descriptor();
    return out;
}

descriptor connect_to(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return descriptor();
    descriptor out = make_socket();
    const auto* const at = reinterpret_cast<const sockaddr*>(&*address);
    if (::connect(out.get(), at, sizeof *address) != 0) return descriptor();
    return out;
}

std::string read_line(int fd, std::size_t most, int ms) {
    std::string out;
    const std::int64_t until_ns = monotonic_ns() + std::int64_t{ms} * 1'000'000;
    char bytes[512];
    while (out.size() < most) {
        if (!wait_for(fd, POLLIN, until_ns)) break;
        const ssize_t n = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n <= 0) break;
        out.append(bytes, static_cast<std::size_t>(n));
        if (out.find('\n') != std::string::npos) break;
    }
    out.resize(std::min({out.size(), out.find('\n'), most}));
    return out;
}

void write_text(int fd, const std::string& text) noexcept {
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t n =
            ::send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        done += static_cast<std::size_t>(n);
    }
}

}  // namespace chopsticks::live
