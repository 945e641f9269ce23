// Answers that look like success and are none: each is a failure with a word of its own. And those
// that look odd and are right.

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <functional>
#include <mutex>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

std::string answer(std::string_view status_and_fields, std::string_view body = {}) {
    return "HTTP/1.1 " + std::string(status_and_fields) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string error_body(const char* code) {
    return "<?xml version=\"1.0\"?>\n<Error><Code>" + std::string(code) +
           "</Code><Message>the &#34;key&#34; &amp; more</Message></Error>";
}

/// Answers every request as told, by its number.
struct lying_server {
    explicit lying_server(std::function<std::string(const canned_request&, unsigned)> a)
        : answers(std::move(a)), server([this](canned_connection& c) {
              for (;;) {
                  const canned_request r = c.read_request();
                  if (!r.came()) return;
                  c.send(answers(r, requests++));
              }
          }) {}
    explicit lying_server(std::string always)
        : lying_server(
              [always = std::move(always)](const canned_request&, unsigned) { return always; }) {}
    std::function<std::string(const canned_request&, unsigned)> answers;
    std::atomic<unsigned> requests{0};
    canned_s3 server;
};

engine::outcome ask(const std::string& always, const engine::operation& op) {
    lying_server s(always);
    s3_rig rig({s.server.url()});
    return rig.run(rig.session(), op);
}

struct lie {
    std::string name;
    std::string answer;
    engine::operation op;
    op_status status;
    std::string code;
    std::string part = {};  // of the example
};

const engine::operation put = s3_rig::put(7, object_bytes);
const engine::operation head = s3_rig::head(7, object_bytes);
const engine::operation remove_object = s3_rig::remove(7);
const engine::operation make = s3_rig::bucket("create_bucket", 1);
const engine::operation unmake = s3_rig::bucket("delete_bucket", 1);
const engine::operation look = s3_rig::bucket("head_bucket", 0);

TEST_CASE("s3_driver_success_that_is_denied_or_half_said_is_a_failure") {
    const std::string ok = "200 OK\r\nETag: \"e\"";
    const std::string html = "<!DOCTYPE html><html>log in first</html>";
    const lie all[] = {
        {"put, error", answer(ok, error_body("EntityTooLarge")), put, op_status::bad_response,
         "EntityTooLarge", "its body is an error: EntityTooLarge: the \"key\" & more"},
        {"put, passing error", answer(ok, error_body("InternalError")), put,
         op_status::server_error, "InternalError"},
        {"put, throttled", answer(ok, error_body("SlowDown")), put, op_status::slow_down,
         "SlowDown"},
        {"put, error in a name space",
         answer(ok, "\xef\xbb\xbf<a:Error xmlns:a='u'><a:Code>X1</a:Code></a:Error>"), put,
         op_status::bad_response, "X1"},
        {"put, error without code", answer(ok, "<Error></Error>"), put, op_status::bad_response,
         "ErrorInSuccess"},
        {"put, page", answer(ok, html), put, op_status::bad_response, "NotS3", "log in first"},
        {"put, JSON", answer(ok, "{\"error\": 1}"), put, op_status::bad_response, "NotS3"},
        {"put, accepted", answer("202 Accepted\r\nETag: \"e\""), put, op_status::bad_response,
         "HTTP202"},
        {"put, no ETag", answer("200 OK"), put, op_status::bad_response, "NoETag"},
        {"put, empty ETag", answer("200 OK\r\nETag: \"\""), put, op_status::bad_response,
         "BadETag"},
        {"put, half an ETag", answer("200 OK\r\nETag: \"ab"), put, op_status::bad_response,
         "BadETag"},
        {"delete, error", answer("200 OK", error_body("AccessDenied")), remove_object,
         op_status::bad_response, "AccessDenied"},
        {"delete, page", answer("200 OK", html), remove_object, op_status::bad_response, "NotS3"},
        {"delete, accepted", answer("202 Accepted"), remove_object, op_status::bad_response,
         "HTTP202"},
        {"create, error", answer("200 OK", error_body("TooManyBuckets")), make,
         op_status::bad_response, "TooManyBuckets"},
        {"create, page", answer("200 OK", html), make, op_status::bad_response, "NotS3"},
        {"remove, error", answer("200 OK", error_body("BucketNotEmpty")), unmake,
         op_status::bad_response, "BucketNotEmpty"},
        {"look, accepted", answer("202 Accepted"), look, op_status::bad_response, "HTTP202"},
        {"head, no length", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n", head, op_status::bad_response,
         "NoLength"},
        {"head, chunked", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n",
         head, op_status::bad_response, "NoLength"},
        {"head, no ETag", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", head,
         op_status::bad_response, "NoETag"},
        {"head, no content", "HTTP/1.1 204 No Content\r\nETag: \"e\"\r\n\r\n", head,
         op_status::bad_response, "HTTP204"},
    };
    for (const lie& l : all) {
        INFO(l.name);
        const engine::outcome out = ask(l.answer, l.op);
        CHECK_MESSAGE(out.status == l.status, describe(out));
        CHECK(std::string(out.code) == l.code);
        CHECK_MESSAGE(std::string(out.example).find(l.part) != std::string::npos, out.example);
        CHECK(out.bytes <= object_bytes);
    }
}

TEST_CASE("s3_driver_success_in_the_words_of_other_services_is_one") {
    for (const auto& [text, op] : std::initializer_list<std::pair<std::string, engine::operation>>{
             {answer("201 Created\r\nETag: e"), put},
             {"HTTP/1.1 204 No Content\r\nETag: W/\"e\"\r\n\r\n", put},
             {answer("200 OK\r\nETag: \"e\"", "\r\n"), put},
             {answer("200 OK"), remove_object},
             {answer("200 OK", "<CreateBucketResponse><a/></CreateBucketResponse>"), make},
             {answer("200 OK"), unmake}}) {
        INFO(text);
        const engine::outcome out = ask(text, op);
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
}

TEST_CASE("s3_driver_cut_error_bodies_are_no_success") {
    const std::string whole = error_body("NoSuchUpload");
    for (const engine::operation& op : {put, remove_object, make, unmake}) {
        std::atomic<unsigned> at = 1;
        lying_server s([&](const canned_request&, unsigned) {
            return answer("200 OK\r\nETag: \"e\"", whole.substr(0, at));
        });
        s3_rig rig({s.server.url()});
        engine::session& session = rig.session();
        for (; at <= whole.size(); ++at) {
            const engine::outcome out = rig.run(session, op);
            REQUIRE_MESSAGE(out.status == op_status::bad_response, at << ": " << describe(out));
        }
        CHECK(s.server.connections() == 1);
    }
}

TEST_CASE("s3_driver_damaged_heads_are_no_success_that_says_less") {
    // A byte of the head that is another one: the answer is refused, or it still says all.
    const struct {
        engine::operation op;
        std::string answer;
    } all[] = {
        {put, answer("200 OK\r\nETag: \"abc\"")},
        {head, "HTTP/1.1 200 OK\r\nETag: \"abc\"\r\nContent-Length: 100\r\n\r\n"},
    };
    for (const auto& one : all) {
        std::mutex mutex;
        std::string sent;  // guarded by it
        canned_s3 server([&](canned_connection& c) {
            if (!c.read_request().came()) return;
            const std::lock_guard lock(mutex);
            c.send(sent);
        });
        s3_rig rig({server.url()});
        engine::session& session = rig.session();
        unsigned right = 0;
        for (std::size_t at = 0; at < one.answer.size(); ++at) {
            for (const char other : {'X', '3', ':', ' ', '"'}) {
                std::string text = one.answer;
                text[at] = other;
                INFO(text);
                {
                    const std::lock_guard lock(mutex);
                    sent = text;
                }
                engine::outcome out = rig.run(session, one.op);
                // Sent on a connection whose end had not come yet: no answer at all.
                if (out.first_byte_ns == 0) out = rig.run(session, one.op);
                if (out.status != op_status::ok) continue;
                ++right;
                CHECK(text.substr(8, 4) == " 200");
                CHECK(text.find("\r\nETag: \"") != std::string::npos);
                if (name_of(one.op) == "head") {
                    CHECK(text.find("\r\nContent-Length: 100\r\n") != std::string::npos);
                }
            }
        }
        CHECK(right > 10);
    }
}

std::string page_of(std::initializer_list<const char*> keys, const std::string& rest) {
    std::string xml = "<ListBucketResult>" + rest;
    for (const char* key : keys)
        xml += "<Contents><Key>test/run-1/" + std::string(key) + "</Key></Contents>";
    return answer("200 OK", xml + "</ListBucketResult>");
}

std::string more(const std::string& token) {
    return "<IsTruncated>true</IsTruncated><NextContinuationToken>" + token +
           "</NextContinuationToken>";
}

const std::string last_page = "<IsTruncated>false</IsTruncated>";

TEST_CASE("s3_driver_listings_that_would_never_end_do") {
    using answers = std::function<std::string(const canned_request&, unsigned)>;
    const struct {
        const char* name;
        answers how;
        const char* code;
        unsigned most_requests;
    } all[] = {
        {"no token",
         [](const canned_request&, unsigned) {
             return page_of({"a"}, "<IsTruncated>true</IsTruncated>");
         },
         "NoToken", 1},
        {"an empty token", [](const canned_request&, unsigned) { return page_of({"a"}, more("")); },
         "NoToken", 1},
        {"one token", [](const canned_request&, unsigned) { return page_of({}, more("t")); },
         "SameToken", 2},
        {"three tokens in turn",
         [](const canned_request&, unsigned n) { return page_of({}, more(std::to_string(n % 3))); },
         "SameToken", 12},
        {"a round of seven after a while",
         [](const canned_request&, unsigned n) {
             return page_of({}, more(std::to_string(n < 20 ? n : 20 + n % 7)));
         },
         "SameToken", 60},
        {"new tokens, one page",
         [](const canned_request&, unsigned n) { return page_of({"a"}, more(std::to_string(n))); },
         "SamePage", 2},
        {"new tokens, two pages",
         [](const canned_request&, unsigned n) {
             return page_of({n % 2 == 0 ? "a" : "b"}, more(std::to_string(n)));
         },
         "SamePage", 8},
        {"new tokens, nothing else",
         [](const canned_request&, unsigned n) { return page_of({}, more(std::to_string(n))); },
         "EmptyPages", 10'001},
    };
    for (const auto& one : all) {
        INFO(one.name);
        lying_server s(one.how);
        s3_rig rig({s.server.url()});
        rig.options.timeout.operation_ns = 60'000'000'000;
        const engine::outcome out = rig.run(rig.session(), s3_rig::list(10, 0));
        CHECK_MESSAGE(out.status == op_status::bad_response, describe(out));
        CHECK(std::string(out.code) == one.code);
        CHECK(s.requests <= one.most_requests);
    }
}

TEST_CASE("s3_driver_listing_has_the_time_of_one_operation_however_many_pages_come") {
    lying_server s([](const canned_request&, unsigned n) {
        // A new connection for each page must not begin the time anew.
        std::string text = page_of({std::to_string(n).c_str()}, more(std::to_string(n)));
        return text.insert(text.find("\r\n"), "\r\nConnection: close");
    });
    s3_rig rig({s.server.url()});
    rig.options.timeout.operation_ns = 300'000'000;
    const engine::outcome out = rig.run(rig.session(), s3_rig::list(10, 0));
    CHECK_MESSAGE(out.status == op_status::timeout, describe(out));
}

/// What a listing answered so comes to, for a group with four objects that are there.
engine::outcome list_of_four(const std::string& text,
                             const std::function<void(s3_rig&)>& change = {},
                             bool directory = false) {
    lying_server s(text);
    s3_rig rig({s.server.url()});
    rig.group.data.objects = 4;
    if (change) change(rig);
    return rig.run(rig.session(), s3_rig::list(4, 0, directory));
}

TEST_CASE("s3_driver_listings_that_do_not_show_what_must_be_there_are_told") {
    const auto code = [](const engine::outcome& out) {
        return out.status == op_status::ok ? std::string("ok") : std::string(out.code);
    };
    const std::string four = page_of({"a", "b", "c", "d"}, last_page);
    const std::string none = page_of({}, last_page);
    CHECK(code(list_of_four(four)) == "ok");
    CHECK(code(list_of_four(none)) == "EmptyListing");
    CHECK(code(list_of_four(page_of({}, more("t")))) == "EmptyPage");
    CHECK(code(list_of_four(page_of({"a", "b", "c"}, last_page))) == "ShortListing");
    CHECK(code(list_of_four(page_of({"a", "b", "c", "d", "e"}, last_page))) == "TooManyKeys");
    CHECK(code(list_of_four(page_of({"a", "b", "c", "d"}, ""))) == "BadListing");
    CHECK(code(list_of_four("HTTP/1.1 204 No Content\r\n\r\n")) == "HTTP204");
    CHECK(code(list_of_four(answer("200 OK", error_body("AccessDenied")))) == "BadListing");
    const std::string foreign = "<ListBucketResult>" + last_page +
                                "<Contents><Key>other/&amp;x</Key></Contents></ListBucketResult>";
    const engine::outcome out = list_of_four(answer("200 OK", foreign));
    CHECK(code(out) == "WrongPrefix");
    CHECK(std::string(out.example).find("\"other/&x\"") != std::string::npos);

    // No false alarm where others may be the cause.
    const auto removing = [](s3_rig& rig) {
        scenario::task t;
        t.steps.emplace_back();
        t.steps[0].use = scenario::subject_use::remove;
        rig.group.tasks.push_back(t);
    };
    CHECK(code(list_of_four(none, removing)) == "ok");
    CHECK(code(list_of_four(page_of({}, more("t")), removing)) == "SameToken");
    CHECK(code(list_of_four(none, [](s3_rig& rig) { rig.options.prepares = false; })) == "ok");
    CHECK(code(list_of_four(none, [](s3_rig& rig) { rig.group.data.objects = 0; })) == "ok");
    const auto replaying = [](s3_rig& rig) {
        rig.group.open.emplace();
        rig.group.open->replay.emplace();
    };
    CHECK(code(list_of_four(none, replaying)) == "ok");
    // One of the 256 directories: with a thousand times as many objects none is empty.
    CHECK(code(list_of_four(none, {}, true)) == "ok");
    CHECK(code(list_of_four(
              none, [](s3_rig& rig) { rig.group.data.objects = 256'000; }, true)) ==
          "EmptyListing");
}

TEST_CASE("s3_driver_answers_about_one_version_name_one_etag") {
    std::atomic<const char*> now_sent = "one";
    lying_server s([&](const canned_request& r, unsigned) {
        static s3_rig source({"http://127.0.0.1:1"});
        const std::string etag = now_sent.load();
        const std::string fields = "200 OK\r\nETag: \"" + etag + "\"";
        if (r.line().starts_with("HEAD")) {
            return "HTTP/1.1 " + fields + "\r\nContent-Length: 100\r\n\r\n";
        }
        if (etag == "broken") return answer("500 Internal Server Error");
        return answer(fields,
                      r.line().starts_with("GET") ? source.content(7, 0, object_bytes) : "");
    });
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    const engine::operation get = s3_rig::get(7, object_bytes);
    const auto run = [&](const engine::operation& op, const char* now) {
        now_sent = now;
        return rig.run(session, op);
    };
    CHECK(run(put, "one").status == op_status::ok);
    CHECK(run(get, "one").status == op_status::ok);
    CHECK(run(head, "ONE").status == op_status::ok);
    for (const engine::operation& op : {get, head}) {
        const engine::outcome out = run(op, "two");
        CHECK_MESSAGE(out.status == op_status::corrupt, describe(out));
        CHECK(std::string(out.code) == "WrongETag");
    }
    CHECK(run(s3_rig::put(7, object_bytes, 1), "two").status == op_status::ok);
    // Known from a get only.
    engine::operation other = head;
    other.object = 8;
    CHECK(run(other, "x").status == op_status::ok);
    CHECK(run(other, "y").status == op_status::corrupt);
    // A put that may have been done or not says nothing.
    engine::operation again = put;
    again.object = other.object = 9;
    CHECK(run(again, "broken").status == op_status::server_error);
    CHECK(run(again, "a").status == op_status::ok);
    CHECK(run(other, "b").status == op_status::ok);
}

std::string md5_of(const std::string& bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += "0123456789abcdef"[digest[i] >> 4];
        out += "0123456789abcdef"[digest[i] & 15];
    }
    return out;
}

TEST_CASE("s3_driver_etag_that_is_not_the_md5_is_told_where_others_are") {
    for (const bool verify : {true, false}) {
        std::atomic<bool> right{false};
        lying_server s([&](const canned_request& r, unsigned) {
            std::string bytes = r.body;
            if (!right && !bytes.empty()) bytes[50] = static_cast<char>(bytes[50] ^ 1);
            return answer("200 OK\r\nETag: \"" + md5_of(bytes) + "\"");
        });
        s3_rig rig({s.server.url()});
        rig.group.data.verify = verify;
        engine::session& session = rig.session();
        // Who knows what this service means by an ETag?
        CHECK(rig.run(session, s3_rig::put(1, object_bytes)).status == op_status::ok);
        // The ETag of nothing is the MD5 of nothing at services where no other is one.
        CHECK(rig.run(session, s3_rig::put(1, 0)).status == op_status::ok);
        CHECK(rig.run(session, s3_rig::put(1, object_bytes, 1)).status == op_status::ok);
        right = true;
        CHECK(rig.run(session, s3_rig::put(2, object_bytes)).status == op_status::ok);
        right = false;
        const engine::outcome out = rig.run(session, s3_rig::put(3, object_bytes));
        CHECK_MESSAGE(out.status == (verify ? op_status::corrupt : op_status::ok), describe(out));
        CHECK(std::string(out.code) == (verify ? "WrongETag" : ""));
    }
}

TEST_CASE("s3_driver_refusals_say_who_refuses_and_what") {
    const auto example = [](const std::string& text) {
        return std::string(ask(text, s3_rig::get(7, object_bytes)).example);
    };
    CHECK(example(answer("400 Bad Request", error_body("Odd"))) ==
          "HTTP 400 Odd: the \"key\" & more");
    CHECK(example(answer("500 Oops\r\nServer: haproxy", "<html>\n <b>No  backend</b>\r\n")) ==
          "HTTP 500 from haproxy: <html> <b>No backend</b> ");
    CHECK(example(answer("502 Bad Gateway\r\nServer: nginx")) == "HTTP 502 from nginx");
    CHECK(example(answer("301 Moved\r\nx-amz-bucket-region: eu-west-3")) ==
          "HTTP 301, region eu-west-3");
    CHECK(example(answer("307 Moved\r\nx-amz-bucket-region: eu-west-3",
                         error_body("TemporaryRedirect"))) ==
          "HTTP 307 TemporaryRedirect, region eu-west-3: the \"key\" & more");
    CHECK(example(std::string("\x15\x03\x01\x00\x02\x02\x50", 7)).find("https://") !=
          std::string::npos);
}

}  // namespace
