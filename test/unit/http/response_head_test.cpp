#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/http/response_head.hpp>
#include <string>

#include "beast_oracle.hpp"
#include "mutate.hpp"

using namespace chopsticks;
using namespace chopsticks::http;

namespace {

const std::string typical =
    "HTTP/1.1 200 OK\r\n"
    "x-amz-id-2: eftixk72aD6Ap51T\r\n"
    "x-amz-request-id: 318BC8BC148832E5\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "ETag: \"fba9dede5f27731c9771645a39863328\"\r\n"
    "Content-Type: binary/octet-stream\r\n"
    "Content-Length: 65536\r\n"
    "x-amz-bucket-region:eu-west-3\r\n"
    "Server: \t AmazonS3 \t \r\n"
    "\r\n";

head_state state_of(std::string_view bytes, bool head_request = false) {
    response_head out;
    return parse_head(bytes, out, head_request);
}

response_head parsed(std::string_view bytes, bool head_request = false) {
    response_head out;
    REQUIRE(parse_head(bytes, out, head_request) == head_state::complete);
    return out;
}

std::string with(std::string_view fields, std::string_view line = "HTTP/1.1 200 OK") {
    return std::string(line) + "\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("parse_head_typical_response_yields_every_field") {
    const std::string text = typical + "body";
    const response_head head = parsed(text);
    CHECK(head.status == 200);
    CHECK(head.version_minor == 1);
    CHECK(head.body == body_kind::length);
    CHECK(head.keep_alive);
    CHECK(head.has_content_length);
    CHECK(head.content_length == 65536);
    CHECK(head.head_bytes == typical.size());
    CHECK(head.etag == "\"fba9dede5f27731c9771645a39863328\"");
    CHECK(head.request_id == "318BC8BC148832E5");
    CHECK(head.date == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(head.bucket_region == "eu-west-3");
    CHECK(head.server == "AmazonS3");
    CHECK(head.content_type == "binary/octet-stream");
    CHECK_FALSE(head.xml);
    CHECK(head.location.empty());
}

TEST_CASE("parse_head_cut_anywhere_needs_more") {
    for (std::size_t n = 0; n < typical.size(); ++n) {
        CAPTURE(n);
        REQUIRE(state_of(typical.substr(0, n)) == head_state::need_more);
    }
    CHECK(state_of(typical) == head_state::complete);
}

TEST_CASE("parse_head_rubbish_is_bad_with_the_first_wrong_byte") {
    CHECK(state_of("S") == head_state::bad);
    CHECK(state_of("HTTP/2") == head_state::bad);
    CHECK(state_of("HTTP/1.2") == head_state::bad);
    CHECK(state_of("\r\n") == head_state::bad);
    CHECK(state_of("\x16\x03\x01") == head_state::bad);  // a TLS server's alert
}

TEST_CASE("parse_head_malformed_is_bad") {
    const std::string bad[] = {
        with("", "HTTP/1.1 2000 OK"),
        with("", "HTTP/1.1  200 OK"),
        with("", "HTTP/1.1 20 OK"),
        with("", "HTTP/1.1 099 Low"),
        with("", "HTTP/1.1 200"),
        with("", "http/1.1 200 OK"),
        with("", "HTTP/1.1 200 O\x01K"),
        with("", "HTTP/1.1 200 OK\r"),
        "HTTP/1.1 200 OK\n\n",
        with("Name : value\r\n"),
        with(": value\r\n"),
        with("Name\r\n"),
        with("Na me: value\r\n"),
        with("Name: val\x7fue\r\n"),
        with("Name: val" + std::string(1, '\0') + "ue\r\n"),
        with("Name: value\n"),
        with("Name: value\r\r\n"),
        with("Name: one\r\n two\r\n"),
        with(" Name: one\r\n"),
        with("N\xc3\xa4me: value\r\n"),
        with("Content-Length: 1\r\nContent-Length: 2\r\n"),
        with("Content-Length: 1, 1\r\n"),
        with("Content-Length:\r\n"),
        with("Content-Length: +1\r\n"),
        with("Content-Length: -1\r\n"),
        with("Content-Length: 0x10\r\n"),
        with("Content-Length: 1 2\r\n"),
        with("Content-Length: 99999999999999999999\r\n"),
        with("Content-Length: 18446744073709551615\r\n"),
        with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        with("Transfer-Encoding: gzip, chunked\r\n"),
        with("Transfer-Encoding: identity\r\n"),
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        with("Transfer-Encoding: chunked\r\n", "HTTP/1.0 200 OK"),
        with("Connection: a b\r\n"),
    };
    for (const std::string& text : bad) {
        CAPTURE(text);
        CHECK(state_of(text) == head_state::bad);
    }
}

TEST_CASE("parse_head_body_kind_follows_rfc9112") {
    struct {
        const char* line;
        const char* fields;
        bool head_request;
        body_kind body;
        bool keep_alive;
    } cases[] = {
        {"HTTP/1.1 200 OK", "Content-Length: 0\r\n", false, body_kind::length, true},
        {"HTTP/1.1 200 OK", "Content-Length: 7\r\nContent-Length: 7\r\n", false, body_kind::length,
         true},
        {"HTTP/1.1 200 OK", "transfer-ENCODING: Chunked\r\n", false, body_kind::chunked, true},
        {"HTTP/1.1 200 OK", "", false, body_kind::until_close, false},
        {"HTTP/1.1 200 OK", "Content-Length: 7\r\n", true, body_kind::none, true},
        {"HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", true, body_kind::none, true},
        {"HTTP/1.1 200 OK", "", true, body_kind::none, true},
        {"HTTP/1.1 204 No Content", "", false, body_kind::none, true},
        {"HTTP/1.1 304 Not Modified", "Content-Length: 9\r\n", false, body_kind::none, true},
        {"HTTP/1.1 100 Continue", "", false, body_kind::none, true},
        {"HTTP/1.1 503 ", "Content-Length: 1\r\n", false, body_kind::length, true},
        {"HTTP/1.1 200 OK", "Content-Length: 1\r\nConnection: close\r\n", false, body_kind::length,
         false},
        {"HTTP/1.1 200 OK", "Content-Length: 1\r\nConnection: x , ,CLOSE\r\n", false,
         body_kind::length, false},
        {"HTTP/1.0 200 OK", "Content-Length: 1\r\n", false, body_kind::length, false},
        {"HTTP/1.0 200 OK", "Content-Length: 1\r\nConnection: Keep-Alive\r\n", false,
         body_kind::length, true},
        {"HTTP/1.0 200 OK", "Content-Length: 1\r\nConnection: keep-alive\r\nConnection: close\r\n",
         false, body_kind::length, false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.line);
        CAPTURE(c.fields);
        const std::string text = with(c.fields, c.line);
        const response_head head = parsed(text, c.head_request);
        CHECK(head.body == c.body);
        CHECK(head.keep_alive == c.keep_alive);
    }
}

TEST_CASE("parse_head_field_sent_twice_keeps_the_first") {
    const std::string text = with("ETag: \"a\"\r\nETag: \"b\"\r\nLocation:\r\nLocation: late\r\n");
    const response_head head = parsed(text);
    CHECK(head.etag == "\"a\"");
    CHECK(head.location.empty());
}

TEST_CASE("parse_head_content_length_of_head_response_is_kept") {
    CHECK(parsed(with("Content-Length: 123456789012\r\n"), true).content_length == 123456789012);
}

TEST_CASE("parse_head_xml_type_is_recognised") {
    CHECK(parsed(with("Content-Type: application/xml\r\n")).xml);
    CHECK(parsed(with("Content-Type: Text/XML ; charset=utf-8\r\n")).xml);
    CHECK_FALSE(parsed(with("Content-Type: text/html\r\n")).xml);
    CHECK_FALSE(parsed(with("Content-Type: application/xmlish\r\n")).xml);
}

TEST_CASE("parse_head_endless_head_is_bad_at_the_limit") {
    std::string text = "HTTP/1.1 200 OK\r\n";
    while (text.size() < max_head_bytes - 2) {
        const std::size_t room = max_head_bytes - 2 - text.size();
        text += room > 200 ? "X-Filler: " + std::string(150, 'x') + "\r\n"
                           : "Y: " + std::string(room - 5, 'y') + "\r\n";
    }
    CHECK(state_of(text) == head_state::need_more);
    CHECK(state_of(text + "\r\n") == head_state::complete);
    CHECK(state_of(text + "Z: z\r\n\r\n") == head_state::bad);
    CHECK(state_of("HTTP/1.1 200 " + std::string(max_head_bytes, 'a')) == head_state::bad);
}

TEST_CASE("parse_head_control_character_is_found_at_every_offset") {
    // The scan takes eight bytes at a time: each position in a word, and each byte value.
    for (std::size_t at = 0; at < 24; ++at) {
        for (int value = 0; value < 256; ++value) {
            std::string text(24, 'v');
            text[at] = static_cast<char>(value);
            const bool right = (value >= 0x20 && value != 0x7f) || value == '\t';
            const std::string head = with("X: " + text + "\r\n");
            REQUIRE((state_of(head) == head_state::complete) == right);
        }
    }
}

TEST_CASE("parse_head_damaged_heads_beast_accepts_no_less") {
    const std::string corpus[] = {
        typical,
        with("Transfer-Encoding: chunked\r\nConnection: keep-alive, close\r\n"),
        with("Content-Length: 12\r\nConnection: close\r\nETag: \"x\"\r\n"),
        with("Content-Length: 12\r\nContent-Length: 12\r\n", "HTTP/1.0 404 Not Found"),
        with("", "HTTP/1.1 100 Continue"),
        with("Connection: keep-alive\r\nContent-Length: 0\r\n", "HTTP/1.0 307 Temporary Redirect"),
    };
    random_stream random(20240807);
    int agreed = 0;
    int stricter = 0;
    for (int i = 0; i < 200'000; ++i) {
        const std::string text = mutate(corpus[random.below(std::size(corpus))], random);
        const bool head_request = random.below(8) == 0;
        CAPTURE(text);
        response_head ours;
        const head_state state = parse_head(text, ours, head_request);
        const oracle::head theirs = oracle::read_head(text, head_request);
        if (state == head_state::need_more) {
            REQUIRE(theirs.outcome == oracle::state::need_more);
        } else if (state == head_state::bad) {
            if (theirs.outcome == oracle::state::complete) ++stricter;
        } else {
            ++agreed;
            REQUIRE(theirs.outcome == oracle::state::complete);
            REQUIRE(ours.status == theirs.status);
            REQUIRE(ours.head_bytes == theirs.head_bytes);
            REQUIRE(ours.has_content_length == theirs.has_content_length);
            REQUIRE(ours.content_length == theirs.content_length);
            REQUIRE(ours.keep_alive == theirs.keep_alive);
            if (ours.body == body_kind::chunked) REQUIRE(theirs.chunked);
            REQUIRE((ours.body == body_kind::until_close) == theirs.need_eof);
        }
    }
    // Folded lines, lists in Content-Length and transfer codings other than chunked: rare here.
    CHECK(agreed > 50'000);
    CHECK(stricter < 5'000);
}

TEST_CASE("http_date_written_is_read_back") {
    random_stream random(7);
    char text[29];
    for (int i = 0; i < 20'000; ++i) {
        const auto seconds = static_cast<std::int64_t>(random.below(253402300800));
        write_http_date(seconds, text);
        REQUIRE(parse_http_date({text, sizeof text}) == seconds);
    }
    write_http_date(784111777, text);
    CHECK(std::string_view(text, sizeof text) == "Sun, 06 Nov 1994 08:49:37 GMT");
    write_http_date(0, text);
    CHECK(std::string_view(text, sizeof text) == "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST_CASE("http_date_other_forms_are_refused") {
    CHECK(parse_http_date("") == -1);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == -1);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == -1);
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 UTC") == -1);
    CHECK(parse_http_date("Sun, 06 Nox 1994 08:49:37 GMT") == -1);
    CHECK(parse_http_date("Sun, 06 anF 1994 08:49:37 GMT") == -1);
    CHECK(parse_http_date("Sun, 00 Nov 1994 08:49:37 GMT") == -1);
    CHECK(parse_http_date("Sun, 06 Nov 1994 24:49:37 GMT") == -1);
    CHECK(parse_http_date("Sun, 06 Nov 1969 08:49:37 GMT") == -1);
}

TEST_CASE("content_range_right_forms_are_read_and_others_refused") {
    content_range range;
    CHECK(parse_content_range("bytes 5-9/100", range));
    CHECK(range.first == 5);
    CHECK(range.last == 9);
    CHECK(range.total == 100);
    CHECK(parse_content_range("bytes 0-0/*", range));
    CHECK(range.total == 0);
    for (const char* text : {"", "bytes */100", "bytes 9-5/100", "bytes 5-100/100", "5-9/100",
                             "bytes 5-9", "bytes -9/100", "bytes 5-9/", "bytes 5/100-9"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_content_range(text, range));
    }
}
