#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chopsticks/telemetry/tcp.hpp>
#include <cstring>
#include <string>

namespace chopsticks::telemetry {

namespace {

// enum of net/tcp_states.h, which is not exported to programs.
constexpr unsigned state_established = 1;
constexpr unsigned state_close = 7;
constexpr unsigned state_listen = 10;
constexpr unsigned states_with_a_port = 0xfff & ~(1U << state_close) & ~(1U << state_listen);

struct request {
    nlmsghdr head{};
    inet_diag_req_v2 what{};
    nlattr filter_head{};
    inet_diag_bc_op filter[4]{};
};

/// All TCP sockets whose remote port is from `low` to `high`. The filter runs in the kernel: a
/// connection of somebody else costs no copy.
request make_request(bool v6, std::uint16_t low, std::uint16_t high) {
    request r;
    r.head.nlmsg_len = sizeof r;
    r.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    r.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    r.what.sdiag_family = v6 ? AF_INET6 : AF_INET;
    r.what.sdiag_protocol = IPPROTO_TCP;
    r.what.idiag_ext = 1U << (INET_DIAG_INFO - 1);
    r.what.idiag_states = states_with_a_port;
    r.filter_head.nla_type = INET_DIAG_REQ_BYTECODE;
    r.filter_head.nla_len = sizeof r.filter_head + sizeof r.filter;
    // Each condition is two words: jump widths for yes and no, then the port. A jump to the end
    // accepts, one beyond it rejects.
    r.filter[0] = {INET_DIAG_BC_D_GE, 8, 20};
    r.filter[1] = {0, 0, low};
    r.filter[2] = {INET_DIAG_BC_D_LE, 8, 12};
    r.filter[3] = {0, 0, high};
    return r;
}

}  // namespace

std::optional<peer> parse_peer(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    peer out;
    const std::string_view port = text.substr(colon + 1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) return std::nullopt;
    std::string host(text.substr(0, colon));
    out.v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (out.v6) host = host.substr(1, host.size() - 2);
    // A link-local address carries its interface ("fe80::1%eth0"), which inet_pton does not know.
    if (const std::size_t zone = host.find('%'); zone != std::string::npos) host.resize(zone);
    if (::inet_pton(out.v6 ? AF_INET6 : AF_INET, host.c_str(), out.address.data()) != 1) {
        return std::nullopt;
    }
    return out;
}

struct tcp_watch::answer {
    tcp_state sum;
    std::vector<std::uint64_t> ports;  ///< by peer
    std::unordered_map<std::uint64_t, std::uint32_t> seen;
};

tcp_watch::tcp_watch(std::vector<peer> peers, unsigned port_first, unsigned port_last)
    : peers_(std::move(peers)), port_first_(port_first), port_last_(port_last) {
    // Two names may lead to one address.
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        const auto from = peers_.begin() + static_cast<std::ptrdiff_t>(i) + 1;
        peers_.erase(std::remove(from, peers_.end(), peers_[i]), peers_.end());
    }
    if (peers_.empty()) return;
    socket_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (socket_ < 0) return;
    // A kernel that does not answer must not hold the sampler.
    const timeval patience{0, 200'000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

tcp_watch::~tcp_watch() {
    if (socket_ >= 0) ::close(socket_);
}

bool tcp_watch::ask(bool v6, answer& to) {
    std::uint16_t low = 0xffff;
    std::uint16_t high = 0;
    for (const peer& p : peers_) {
        if (p.v6 != v6) continue;
        low = std::min(low, p.port);
        high = std::max(high, p.port);
    }
    if (low > high) return true;  // no peer of this family
    const request r = make_request(v6, low, high);
    if (::send(socket_, &r, sizeof r, 0) != static_cast<ssize_t>(sizeof r)) return false;
    alignas(nlmsghdr) static thread_local char buffer[32768];
    for (;;) {
        const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        auto left = static_cast<unsigned>(got);
        for (const auto* m = reinterpret_cast<const nlmsghdr*>(buffer); NLMSG_OK(m, left);
             m = NLMSG_NEXT(m, left)) {
            if (m->nlmsg_type == NLMSG_DONE) return true;
            if (m->nlmsg_type == NLMSG_ERROR) return false;
            if (m->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) continue;
            const auto* one = static_cast<const inet_diag_msg*>(NLMSG_DATA(m));
            peer remote;
            remote.v6 = v6;
            remote.port = ntohs(one->id.idiag_dport);
            std::memcpy(remote.address.data(), one->id.idiag_dst, v6 ? 16 : 4);
            const auto at = std::find(peers_.begin(), peers_.end(), remote);
            if (at == peers_.end()) continue;
            const unsigned local = ntohs(one->id.idiag_sport);
            if (port_last_ == 0 || (local >= port_first_ && local <= port_last_)) {
                ++to.ports[static_cast<std::size_t>(at - peers_.begin())];
            }
            if (one->idiag_state != state_established) continue;
            ++to.sum.established;
            auto rest = static_cast<unsigned>(m->nlmsg_len - NLMSG_LENGTH(sizeof *one));
            const auto* a = reinterpret_cast<const nlattr*>(one + 1);
            while (rest >= sizeof *a && a->nla_len >= sizeof *a && a->nla_len <= rest) {
                if ((a->nla_type & NLA_TYPE_MASK) == INET_DIAG_INFO) {
                    tcp_info info{};  // an older kernel's is shorter, a newer one's longer
                    std::memcpy(&info, a + 1,
                                std::min<std::size_t>(sizeof info, a->nla_len - sizeof *a));
                    to.sum.rtt_ns.push_back(static_cast<std::int64_t>(info.tcpi_rtt) * 1000);
                    const std::uint64_t cookie = static_cast<std::uint64_t>(one->id.idiag_cookie[1])
                                                     << 32 |
                                                 one->id.idiag_cookie[0];
                    to.seen[cookie] = info.tcpi_total_retrans;
                }
                const unsigned step = std::min(rest, NLA_ALIGN(a->nla_len) + 0U);
                rest -= step;
                a = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(a) + step);
            }
        }
    }
}

std::optional<tcp_state> tcp_watch::look() {
    if (socket_ < 0) return std::nullopt;
    answer now;
    now.ports.resize(peers_.size());
    if (!ask(false, now) || !ask(true, now)) {
        // What is left of an answer would be taken for that to the next question.
        ::close(socket_);
        socket_ = -1;
        return std::nullopt;
    }
    now.sum.ports_used = *std::max_element(now.ports.begin(), now.ports.end());
    for (const auto& [cookie, count] : now.seen) {
        const auto before = seen_.find(cookie);
        // Of a connection that is there at the first look, what came before is not known.
        if (before == seen_.end()) {
            if (looked_) now.sum.retransmits += count;
        } else if (count > before->second) {
            now.sum.retransmits += count - before->second;
        }
    }
    seen_ = std::move(now.seen);
    looked_ = true;
    return std::move(now.sum);
}

}  // namespace chopsticks::telemetry
