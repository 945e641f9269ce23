#include <chopsticks/telemetry/read_text.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace chopsticks::telemetry {

std::optional<std::string> read_text(const std::string& path) {
    // /proc/cpuinfo of a host with many CPUs passes this, but its first processor does not.
    constexpr std::size_t limit = 1 << 20;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    std::string text;
    char buffer[16384];
    bool good = true;
    while (text.size() < limit) {
        const ssize_t n = ::read(file, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        good = n >= 0;
        if (n <= 0) break;
        text.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(file);
    if (!good) return std::nullopt;
    return text;
}

}  // namespace chopsticks::telemetry
