// Answers as servers should not, but do, give them.

#include <doctest/doctest.h>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

std::string with_length(std::string_view first_lines, std::string_view body, int lie = 0) {
    return "HTTP/1.1 " + std::string(first_lines) + "\r\nETag: \"e\"\r\nContent-Length: " +
           std::to_string(static_cast<int>(body.size()) + lie) + "\r\n\r\n" + std::string(body);
}

/// The first lines of an answer with bytes first to last of an object.
std::string partial(std::uint64_t first, std::uint64_t last, std::uint64_t more = 0) {
    return "206 Partial Content\r\nContent-Range: bytes " + std::to_string(first) + "-" +
           std::to_string(last) + "/" + std::to_string(object_bytes + more);
}

std::string refusal(const char* first_lines, const char* code) {
    return with_length(first_lines, "<Error><Code>" + std::string(code) +
                                        "</Code><Message>because</Message></Error>");
}

/// The first connection gives `answer` and closes if it should; later ones answer right.
struct odd_server {
    odd_server(s3_rig& like, std::string answer, bool closes)
        : right(with_length("200 OK", like.content(7, 0, object_bytes))),
          server([this, answer = std::move(answer), closes](canned_connection& c) {
              for (;;) {
                  const canned_request r = c.read_request();
                  if (!r.came()) return;
                  c.send(c.number() == 0 ? answer : right);
                  if (c.number() == 0 && closes) return;
              }
          }) {}
    std::string right;
    canned_s3 server;
};

struct verdict {
    std::string name;
    std::string answer;
    op_status status;
    std::string code;
    bool closes = false;  // the server, after it
    bool reused = false;  // the connection, by the next operation
    engine::operation op = s3_rig::get(7, object_bytes);
};

void check_verdicts(const std::vector<verdict>& all) {
    for (const verdict& v : all) {
        INFO(v.name);
        s3_rig source({"http://127.0.0.1:1"});
        odd_server s(source, v.answer, v.closes);
        s3_rig rig({s.server.url()});
        rig.options.timeout.operation_ns = 2'000'000'000;
        engine::session& session = rig.session();
        const engine::outcome out = rig.run(session, v.op);
        CHECK_MESSAGE(out.status == v.status, describe(out));
        CHECK(std::string(out.code) == v.code);
        CHECK((v.status == op_status::ok) == (out.example[0] == '\0'));
        if (v.reused) continue;
        const engine::outcome next = rig.run(session, s3_rig::get(7, object_bytes));
        CHECK_MESSAGE(next.status == op_status::ok, describe(next));
        CHECK(s.server.connections() == 2);
        CHECK(rig.counters().connects == 2);
        CHECK(rig.counters().open_connections == 1);
    }
}

std::string right_content() {
    s3_rig rig({"http://127.0.0.1:1"});
    return rig.content(7, 0, object_bytes);
}

TEST_CASE("s3_driver_answers_that_end_the_connection_are_right_and_the_next_one_connects_anew") {
    const std::string whole = right_content();
    check_verdicts({
        {"until close", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n" + whole, op_status::ok, "", true},
        {"until close, HTTP/1.0", "HTTP/1.0 200 OK\r\nETag: \"e\"\r\n\r\n" + whole, op_status::ok,
         "", true},
        {"close", with_length("200 OK\r\nConnection: close", whole), op_status::ok, "", true},
        {"close, but the server does not", with_length("200 OK\r\nConnection: close", whole),
         op_status::ok, "", false},
        {"HTTP/1.0", "HTTP/1.0 200 OK\r\nETag: \"e\"\r\nContent-Length: 100\r\n\r\n" + whole,
         op_status::ok, "", false},
    });
}

TEST_CASE("s3_driver_http_1_0_with_keep_alive_is_kept") {
    const std::string answer =
        "HTTP/1.0 200 OK\r\nETag: \"e\"\r\nConnection: Keep-Alive\r\nContent-Length: 100\r\n\r\n" +
        right_content();
    s3_rig source({"http://127.0.0.1:1"});
    odd_server s(source, answer, false);
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    for (int i = 0; i < 3; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::get(7, object_bytes));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
    CHECK(s.server.connections() == 1);
}

TEST_CASE("s3_driver_first_field_that_continues_none_is_no_http_whatever_was_answered_before") {
    // libcurl before 8.1.1 would go by the last field of the answer before, which it has freed.
    const std::string right = with_length("200 OK", right_content());
    const std::string odd =
        "HTTP/1.1 200 OK\r\n  and more: of it\r\n" + right.substr(right.find("\r\n") + 2);
    canned_s3 server([&](canned_connection& c) {
        for (int i = 1; c.read_request().came(); ++i)
            c.send(i % 3 == 0 ? odd : right);
    });
    s3_rig rig({server.url()});
    engine::session& session = rig.session();
    for (int i = 1; i <= 9; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::get(7, object_bytes));
        const bool is_odd = i % 3 == 0;
        CHECK_MESSAGE(out.status == (is_odd ? op_status::bad_response : op_status::ok),
                      describe(out));
        CHECK(std::string(out.code) == (is_odd ? "NotHttp" : ""));
    }
    CHECK(server.connections() == 3);
}

