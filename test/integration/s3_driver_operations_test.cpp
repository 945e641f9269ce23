// Every operation, its answer cut or broken at every byte.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/s3/workload.hpp>

#include "answering_server.hpp"
#include "s3_driver_exchanges.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

void check_expected(const exchange& e, const engine::outcome& out) {
    CHECK_MESSAGE(out.status == e.status, describe(out));
    CHECK(out.native.as(code_kind::http_status) == e.http_status);
    if (e.status == op_status::ok) CHECK(out.bytes == e.bytes);
    CHECK(out.retries == 0);
    CHECK(out.sent_ns > 0);
    CHECK(out.first_byte_ns >= out.sent_ns);
    CHECK(out.done_ns >= out.first_byte_ns);
}

TEST_CASE("s3_driver_every_operation_has_an_exchange_here") {
    const auto all = exchanges();
    for (const auto& operation : s3::describe_workload().operations) {
        // Those of several requests, or of versions that are named, have cases of their own.
        if (!operation.parts.empty() || operation.name.ends_with("_version")) continue;
        CHECK_MESSAGE(
            std::any_of(all.begin(), all.end(),
                        [&](const exchange& e) { return name_of(e.op) == operation.name; }),
            operation.name);
    }
}

TEST_CASE("s3_driver_every_operation_sends_its_request_and_reads_its_answer") {
    for (const exchange& e : exchanges()) {
        INFO(e.name);
        answering_server s(e.answers);
        s3_rig rig({s.server.url()});
        engine::session& session = rig.session();
        for (int round = 0; round < 3; ++round) {
            const engine::outcome out = rig.run(session, e.op);
            check_expected(e, out);
            const canned_request r = s.last();
            CHECK_MESSAGE(r.line().starts_with(e.request_line), r.line());
            CHECK(r.line().ends_with(" HTTP/1.1"));
            const bool presigned = name_of(e.op).starts_with("presigned_");
            CHECK(r.has("\r\nAuthorization: AWS4-HMAC-SHA256 ") != presigned);
            CHECK((r.line().find("&X-Amz-Signature=") != std::string::npos) == presigned);
            if (name_of(e.op) == "put") {
                CHECK(r.body == rig.content(e.op.object, e.op.version, e.op.size));
            }
            if (e.op.length > 0) CHECK(r.has("\r\nRange: bytes=50-89\r\n"));
            if (name_of(e.op) == "list") {
                CHECK(r.has("list-type=2"));
                CHECK(r.has("continuation-token=a%2Bb%2Fc%3D"));
            }
        }
        CHECK(s.server.connections() == 1);
        CHECK(rig.counters().connects == 1);
        CHECK(rig.counters().open_connections == 1);
        const stats::driver_values told = rig.figures();
        CHECK(told[0].times->count() == 1);
        CHECK(told[1].times->count() == 0);
        CHECK(told[2].count == 3 * e.answers.size() - 1);
    }
}

TEST_CASE("s3_driver_an_answer_in_two_pieces_is_the_same_answer_wherever_it_is_cut") {
    for (const exchange& e : exchanges()) {
        INFO(e.name);
        answering_server s(e.answers);
        s3_rig rig({s.server.url()});
        engine::session& session = rig.session();
        for (std::size_t which = 0; which < e.answers.size(); ++which) {
            s.broken.answer = which;
            s.broken.how = damage::kind::split;
            for (std::size_t at = 1; at < e.answers[which].size(); ++at) {
                INFO("cut at " << at);
                s.broken.at = at;
                check_expected(e, rig.run(session, e.op));
            }
        }
        CHECK(s.server.connections() == 1);
    }
}

TEST_CASE("s3_driver_a_connection_that_ends_within_an_answer_is_lost_and_replaced") {
    for (const damage::kind how : {damage::kind::close, damage::kind::reset}) {
        for (const exchange& e : exchanges()) {
            INFO(e.name << (how == damage::kind::close ? ", closed" : ", reset"));
            answering_server s(e.answers);
            s3_rig rig({s.server.url()});
            engine::session& session = rig.session();
            unsigned lost = 0;
            for (std::size_t which = 0; which < e.answers.size(); ++which) {
                s.broken.answer = which;
                // Of the end of a body in chunks libcurl does not need the last byte.
                const bool needs_all = driver_under_test() != s3::make_curl_driver ||
                                       e.answers[which].find("chunked") == std::string::npos;
                const std::size_t all = e.answers[which].size() - (needs_all ? 0 : 1);
                for (std::size_t at = 0; at < all; ++at) {
                    INFO("after " << at << " bytes");
                    s.broken.at = at;
                    s.broken.how = how;
                    const engine::outcome out = rig.run(session, e.op);
                    CHECK_MESSAGE(out.status == op_status::connection_lost, describe(out));
                    CHECK(rig.counters().open_connections == 0);
                    CHECK(out.done_ns >= out.sent_ns);
                    CHECK(std::string_view(out.example).find("127.0.0.1:") == 0);
                    if (which == 0 && at == 0) CHECK(out.first_byte_ns == 0);
                    ++lost;
                    s.broken.how = damage::kind::none;
                    check_expected(e, rig.run(session, e.op));
                }
            }
            CHECK(rig.counters().connects == lost + 1);
            CHECK(rig.counters().connect_failures == 0);
            CHECK(rig.counters().timeouts == 0);
        }
    }
}

}  // namespace
