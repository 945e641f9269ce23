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
            const bool posted = name_of(e.op) == "form_put";
            CHECK(r.has("\r\nAuthorization: AWS4-HMAC-SHA256 ") != (presigned || posted));
            CHECK((r.line().find("&X-Amz-Signature=") != std::string::npos) == presigned);
            if (name_of(e.op) == "put") {
                CHECK(r.body == rig.content(e.op.object, e.op.version, e.op.size));
            }
            if (posted) {
                CHECK(r.has("\r\nContent-Type: multipart/form-data; boundary="));
                CHECK(r.body.find("\r\n\r\n" + rig.content(e.op.object, e.op.version, e.op.size) +
                                  "\r\n--") != std::string::npos);
                CHECK(r.body.find("name=\"policy\"") != std::string::npos);
                CHECK(r.body.ends_with("--\r\n"));
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
    std::size_t number = 0;
    for (const exchange& e : exchanges()) {
        INFO(e.name);
        answering_server s(e.answers);
        s3_rig rig({s.server.url()});
        engine::session& session = rig.session();
        for (std::size_t which = 0; which < e.answers.size(); ++which) {
            s.broken.answer = which;
            s.broken.how = damage::kind::split;
            for (std::size_t at = 1 + number++ % places_apart(); at < e.answers[which].size();
                 at += places_apart()) {
                INFO("cut at " << at);
                s.broken.at = at;
                check_expected(e, rig.run(session, e.op));
            }
        }
        CHECK(s.server.connections() == 1);
    }
}

/// Answers of exchanges over connections that are broken.
class broken_exchange {
  public:
    broken_exchange(const exchange& e, damage::kind how)
        : e_(e), how_(how), server_(e.answers), rig_({server_.server.url()}) {}

    /// Sends only the first bytes of an answer, and then nothing is wrong any more.
    engine::outcome after(std::size_t which, std::size_t bytes) {
        ++ended_;
        server_.broken.answer = which;
        server_.broken.at = bytes;
        server_.broken.how = how_;
        const engine::outcome out = rig_.run(session_, e_.op);
        server_.broken.how = damage::kind::none;
        return out;
    }
    void must_be_lost_after(std::size_t which, std::size_t bytes) {
        INFO("after " << bytes << " bytes");
        const engine::outcome out = after(which, bytes);
        CHECK_MESSAGE(out.status == op_status::connection_lost, describe(out));
        CHECK(rig_.counters().open_connections == 0);
        CHECK(out.done_ns >= out.sent_ns);
        CHECK(std::string_view(out.example).find("127.0.0.1:") == 0);
        if (which == 0 && bytes == 0) CHECK(out.first_byte_ns == 0);
        must_be_right();
    }
    void must_be_right() { check_expected(e_, rig_.run(session_, e_.op)); }
    void must_have_replaced_each() {
        CHECK(rig_.counters().connects == ended_ + 1);
        CHECK(rig_.counters().connect_failures == 0);
        CHECK(rig_.counters().timeouts == 0);
    }

  private:
    const exchange& e_;
    damage::kind how_;
    answering_server server_;
    s3_rig rig_;
    engine::session& session_ = rig_.session();
    unsigned ended_ = 0;
};

TEST_CASE("s3_driver_a_connection_that_ends_within_an_answer_is_lost_and_replaced") {
    std::size_t number = 0;
    for (const damage::kind how : {damage::kind::close, damage::kind::reset}) {
        for (const exchange& e : exchanges()) {
            INFO(e.name << (how == damage::kind::close ? ", closed" : ", reset"));
            broken_exchange broken(e, how);
            for (std::size_t which = 0; which < e.answers.size(); ++which) {
                const std::string& answer = e.answers[which];
                // Of the end of a body in chunks libcurl does not need the last byte.
                const bool needs_all = driver_under_test() != s3::make_curl_driver ||
                                       answer.find("chunked") == std::string::npos;
                const std::size_t end = answer.size() - (needs_all ? 0 : 1);
                for (std::size_t at = number++ % places_apart(); at < end; at += places_apart())
                    broken.must_be_lost_after(which, at);
                // A reset may be there before the bytes in front of it were read.
                if (needs_all || how == damage::kind::reset) continue;
                check_expected(e, broken.after(which, end));
                broken.must_be_right();
            }
            broken.must_have_replaced_each();
        }
    }
}

}  // namespace
