// Operations of several requests, and those on versions that are named: each of their answers
// broken off at every byte, and told wrongly.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/s3/protocol/key.hpp>
#include <string>
#include <vector>

#include "../support/select_events.hpp"
#include "answering_server.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

std::string with_fields(const std::string& first_line, const std::string& fields,
                        const std::string& body = {}) {
    return "HTTP/1.1 " + first_line + "\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string made_version(const std::string& id) {
    return with_fields("200 OK", "ETag: \"e\"\r\nx-amz-version-id: " + id + "\r\n");
}

std::string removed_version(const std::string& id, bool marker = false) {
    return "HTTP/1.1 204 No Content\r\nx-amz-version-id: " + id + "\r\n" +
           (marker ? "x-amz-delete-marker: true\r\n" : "") + "\r\n";
}

engine::operation of_parts(std::string_view name, std::uint64_t part_bytes) {
    scenario::step what = step_with("s3", name);
    what.set("part_size", part_bytes);
    what.set("concurrency", std::uint64_t{1});
    return s3_rig::with_step(std::move(what), 7, object_bytes, 3);
}

/// What is told of an operation's parts: their numbers, and how the last one ended.
struct noted_parts final : engine::part_sink {
    std::vector<unsigned> numbers;
    void ended(const engine::operation_part& part, const engine::outcome&) noexcept override {
        numbers.push_back(part.number);
    }
};

/// Some operations one after the other, over answers in their order.
struct play {
    std::string name;
    std::vector<engine::operation> before;
    engine::operation op;
    std::vector<std::string> answers;
    std::vector<unsigned> parts = {};  // as told
    std::uint64_t bytes = 0;
    int http_status = 200;
};

/// What is deleted is another object each time: of the one before, versions may be remembered
/// still.
engine::outcome last_of(s3_rig& rig, engine::session& session, const play& p) {
    static std::uint64_t deletes = 0;
    const std::uint64_t shift = p.name.starts_with("delete_") ? ++deletes : 0;
    for (engine::operation op : p.before) {
        op.object += shift;
        CHECK(rig.run(session, op).status == op_status::ok);
    }
    engine::operation op = p.op;
    op.object += shift;
    return rig.run(session, op);
}

