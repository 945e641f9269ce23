#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chopsticks/telemetry/tcp.hpp>
#include <string>
#include <vector>

using namespace chopsticks::telemetry;

namespace {

/// A listening socket on loopback and connections to it.
struct listener {
    explicit listener(int connections) {
        fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(fd, connections) == 0);
        socklen_t size = sizeof at;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
        port = ntohs(at.sin_port);
        for (int i = 0; i < connections; ++i) {
            clients.push_back(::socket(AF_INET, SOCK_STREAM, 0));
            REQUIRE(::connect(clients.back(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
            servers.push_back(::accept(fd, nullptr, nullptr));
        }
    }
    ~listener() {
        for (const int c : clients)
            ::close(c);
        for (const int s : servers)
            ::close(s);
        ::close(fd);
    }
    int fd;
    std::uint16_t port;
    std::vector<int> clients;
    std::vector<int> servers;
};

}  // namespace

TEST_CASE("peer_is_an_address_and_a_port") {
    const auto v4 = parse_peer("127.0.0.1:9000");
    REQUIRE(v4.has_value());
    CHECK_FALSE(v4->v6);
    CHECK(v4->address[0] == 127);
    CHECK(v4->address[3] == 1);
    CHECK(v4->port == 9000);
    const auto v6 = parse_peer("[fe80::1%lo]:80");
    REQUIRE(v6.has_value());
    CHECK(v6->v6);
    CHECK(v6->address[0] == 0xfe);
    CHECK(v6->address[15] == 1);
    for (const char* wrong : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "localhost:80",
                              "::1:80", "[::1]", "127.0.0.1:80x"}) {
        CHECK_FALSE(parse_peer(wrong).has_value());
    }
}

TEST_CASE("tcp_watch_counts_the_connections_towards_its_peers_and_no_others") {
    const listener mine(5);
    const listener other(3);
    tcp_watch watch({*parse_peer("127.0.0.1:" + std::to_string(mine.port))}, 0, 0);
    const auto state = watch.look();
    if (!state) {
        MESSAGE("this kernel does not answer sock_diag");
        return;
    }
    CHECK(state->established == 5);
    CHECK(state->ports_used == 5);
    CHECK(state->rtt_ns.size() == 5);
    CHECK(state->retransmits == 0);
    for (const std::int64_t rtt : state->rtt_ns)
        CHECK(rtt > 0);
    // The busiest of several peers is what runs out of ports first.
    tcp_watch both({*parse_peer("127.0.0.1:" + std::to_string(other.port)),
                    *parse_peer("127.0.0.1:" + std::to_string(mine.port))},
                   0, 0);
    const auto sum = both.look();
    REQUIRE(sum.has_value());
    CHECK(sum->established == 8);
    CHECK(sum->ports_used == 5);
}

TEST_CASE("tcp_watch_counts_ports_that_wait_out_their_end") {
    std::optional<tcp_state> state;
    listener mine(4);
    tcp_watch watch({*parse_peer("127.0.0.1:" + std::to_string(mine.port))}, 0, 0);
    // Who closes first keeps the port.
    ::close(mine.clients[0]);
    ::close(mine.servers[0]);
    mine.clients.erase(mine.clients.begin());
    mine.servers.erase(mine.servers.begin());
    state = watch.look();
    if (!state) return;
    CHECK(state->established == 3);
    CHECK(state->ports_used == 4);
}

TEST_CASE("tcp_watch_without_peers_says_nothing") {
    tcp_watch watch({}, 0, 0);
    CHECK_FALSE(watch.look().has_value());
}
