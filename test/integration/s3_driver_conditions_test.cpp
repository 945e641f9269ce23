// On which ETag a conditional request depends, and what is sent where nobody knows it.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/etag.hpp>
#include <mutex>
#include <string>
#include <utility>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

std::string empty_answer(const std::string& first_line, const std::string& tag) {
    return "HTTP/1.1 " + first_line + "\r\n" + (tag.empty() ? "" : "ETag: " + tag + "\r\n") +
           "Content-Length: 0\r\n\r\n";
}

/// Answers all alike; the test says how between operations.
struct steady_server {
    steady_server() : server([this](canned_connection& c) { serve(c); }) {}

    void serve(canned_connection& c) {
        for (;;) {
            const canned_request r = c.read_request();
            if (!r.came()) return;
            const std::lock_guard lock(mutex);
            seen = r;
            if (answer.empty()) {
                c.reset();
                return;
            }
            c.send(answer);
        }
    }
    canned_request last(const std::string& next_answer) {
        const std::lock_guard lock(mutex);
        answer = next_answer;
        return seen;
    }

    std::mutex mutex;
    canned_request seen;
    std::string answer = empty_answer("200 OK", "\"first\"");
    canned_s3 server;  // last: its thread uses all above
};

engine::operation conditional(std::string_view name, std::uint32_t version = 0,
                              scenario::subject_use use = scenario::subject_use::unstated) {
    scenario::step what = step_with("s3", name);
    what.set("conditional", true);
    if (use != scenario::subject_use::unstated) what.use = use;
    return s3_rig::with_step(std::move(what), 7, object_bytes, version);
}

std::string md5_of_content(s3_rig& rig, std::uint32_t version) {
    std::string content = rig.content(7, version, object_bytes);
    const iovec all{content.data(), content.size()};
    s3::md5_stream md5;
    md5.update({&all, 1});
    std::string hex(32, '?');
    md5.finish_hex(hex.data());
    return hex;
}

TEST_CASE("s3_driver_condition_is_on_the_etag_that_was_named_last") {
    steady_server s;
    s3_rig rig({s.server.url()});
    rig.group.data.verify = false;
    engine::session& session = rig.session();
    const engine::operation head = conditional("head");
    const std::string not_there = empty_answer("412 Precondition Failed", "");
    // Nothing is known of it: at most services it is the MD5.
    s.last(not_there);
    CHECK(rig.run(session, head).status == op_status::client_error);
    CHECK(s.last(empty_answer("200 OK", "\"named\""))
              .has("\r\nIf-Match: \"" + md5_of_content(rig, 0) + "\"\r\n"));
    CHECK(rig.run(session, s3_rig::put(7, object_bytes)).status == op_status::ok);
    CHECK_FALSE(s.last(not_there).has("If-Match"));
    rig.run(session, head);
    CHECK(s.last(empty_answer("304 Not Modified", "\"named\"")).has("If-Match: \"named\"\r\n"));
    const engine::operation unmodified = s3_rig::on_object("get_unmodified", 7, object_bytes);
    CHECK(rig.run(session, unmodified).status == op_status::ok);
    CHECK(
        s.last(empty_answer("304 Not Modified", "\"other\"")).has("If-None-Match: \"named\"\r\n"));
    CHECK(rig.run(session, unmodified).status == op_status::corrupt);
}

TEST_CASE("s3_driver_condition_is_left_out_where_the_etag_cannot_be_known") {
    steady_server s;
    s3_rig rig({s.server.url()});
    rig.group.data.verify = false;
    engine::session& session = rig.session();
    // Binds the step first: before, nothing is remembered.
    rig.run(session, conditional("head"));
    CHECK(rig.run(session, s3_rig::put(7, object_bytes)).status == op_status::ok);
    rig.run(session, conditional("head"));
    // "first" is no MD5, so that nothing is known of the other object.
    engine::operation other = s3_rig::on_object("get_unmodified", 8, object_bytes);
    s.last(empty_answer("200 OK", "\"second\""));
    const engine::outcome out = rig.run(session, other);
    CHECK(out.status == op_status::client_error);
    CHECK(std::string(out.code) == "UnknownETag");
    CHECK_FALSE(s.last(empty_answer("304 Not Modified", "")).has("If-None-Match"));
    CHECK(rig.run(session, other).status == op_status::ok);
    CHECK(s.last("").has("If-None-Match: \"second\"\r\n"));
}

