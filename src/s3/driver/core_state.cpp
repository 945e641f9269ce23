#include "core_state.hpp"

#include <cerrno>
#include <chopsticks/core/clock.hpp>

namespace chopsticks::s3 {

const std::vector<engine::driver_figure>& http_figures::declared() {
    using kind = engine::figure_kind;
    static const std::vector<engine::driver_figure> all = {
        {"connect_time", "ns", kind::timer,
         "TCP connects that went well; in response times, in no service time"},
        {"tls_handshake_time", "ns", kind::timer,
         "TLS handshakes that went well, resumed ones too; in response times, in no service time"},
        {"reused_connections", "requests", kind::counter,
         "requests sent on a connection that had carried one before"},
    };
    return all;
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
