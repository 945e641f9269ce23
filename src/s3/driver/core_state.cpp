#include "core_state.hpp"

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>

namespace chopsticks::s3 {

namespace {

using stats::figure_kind;

constexpr std::size_t figures_of_all = 3;
constexpr std::size_t figures_of_user = 3;
static_assert(figures_of_all + http_figures::most_users * figures_of_user <=
              stats::driver_figures_max);

/// Enough to know whose it is by. Access keys are no secrets, and in a result they need not be.
std::string shortened(const std::string& access_key) {
    return access_key.substr(0, std::min<std::size_t>(4, access_key.size() / 2)) + "...";
}

}  // namespace

std::vector<engine::driver_figure> http_figures::declared(const std::vector<std::string>& users) {
    std::vector<engine::driver_figure> all = {
        {"connect_time", "ns", figure_kind::timer,
         "TCP connects that went well; in response times, in no service time"},
        {"tls_handshake_time", "ns", figure_kind::timer,
         "TLS handshakes that went well, resumed ones too; in response times, in no service time"},
        {"reused_connections", "requests", figure_kind::counter,
         "requests sent on a connection that had carried one before"},
    };
    for (std::size_t i = 0; i < std::min(users.size(), most_users); ++i) {
        const std::string name = "user_" + std::to_string(i + 1);
        const std::string who =
            " of user " + std::to_string(i + 1) + " (" + shortened(users[i]) + ")";
        all.push_back({name + "_requests", "ns", figure_kind::timer,
                       "requests" + who + " that went well, from sent to done"});
        all.push_back({name + "_failures", "requests", figure_kind::counter,
                       "requests" + who + " that failed"});
        all.push_back(
            {name + "_bytes", "bytes", figure_kind::counter, "bytes of bodies in requests" + who});
    }
    return all;
}

http_figures::http_figures(const std::vector<engine::driver_figure>& all) : meters(all) {
    for (std::size_t at = figures_of_all; at < all.size(); at += figures_of_user)
        users.push_back({meters.timer(at), meters.counter(at + 1), meters.counter(at + 2)});
}

std::int64_t core_state::wall_s(std::int64_t now_ns) noexcept {
    if (now_ns >= wall_until_ns_) {
        const std::int64_t wall = wall_ns();
        wall_s_ = wall / 1'000'000'000;
        wall_until_ns_ = now_ns + 1'000'000'000 - wall % 1'000'000'000;
    }
    return wall_s_;
}

void core_state::note_opened(const connection& link) {
    ++counters.connects;
    figures.connect_time.record(link.connect_ns());
    if (!link.is_plain()) {
        ++counters.tls_handshakes;
        figures.handshake_time.record(link.handshake_ns());
    }
    if (link.was_resumed()) ++counters.tls_resumed;
}

void core_state::note_unopened(const connection& link, const std::string& problem,
                               engine::outcome& out) {
    ++counters.connect_failures;
    if (link.error() == EADDRNOTAVAIL) ++counters.no_port;
    if (link.error() == EMFILE || link.error() == ENFILE) ++counters.no_descriptor;
    if (link.ended() == connection::end::cancelled) {
        out.fail(op_status::cancelled, "", "");
    } else if (link.ended() == connection::end::timed_out) {
        ++counters.timeouts;
        out.fail(op_status::connect_failed, "ConnectTimeout", problem);
    } else {
        out.fail(op_status::connect_failed, "", problem);
    }
    out.done_ns = monotonic_ns();
}

void core_state::note_put(const std::string& key, bool answered, int status) noexcept {
    if (mark_key.empty() || key != mark_key || (answered && status >= 300)) return;
    ++mark_puts;
    if (!answered) ++mark_unanswered;
}

}  // namespace chopsticks::s3