TEST_CASE("s3_driver_conditional_delete_depends_on_what_was_seen_last_of_any_version") {
    steady_server s;
    s3_rig rig({s.server.url()});
    rig.group.data.verify = false;
    engine::session& session = rig.session();
    CHECK(rig.run(session, conditional("delete", 3)).status == op_status::ok);
    CHECK_FALSE(s.last(empty_answer("200 OK", "\"second\"")).has("If-Match"));
    CHECK(rig.run(session, s3_rig::put(7, object_bytes, 2)).status == op_status::ok);
    CHECK(rig.run(session, conditional("delete", 3)).status == op_status::ok);
    CHECK(s.last("").has("\r\nIf-Match: \"second\"\r\n"));
    // After a put of which nobody knows what became, neither is known.
    CHECK(rig.run(session, s3_rig::put(7, object_bytes, 3)).status == op_status::connection_lost);
    s.last(empty_answer("204 No Content", ""));
    CHECK(rig.run(session, conditional("delete", 3)).status == op_status::ok);
    CHECK_FALSE(s.last("").has("If-Match"));
}

TEST_CASE("s3_driver_conditional_put_depends_on_what_is_there_before_it") {
    steady_server s;
    s3_rig rig({s.server.url()});
    rig.group.data.verify = false;
    engine::session& session = rig.session();
    const engine::operation make = conditional("put");
    CHECK(rig.run(session, make).status == op_status::ok);
    CHECK(s.last(empty_answer("200 OK", "\"second\"")).has("\r\nIf-None-Match: *\r\n"));
    const engine::operation rewrite = conditional("put", 1, scenario::subject_use::rewrite);
    CHECK(rig.run(session, rewrite).status == op_status::ok);
    // Not answered, it may have been carried out: its repetition must not be refused for that.
    CHECK(s.last("").has("\r\nIf-Match: \"first\"\r\n"));
    const engine::operation again = conditional("put", 2, scenario::subject_use::rewrite);
    CHECK(rig.run(session, again).status == op_status::connection_lost);
    CHECK(s.last(empty_answer("200 OK", "\"third\"")).has("\r\nIf-Match: \"second\"\r\n"));
    CHECK(rig.run(session, again).status == op_status::ok);
    CHECK_FALSE(s.last("").has("If-Match"));
}

TEST_CASE("s3_driver_fields_of_an_object_are_sent_as_its_step_says") {
    steady_server s;
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    scenario::step what = step_with("s3", "put");
    what.set("acl", std::string("public-read"));
    what.set("metadata", std::uint64_t{3});
    what.set("storage_class", std::string("COLD"));
    what.set("tags", std::uint64_t{2});
    rig.group.data.verify = false;
    const engine::operation put = s3_rig::with_step(std::move(what), 7, object_bytes);
    CHECK(rig.run(session, put).status == op_status::ok);
    const canned_request r = s.last(empty_answer("200 OK", "\"first\""));
    CHECK(r.has("\r\nx-amz-acl: public-read\r\n"));
    CHECK(r.has("\r\nx-amz-meta-chopsticks: mmm\r\n"));
    CHECK(r.has("\r\nx-amz-storage-class: COLD\r\n"));
    CHECK(r.has("\r\nx-amz-tagging: t0=7-0&t1=7-1\r\n"));
    CHECK(
        r.has("SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date;"
              "x-amz-meta-chopsticks;x-amz-storage-class;x-amz-tagging,"));
    CHECK(rig.run(session, s3_rig::put(7, object_bytes)).status == op_status::ok);
    CHECK(s.last("").has("SignedHeaders=host;x-amz-content-sha256;x-amz-date,"));
}

TEST_CASE("s3_driver_a_bucket_that_may_be_somebody_elses_is_not_changed") {
    steady_server s;
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    s.last(empty_answer("409 Conflict", ""));
    CHECK(rig.run(session, s3_rig::bucket("create_bucket", 5)).status == op_status::client_error);
    const std::string before = s.last(empty_answer("200 OK", "")).head;
    const auto names = {"put_bucket_acl", "put_bucket_tagging", "delete_bucket_tagging",
                        "put_bucket_versioning"};
    for (const char* name : names) {
        CHECK(std::string(rig.run(session, s3_rig::bucket(name, 5)).code) == "NotOurs");
        CHECK(s.last(empty_answer("200 OK", "")).head == before);  // nothing was sent
    }
    for (const char* name : names)
        CHECK(rig.run(session, s3_rig::bucket(name, 6)).status == op_status::ok);
}

TEST_CASE("s3_driver_what_a_service_does_not_have_is_not_asked_for_again") {
    steady_server s;
    s3_rig rig({s.server.url()});
    rig.config.retries = 3;
    engine::session& session = rig.session();
    s.last(empty_answer("501 Not Implemented", ""));
    const engine::outcome refused = rig.run(session, s3_rig::on_object("get_acl", 7, 100));
    CHECK(refused.status == op_status::server_error);
    CHECK(refused.retries == 0);
    s.last(empty_answer("500 Internal Server Error", ""));
    CHECK(rig.run(session, s3_rig::on_object("get_acl", 7, 100)).retries == 3);
}

}  // namespace
