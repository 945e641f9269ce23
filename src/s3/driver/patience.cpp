#include "patience.hpp"

#include <algorithm>

namespace chopsticks::s3 {

namespace {

std::string failure_text(const control_reply& reply) {
    return reply.problem.empty() ? std::to_string(reply.status) : "no answer";
}

}  // namespace

bool may_help_to_repeat(const control_reply& reply) noexcept {
    if (!reply.problem.empty()) return true;
    return reply.status == 429 || (reply.status >= 500 && reply.status != 501);
}

runtime::task<void> growing_pause::wait(s3_session& session, const control_request& what,
                                        const control_reply& reply, std::int64_t until_ns) {
    session.core().waits.set("to repeat " + describe(what) + " (" + failure_text(reply) + ")",
                             until_ns + session.control_most_ns());
    co_await session.core().loop.sleep_until(monotonic_ns() + next_ns_);
    session.core().waits.clear();
    next_ns_ = std::min(2 * next_ns_, most_ns);
}

runtime::task<control_reply> control_patiently(s3_session& session, const control_request& what,
                                               const patience& how) {
    growing_pause pause;
    for (;;) {
        control_reply reply = co_await session.control(what, how.until_ns());
        const bool over = monotonic_ns() + pause.next_ns() > how.until_ns() ||
                          session.is_given_up() || how.stopped();
        if (over || !may_help_to_repeat(reply)) co_return reply;
        co_await pause.wait(session, what, reply, how.until_ns());
    }
}

runtime::task<control_reply> control_patiently(s3_session& session, const control_request& what,
                                               std::int64_t patience_ns) {
    const patience how(patience_ns);
    control_reply reply = co_await control_patiently(session, what, how);
    co_return reply;
}

}  // namespace chopsticks::s3
