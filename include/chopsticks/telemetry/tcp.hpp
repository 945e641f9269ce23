#pragma once
/// \file
/// What the kernel knows of the connections towards the targets, asked through sock_diag(7): no
/// core and no connection's owner takes part in it.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chopsticks::telemetry {

/// An address that connections go to.
struct peer {
    bool v6 = false;
    std::array<std::uint8_t, 16> address{};  ///< in network order; IPv4 in the first four
    std::uint16_t port = 0;

    bool operator==(const peer&) const = default;
};

/// "127.0.0.1:9000" or "[::1]:9000"; none for anything else.
std::optional<peer> parse_peer(std::string_view text);

/// Connections towards the peers at one moment. Other processes' connections to the same address
/// and port are among them: they use up the same ports.
struct tcp_state {
    std::uint64_t established = 0;
    /// Local ports in use towards that peer which has most of them, also by connections that wait
    /// out their end (TIME_WAIT).
    std::uint64_t ports_used = 0;
    std::uint64_t retransmits = 0;          ///< segments sent again since the last `look`
    std::vector<std::int64_t> rtt_ns = {};  ///< smoothed, of each established connection
};

/// Asks the kernel. One thread. Costs about 1 us per connection and the kernel's walk through its
/// table of sockets; it takes a socket's lock for as long as it copies its figures.
class tcp_watch {
  public:
    /// Ports outside of [first, last] are not counted as used; 0 and 0: all are.
    tcp_watch(std::vector<peer> peers, unsigned port_first, unsigned port_last);
    ~tcp_watch();
    tcp_watch(const tcp_watch&) = delete;
    tcp_watch& operator=(const tcp_watch&) = delete;

    /// None where the kernel does not answer, or there are no peers.
    std::optional<tcp_state> look();

  private:
    struct answer;
    bool ask(bool v6, answer& to);

    std::vector<peer> peers_;
    unsigned port_first_;
    unsigned port_last_;
    int socket_ = -1;
    /// By the kernel's cookie of a socket: its count of retransmissions when last looked at.
    std::unordered_map<std::uint64_t, std::uint32_t> seen_;
    bool looked_ = false;
};

}  // namespace chopsticks::telemetry