const std::string begun = with_fields("200 OK", "",
                                      "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                                      "</InitiateMultipartUploadResult>");
const std::string part_there = with_fields("200 OK", "ETag: \"t\"\r\n");
const std::string part_copied =
    with_fields("200 OK", "", "<CopyPartResult><ETag>&quot;t&quot;</ETag></CopyPartResult>");
const std::string both_listed =
    with_fields("200 OK", "",
                "<ListPartsResult><IsTruncated>false</IsTruncated><Part></Part><Part></Part>"
                "</ListPartsResult>");
const std::string gone = "HTTP/1.1 204 No Content\r\n\r\n";
const std::string completed = with_fields("200 OK", "",
                                          "<CompleteMultipartUploadResult><ETag>\"w-2\"</ETag>"
                                          "</CompleteMultipartUploadResult>");
const std::string not_met =
    with_fields("412 Precondition Failed", "", "<Error><Code>PreconditionFailed</Code></Error>");

engine::operation appended() {
    scenario::step what = step_with("s3", "append_put");
    what.set("piece", std::uint64_t{60});
    return s3_rig::with_step(std::move(what), 7, object_bytes, 3);
}

engine::operation selected() {
    scenario::step what = step_with("s3", "select");
    what.set("rows", std::uint64_t{3});
    return s3_rig::with_step(std::move(what), 7, 0);
}

std::vector<play> all_plays(s3_rig& rig) {
    const engine::operation put = s3_rig::put(7, object_bytes, 2);
    const engine::operation again = s3_rig::put(7, object_bytes, 3);
    const auto on_7 = [](std::string_view name) {
        return s3_rig::on_object(name, 7, object_bytes, 3);
    };
    const std::string content = rig.content(7, 2, object_bytes);
    const std::string told = "ETag: \"e\"\r\nx-amz-version-id: v1\r\n";
    return {
        {"get_version",
         {put, again},
         on_7("get_version"),
         {made_version("v1"), made_version("v2"), with_fields("200 OK", told, content)},
         {},
         object_bytes},
        {"head_version",
         {put, again},
         on_7("head_version"),
         {made_version("v1"), made_version("v2"),
          "HTTP/1.1 200 OK\r\n" + told + "Content-Length: 100\r\n\r\n"}},
        {"delete_version",
         {put, again},
         on_7("delete_version"),
         {made_version("v1"), made_version("v2"), removed_version("v1")},
         {},
         0,
         204},
        {"delete_all_versions",
         {put, again},
         on_7("delete_all_versions"),
         {made_version("v1"), made_version("v2"), removed_version("m", true), removed_version("v1"),
          removed_version("v2"), removed_version("m", true)},
         {0, 1, 1, 2},
         0,
         204},
        {"append_put",
         {},
         appended(),
         {part_there, part_there, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 100\r\n\r\n"},
         {0, 0, 1},
         object_bytes},
        {"rename_put",
         {},
         on_7("rename_put"),
         {with_fields("200 OK", "ETag: \"e\"\r\n"), with_fields("200 OK", ""),
          "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 100\r\n\r\n"},
         {0, 1, 2},
         object_bytes},
        {"select",
         {},
         selected(),
         {with_fields("200 OK", "ETag: \"e\"\r\n"),
          with_fields("200 OK", "", event_of("Records", "3\n") + event_stats(2) + event_of("End")),
          gone},
         {0, 1, 2},
         2,
         204},
        {"multipart_copy",
         {},
         of_parts("multipart_copy", 60),
         {begun, part_copied, part_copied, completed},
         {0, 1, 1, 2}},
        {"multipart_put_existing",
         {},
         of_parts("multipart_put_existing", 60),
         {begun, part_there, part_there, not_met, gone},
         {0, 1, 1, 2, 3},
         object_bytes,
         204},
        {"multipart_abort",
         {},
         of_parts("multipart_abort", 60),
         {begun, part_there, part_there, both_listed, gone},
         {0, 1, 1, 2, 3},
         object_bytes,
         204},
        {"multipart_leave",
         {},
         of_parts("multipart_leave", 60),
         {begun, part_there, part_there, both_listed},
         {0, 1, 1, 2},
         object_bytes},
    };
}

std::vector<play> plays() {
    s3_rig rig({"http://127.0.0.1:1"});
    return all_plays(rig);
}

/// A rig whose driver remembers versions: the step is bound before the first put.
engine::session& ready_session(s3_rig& rig, const play& p) {
    rig.group.data.verify = true;
    engine::session& session = rig.session();
    rig.bind(p.op);
    return session;
}

TEST_CASE("s3_driver_each_request_of_several_is_sent_and_told_of") {
    for (play& p : plays()) {
        INFO(p.name);
        answering_server s(p.answers);
        s3_rig rig({s.server.url()});
        engine::session& session = ready_session(rig, p);
        for (int round = 0; round < 3; ++round) {
            noted_parts parts;
            p.op.parts = &parts;
            const engine::outcome out = last_of(rig, session, p);
            CHECK_MESSAGE(out.status == op_status::ok, describe(out));
            CHECK(out.bytes == p.bytes);
            CHECK(out.native.as(code_kind::http_status) == p.http_status);
            CHECK(parts.numbers == p.parts);
            CHECK(out.sent_ns > 0);
            CHECK(out.done_ns >= out.sent_ns);
        }
        CHECK(s.server.connections() == 1);
    }
}

TEST_CASE("s3_driver_operation_ends_with_the_request_whose_answer_breaks_off") {
    std::size_t number = 0;
    for (const play& p : plays()) {
        INFO(p.name);
        answering_server s(p.answers);
        s3_rig rig({s.server.url()});
        engine::session* session = &ready_session(rig, p);
        CHECK(last_of(rig, *session, p).status == op_status::ok);
        for (std::size_t which = p.before.size(); which < p.answers.size(); ++which) {
            for (std::size_t at = number++ % places_apart(); at < p.answers[which].size();
                 at += places_apart()) {
                INFO("answer " << which << " after " << at << " bytes");
                s.broken.answer = which;
                s.broken.at = at;
                s.broken.how = damage::kind::close;
                const engine::outcome out = last_of(rig, *session, p);
                CHECK_MESSAGE(out.status == op_status::connection_lost, describe(out));
                s.broken.how = damage::kind::none;
                // What was begun is given up over a connection of its own, if at all.
                rig.close(*session);
                session = &rig.session();
                CHECK(last_of(rig, *session, p).status == op_status::ok);
            }
        }
    }
}

TEST_CASE("s3_driver_lies_about_versions_and_uploads_are_failures") {
    struct lie {
        const char* of;
        std::size_t answer;
        std::string said;
        const char* code;
    };
    const std::string empty = with_fields("200 OK", "");
    const std::vector<lie> lies = {
        // A service without versions takes the object itself.
        {"get_version", 2, with_fields("200 OK", "ETag: \"e\"\r\n", "x"), "VersionIgnored"},
        {"get_version", 2, with_fields("200 OK", "ETag: \"e\"\r\nx-amz-version-id: v2\r\n", "x"),
         "WrongVersion"},
        {"head_version", 2, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 100\r\n\r\n",
         "VersionIgnored"},
        {"delete_version", 2, gone, "VersionIgnored"},
        {"delete_all_versions", 2, gone, "NoMarker"},
        {"delete_all_versions", 2, removed_version("m"), "NoMarker"},
        {"delete_all_versions", 3, removed_version("v9"), "WrongVersion"},
        {"delete_all_versions", 5, gone, "VersionIgnored"},
        // A service that does not know what an append is writes the object anew.
        {"append_put", 2, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 40\r\n\r\n",
         "WrongSize"},
        {"append_put", 1,
         with_fields("409 Conflict", "", "<Error><Code>PositionNotEqualToLength</Code></Error>"),
         "PositionNotEqualToLength"},
        // A service that does not know what a rename is writes an empty object.
        {"rename_put", 2, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n",
         "WrongSize"},
        {"rename_put", 2, "HTTP/1.1 200 OK\r\nETag: \"f\"\r\nContent-Length: 100\r\n\r\n",
         "WrongETag"},
        {"rename_put", 2, "HTTP/1.1 404 Not Found\r\n\r\n", "HTTP404"},
        {"rename_put", 1,
         with_fields("501 Not Implemented", "", "<Error><Code>NotImplemented</Code></Error>"),
         "NotImplemented"},
        // The table is removed all the same.
        {"select", 1, with_fields("200 OK", "", event_of("Records", "3\n")), "NoEnd"},
        {"select", 1, with_fields("200 OK", "", event_of("Records", "2\n") + event_of("End")),
         "WrongRecords"},
        {"select", 1, with_fields("200 OK", "", event_error("SlowDown")), "SlowDown"},
        {"select", 1, with_fields("200 OK", "", "<Error><Code>InternalError</Code></Error>"),
         "BadEvents"},
        {"multipart_copy", 1, part_there, "NotThatDocument"},
        {"multipart_copy", 2,
         with_fields("200 OK", "", "<Error><Code>InternalError</Code></Error>"), "InternalError"},
        {"multipart_put_existing", 3, completed, "ConditionIgnored"},
        {"multipart_put_existing", 4,
         with_fields("404 Not Found", "", "<Error><Code>NoSuchUpload</Code></Error>"),
         "NoSuchUpload"},
        {"multipart_abort", 3,
         with_fields("200 OK", "",
                     "<ListPartsResult><IsTruncated>false</IsTruncated><Part></Part>"
                     "</ListPartsResult>"),
         "PartsMissing"},
        {"multipart_leave", 3, empty, "NotThatDocument"},
    };
    for (const lie& l : lies) {
        for (play& p : plays()) {
            if (p.name != l.of) continue;
            CAPTURE(p.name);
            CAPTURE(l.answer);
            p.answers[l.answer] = l.said;
            // What is given up afterwards has an answer too.
            p.answers.resize(std::max(p.answers.size(), l.answer + 1));
            p.answers.insert(p.answers.begin() + static_cast<std::ptrdiff_t>(l.answer) + 1, gone);
            answering_server s(p.answers);
            s3_rig rig({s.server.url()});
            const engine::outcome out = last_of(rig, ready_session(rig, p), p);
            CHECK(std::string(out.code) == l.code);
            CHECK(out.status != op_status::ok);
        }
    }
}

TEST_CASE("s3_driver_versions_that_nobody_named_are_not_asked_for") {
    answering_server s({made_version("v1")});
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    const auto code_of = [&](std::string_view name) {
        return std::string(rig.run(session, s3_rig::on_object(name, 7, object_bytes)).code);
    };
    CHECK(code_of("get_version") == "UnknownVersion");
    CHECK(code_of("delete_version") == "NoEarlierVersion");
    CHECK(rig.run(session, s3_rig::put(7, object_bytes)).status == op_status::ok);
    // Its only one is the object itself.
    CHECK(code_of("delete_version") == "NoEarlierVersion");
    CHECK(s.last().line().starts_with("PUT "));
}

TEST_CASE("s3_driver_append_goes_on_behind_what_was_sent_before") {
    answering_server s({part_there, with_fields("409 Conflict", "")});
    s3_rig rig({s.server.url()});
    CHECK(rig.run(rig.session(), appended()).status == op_status::client_error);
    CHECK(s.last().line().find("?append=&position=60 ") != std::string::npos);
    CHECK(s.last().body == rig.content(7, 3, 40, 60));
}

TEST_CASE("s3_driver_rename_is_of_what_was_written_by_the_other_name") {
    answering_server s({part_there, with_fields("503 Slow Down", "")});
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    const std::string key = s3::object_key("test/run-1/", 7);
    const engine::operation op = s3_rig::on_object("rename_put", 7, object_bytes, 3);
    const engine::outcome out = rig.run(session, op);
    CHECK(out.status == op_status::slow_down);
    CHECK(out.bytes == 0);
    CHECK(s.last().line() == "PUT /rig/" + key + "?renameObject= HTTP/1.1");
    CHECK(s.last().has("\r\nx-amz-rename-source: " + key + ".aside\r\n"));
    CHECK(s.last().body.empty());
    answering_server refuses({with_fields("403 Forbidden", "")});
    s3_rig other({refuses.server.url()});
    CHECK(other.run(other.session(), op).status == op_status::client_error);
    CHECK(refuses.last().line() == "PUT /rig/" + key + ".aside HTTP/1.1");
    CHECK(refuses.last().body == other.content(7, 3, object_bytes));
}

TEST_CASE("s3_driver_key_of_the_customer_goes_along_where_the_step_says_so") {
    const std::string encrypted = "x-amz-server-side-encryption-customer-algorithm: AES256\r\n";
    const std::string key = "\r\nx-amz-server-side-encryption-customer-key: ";
    const auto run = [&](std::string_view name, std::vector<std::string> answers, bool with_key) {
        scenario::step what = step_with("s3", name);
        if (with_key) what.set("encryption", std::string("customer"));
        answering_server s(std::move(answers));
        s3_rig rig({s.server.url()});
        rig.group.data.verify = false;
        const engine::outcome out =
            rig.run(rig.session(), s3_rig::with_step(std::move(what), 7, 0));
        CHECK(s.last().has(key) == with_key);
        return out.status == op_status::ok ? std::string("ok") : std::string(out.code);
    };
    const std::string told = with_fields("200 OK", "ETag: \"e\"\r\n" + encrypted);
    const std::string silent = with_fields("200 OK", "ETag: \"e\"\r\n");
    const std::string as_it_was = "HTTP/1.1 304 Not Modified\r\n\r\n";
    const std::string attributes = with_fields(
        "200 OK", "",
        "<GetObjectAttributesResponse><ObjectSize>0</ObjectSize></GetObjectAttributesResponse>");
    for (const bool with_key : {true, false}) {
        for (const char* name : {"get_unmodified", "head_unmodified"})
            CHECK(run(name, {as_it_was}, with_key) == "ok");
        CHECK(run("get_unmatched", {not_met}, with_key) == "ok");
        // Its answer does not speak of keys.
        CHECK(run("get_attributes", {attributes}, with_key) == "ok");
    }
    for (const char* name : {"put", "get", "presigned_put", "presigned_get", "get_part"}) {
        CAPTURE(name);
        CHECK(run(name, {told}, true) == "ok");
        CHECK(run(name, {silent}, true) == "EncryptionIgnored");
        CHECK(run(name, {silent}, false) == "ok");
    }
}

TEST_CASE("s3_driver_key_of_the_customer_goes_along_with_a_version_that_is_named") {
    const auto run = [](std::string_view name, const std::string& said) {
        scenario::step what = step_with("s3", name);
        what.set("encryption", std::string("customer"));
        answering_server s({made_version("v1"), "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n" + said +
                                                    "x-amz-version-id: v1\r\n"
                                                    "Content-Length: 0\r\n\r\n"});
        s3_rig rig({s.server.url()});
        rig.group.data.verify = false;
        engine::session& session = rig.session();
        engine::operation op = s3_rig::with_step(std::move(what), 7, 0);
        // Before the put: names of versions are remembered where a step asks for them.
        rig.bind(op);
        CHECK(rig.run(session, s3_rig::put(7, 0)).status == op_status::ok);
        const engine::outcome out = rig.run(session, op);
        CHECK(s.last().has("\r\nx-amz-server-side-encryption-customer-key: "));
        return out.status == op_status::ok ? std::string("ok") : std::string(out.code);
    };
    for (const char* name : {"get_version", "head_version"}) {
        CAPTURE(name);
        CHECK(run(name, "x-amz-server-side-encryption-customer-algorithm: AES256\r\n") == "ok");
        CHECK(run(name, "") == "EncryptionIgnored");
    }
}

TEST_CASE("s3_driver_upload_sends_the_key_of_the_customer_with_each_part") {
    const std::string encrypted = "x-amz-server-side-encryption-customer-algorithm: AES256\r\n";
    const std::string begun_so = with_fields("200 OK", encrypted,
                                             "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                                             "</InitiateMultipartUploadResult>");
    const std::string part_so = with_fields("200 OK", "ETag: \"t\"\r\n" + encrypted);
    scenario::step what = step_with("s3", "multipart_put");
    what.set("part_size", std::uint64_t{60});
    what.set("concurrency", std::uint64_t{1});
    what.set("encryption", std::string("customer"));
    const engine::operation op = s3_rig::with_step(std::move(what), 7, object_bytes);
    {
        answering_server s({begun_so, part_so, part_so, completed});
        s3_rig rig({s.server.url()});
        const engine::outcome out = rig.run(rig.session(), op);
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        CHECK_FALSE(s.last().has("customer-key"));
    }
    // A service that keeps nothing of it is found out by the first answer that does not say so.
    for (std::size_t silent = 0; silent < 3; ++silent) {
        std::vector<std::string> answers{begun_so, part_so, part_so, completed};
        answers[silent] = silent == 0 ? begun : part_there;
        answers.insert(answers.begin() + static_cast<std::ptrdiff_t>(silent) + 1, gone);
        answering_server s(answers);
        s3_rig rig({s.server.url()});
        const engine::outcome out = rig.run(rig.session(), op);
        CHECK(std::string(out.code) == "EncryptionIgnored");
    }
}

TEST_CASE("s3_driver_parts_of_an_object_are_read_in_turn_by_their_numbers") {
    scenario::step what = step_with("s3", "get_part");
    what.set("part_size", std::uint64_t{60});
    s3_rig of_content({"http://127.0.0.1:1"});
    const auto part_of = [&](std::uint64_t offset, std::uint64_t size) {
        const std::string body = of_content.content(7, 0, size, offset);
        return with_fields("206 Partial Content",
                           "ETag: \"e-2\"\r\nContent-Range: bytes " + std::to_string(offset) + "-" +
                               std::to_string(offset + size - 1) + "/100\r\n",
                           body);
    };
    answering_server s({part_of(0, 60), part_of(60, 40)});
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    const engine::operation op = s3_rig::with_step(std::move(what), 7, object_bytes);
    for (const char* number : {"?partNumber=1 ", "?partNumber=2 ", "?partNumber=1 "}) {
        const engine::outcome out = rig.run(session, op);
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        CHECK(out.bytes == (std::string(number).find('2') == std::string::npos ? 60U : 40U));
        CHECK(s.last().line().find(number) != std::string::npos);
    }
}

}  // namespace
