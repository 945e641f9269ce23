#include "unlock.hpp"

#include <chopsticks/s3/protocol/inventory.hpp>

namespace chopsticks::s3 {

namespace {

bool is_refused(const control_reply& reply) noexcept {
    return reply.problem.empty() && reply.status == 403;
}

}  // namespace

runtime::task<control_reply> remove_locked(s3_session& session, const control_request& removal,
                                           const patience& how) {
    control_request past = removal;
    past.headers.push_back(name_value{"x-amz-bypass-governance-retention", "true"});
    control_reply reply = co_await control_patiently(session, past, how);
    if (!is_refused(reply)) co_return reply;
    control_request unlock;
    unlock.method = "PUT";
    unlock.key = removal.key;
    unlock.query = removal.query;
    unlock.query.push_back(name_value{"legal-hold", ""});
    unlock.body =
        "<LegalHold xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>OFF</Status>"
        "</LegalHold>";
    unlock.headers.push_back(name_value{"Content-MD5", content_md5(unlock.body)});
    const control_reply unlocked = co_await control_patiently(session, unlock, how);
    if (!unlocked.problem.empty() || unlocked.status >= 300) co_return reply;
    reply = co_await control_patiently(session, past, how);
    co_return reply;
}

}  // namespace chopsticks::s3