TEST_CASE("s3_driver_lies_about_length_cost_one_operation") {
    const std::string whole = right_content();
    check_verdicts({
        {"one byte more than the body, then closed", with_length("200 OK", whole, 1),
         op_status::connection_lost, "Closed", true},
        {"one byte more than the body, then silence", with_length("200 OK", whole, 1),
         op_status::timeout, "Timeout"},
        {"one byte less than the body", with_length("200 OK", whole, -1), op_status::bad_response,
         "ExtraBytes"},
        {"extra bytes", with_length("200 OK", whole) + "x", op_status::bad_response, "ExtraBytes"},
        {"a second answer", with_length("200 OK", whole) + with_length("200 OK", whole),
         op_status::bad_response, "ExtraBytes"},
        {"until close, too short", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n" + whole.substr(1),
         op_status::corrupt, "WrongSize", true},
        {"until close, too long", "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n\r\n" + whole + "x",
         op_status::corrupt, "WrongSize", true},
        {"a length beyond all", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx",
         op_status::bad_response, "NotHttp"},
        {"a length of an exabyte",
         "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000000\r\n\r\nx",
         op_status::connection_lost, "Closed", true},
        {"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: 1e2\r\n\r\n",
         op_status::bad_response, "NotHttp"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
         op_status::bad_response, "NotHttp"},
        {"an empty answer", "", op_status::connection_lost, "Closed", true},
    });
    // libcurl stops reading at the end of such a head, and tells nobody of what is behind it. No
    // later answer is mixed up with that, which is what matters.
    const bool is_seen = driver_under_test() != s3::make_curl_driver;
    check_verdicts({{"a head answered with a body", with_length("200 OK", whole),
                     is_seen ? op_status::bad_response : op_status::ok, is_seen ? "ExtraBytes" : "",
                     false, !is_seen, s3_rig::head(7, object_bytes)}});
}

TEST_CASE("s3_driver_rubbish_costs_one_operation") {
    const std::string whole = right_content();
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string list = "<?xml version=\"1.0\"?><html><body>hello</body></html>";
    check_verdicts({
        {"TLS", std::string("\x15\x03\x01\x00\x02\x02\x50", 7), op_status::bad_response, "NotHttp"},
        {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", op_status::bad_response, "NotHttp"},
        {"binary", std::string("\x15\x03\x01\x00\x02\x02\x50", 7), op_status::bad_response,
         "NotHttp"},
        {"HTTP/2", "HTTP/2 200\r\n\r\n", op_status::bad_response, "NotHttp"},
        {"a head of 70 KiB",
         "HTTP/1.1 200 OK\r\nX: " + std::string(70 * 1024, 'x') + "\r\nContent-Length: 0\r\n\r\n",
         op_status::bad_response, "NotHttp"},
        {"a head without end", "HTTP/1.1 200 OK\r\nX: " + std::string(200 * 1024, 'x'),
         op_status::bad_response, "NotHttp"},
        {"another protocol from now on", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
         op_status::bad_response, "SwitchingProtocols"},
        {"a chunk size that is none", chunked + "xyz\r\n", op_status::bad_response, "BadChunk"},
        {"a chunk without end", chunked + "1\r\nab", op_status::bad_response, "BadChunk"},
        {"a listing that is none", with_length("200 OK", list), op_status::bad_response,
         "BadListing", false, true, s3_rig::list(10, 1)},
        {"a listing without end", with_length("200 OK", "<ListBucketResult><Contents>"),
         op_status::bad_response, "BadListing", false, true, s3_rig::list(10, 1)},
    });
}

TEST_CASE("s3_driver_wrong_content_is_found_and_named") {
    s3_rig source({"http://127.0.0.1:1"});
    const std::string whole = right_content();
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{31}, std::size_t{32}, whole.size() - 1}) {
        std::string spoilt = whole;
        spoilt[at] = static_cast<char>(spoilt[at] ^ 0x10);
        odd_server s(source, with_length("200 OK", spoilt), false);
        s3_rig rig({s.server.url()});
        const engine::outcome out = rig.run(rig.session(), s3_rig::get(7, object_bytes));
        CHECK_MESSAGE(out.status == op_status::corrupt, describe(out));
        CHECK(std::string(out.code) == "WrongContent");
        CHECK(std::string(out.example).ends_with("offset " + std::to_string(at)));
    }
    check_verdicts({
        {"another version", with_length("200 OK", source.content(7, 1, object_bytes)),
         op_status::corrupt, "WrongContent", false, true},
        {"too short", with_length("200 OK", whole.substr(0, 99)), op_status::corrupt, "WrongSize",
         false, true},
        {"empty", with_length("200 OK", ""), op_status::corrupt, "WrongSize", false, true},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", op_status::corrupt, "WrongSize", false,
         true},
        {"the whole for a range", with_length("200 OK", whole), op_status::bad_response,
         "RangeIgnored", false, true, s3_rig::get_range(7, object_bytes, 10, 20)},
        {"content of another range", with_length(partial(10, 29), whole.substr(11, 20)),
         op_status::corrupt, "WrongContent", false, true,
         s3_rig::get_range(7, object_bytes, 10, 20)},
        {"another range", with_length(partial(11, 30), whole.substr(11, 20)),
         op_status::bad_response, "WrongRange", false, true,
         s3_rig::get_range(7, object_bytes, 10, 20)},
        {"a range of another size", with_length(partial(10, 29, 1), whole.substr(10, 20)),
         op_status::bad_response, "WrongRange", false, true,
         s3_rig::get_range(7, object_bytes, 10, 20)},
        {"a range that is not named", with_length("206 Partial Content", whole.substr(10, 20)),
         op_status::bad_response, "WrongRange", false, true,
         s3_rig::get_range(7, object_bytes, 10, 20)},
        {"a part where all was asked for", with_length(partial(0, 19), whole.substr(0, 20)),
         op_status::bad_response, "WrongRange", false, true},
        {"a head of another size", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
         op_status::corrupt, "WrongSize", false, true, s3_rig::head(7, object_bytes)},
    });
}

