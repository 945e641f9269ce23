#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chopsticks/telemetry/health.hpp>
#include <cstring>

#include <chopsticks/telemetry/read_text.hpp>

namespace chopsticks::telemetry {

namespace {

std::vector<std::string> entries_of(const std::string& path) {
    std::vector<std::string> out;
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return out;
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
    }
    ::closedir(directory);
    std::sort(out.begin(), out.end());
    return out;
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

/// The interface that has the address which the kernel would send from.
std::string interface_towards(const peer& to) {
    const int fd = ::socket(to.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return {};
    sockaddr_storage address{};
    socklen_t length = sizeof(sockaddr_in);
    if (to.v6) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(to.port);
        std::memcpy(&v6.sin6_addr, to.address.data(), 16);
        length = sizeof v6;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(address);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(to.port);
        std::memcpy(&v4.sin_addr, to.address.data(), 4);
    }
    // Connecting a datagram socket chooses the route and sends nothing.
    socklen_t size = sizeof address;
    const bool known = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    ifaddrs* all = nullptr;
    if (!known || ::getifaddrs(&all) != 0) return {};
    std::string name;
    for (const ifaddrs* one = all; one != nullptr && name.empty(); one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != address.ss_family) continue;
        const bool same =
            to.v6 ? std::memcmp(&reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr,
                                &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16) == 0
                  : reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr ==
                        reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr;
        if (same) name = one->ifa_name;
    }
    ::freeifaddrs(all);
    return name;
}

}  // namespace

std::vector<std::string> interfaces_towards(const std::vector<peer>& peers,
                                            const std::string& sys) {
    const std::string root = sys + "/class/net/";
    std::vector<std::string> out;
    const auto add = [&out](const std::string& name) {
        if (name.empty() || std::find(out.begin(), out.end(), name) != out.end()) return;
        out.push_back(name);
    };
    for (const peer& p : peers)
        add(interface_towards(p));
    if (peers.empty()) {
        for (const std::string& name : entries_of(root)) {
            if (exists(root + name + "/device")) add(name);
        }
    }
    // `out` grows while it is gone through: what lies under those below.
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (const std::string& entry : entries_of(root + out[i])) {
            if (entry.starts_with("lower_")) add(entry.substr(6));
        }
    }
    return out;
}

std::optional<double> line_rate(const std::string& nic, const std::string& sys) {
    const std::string root = sys + "/class/net/" + nic;
    // A veth or a bridge says 10 Gbit/s and carries what the CPU can copy.
    if (!exists(root + "/device") && !exists(root + "/bonding")) return std::nullopt;
    const auto text = read_text(root + "/speed");
    if (!text) return std::nullopt;
    long megabits = 0;
    std::from_chars(text->data(), text->data() + text->size(), megabits);
    if (megabits <= 0) return std::nullopt;  // -1: the driver does not know
    return static_cast<double>(megabits) * 1e6 / 8;
}

}  // namespace chopsticks::telemetry
