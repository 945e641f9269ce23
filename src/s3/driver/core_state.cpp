#include "core_state.hpp"

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

void core_state::note_put(const std::string& key, bool answered, int status) noexcept {
    if (mark_key.empty() || key != mark_key || (answered && status >= 300)) return;
    ++mark_puts;
    if (!answered) ++mark_unanswered;
}

}  // namespace chopsticks::s3