TEST_CASE("s3_driver_refusals_are_classified_and_keep_the_connection") {
    check_verdicts({
        {"denied", refusal("403 Forbidden", "AccessDenied"), op_status::client_error,
         "AccessDenied", false, true},
        {"slow down", refusal("503 Service Unavailable", "SlowDown"), op_status::slow_down,
         "SlowDown", false, true},
        {"429", with_length("429 Too Many Requests", ""), op_status::slow_down, "HTTP429", false,
         true},
        {"500", refusal("500 Internal Server Error", "InternalError"), op_status::server_error,
         "InternalError", false, true},
        {"a proxy's page", with_length("502 Bad Gateway", "<html>nginx</html>"),
         op_status::server_error, "HTTP502", false, true},
        {"redirect", refusal("307 Temporary Redirect\r\nLocation: http://x/", "TemporaryRedirect"),
         op_status::redirect, "TemporaryRedirect", false, true},
        {"a head refused", "HTTP/1.1 404 Not Found\r\nContent-Length: 120\r\n\r\n",
         op_status::client_error, "HTTP404", false, true, s3_rig::head(7, object_bytes)},
        {"a page of 1 MiB", with_length("403 Forbidden", std::string(1 << 20, 'x')),
         op_status::client_error, "HTTP403", false, true},
        {"999", with_length("999 What", ""), op_status::bad_response, "HTTP999", false, true},
    });
    s3_rig source({"http://127.0.0.1:1"});
    odd_server s(source, refusal("404 Not Found", "NoSuchKey"), false);
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    for (int i = 0; i < 3; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::get(7, object_bytes));
        CHECK(std::string(out.example) == "HTTP 404 NoSuchKey: because");
    }
    CHECK(s.server.connections() == 1);
}

TEST_CASE("s3_driver_unverified_large_bodies_are_counted_to_the_byte") {
    constexpr std::uint64_t large = 3'000'000;
    for (const bool in_kernel : {true, false}) {
        for (const int lie : {0, 1, -1}) {
            canned_s3 server([&](canned_connection& c) {
                while (c.read_request().came()) {
                    c.send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: " +
                           std::to_string(large) + "\r\n\r\n");
                    c.send(std::string(large - 10, 'x'));
                    c.send(std::string(static_cast<std::size_t>(10 + lie), 'y'));
                    if (lie != 0 && c.number() == 0) return;
                    if (lie != 0) c.send("y");
                }
            });
            s3_rig rig({server.url()});
            rig.group.data.verify = false;
            rig.config.discard_in_kernel = in_kernel;
            engine::session& session = rig.session();
            const engine::outcome out = rig.run(session, s3_rig::get(7, large));
            INFO("lie " << lie << ", in the kernel " << in_kernel << ": " << describe(out));
            if (lie < 0) {
                CHECK(out.status == op_status::connection_lost);
                continue;
            }
            // A byte too many comes after the end: it belongs to no answer and ends the connection.
            CHECK((out.status == op_status::ok || lie > 0));
            if (out.status == op_status::ok) CHECK(out.bytes == large);
        }
    }
}

}  // namespace
