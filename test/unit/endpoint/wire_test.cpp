#include "wire.hpp"

#include <doctest/doctest.h>

using namespace chopsticks;
using namespace chopsticks::endpoint;

namespace {

struct wire_fixture {
    memory_pool pool{1 << 20};
    exchange x{pool, true};
    random_stream random{1};

    explicit wire_fixture(std::string text = "0123456789") {
        x.head.method = "GET";
        x.id = 0xabc;
        x.answer.field("ETag", "\"e\"");
        x.answer.text = std::move(text);
        x.answer.length = x.answer.text.size();
    }

    wire_response spoilt(const char* rule) {
        wire_response out;
        render(out, x, true);
        spoil(out, x, parse_faults(rule).rules[0], random);
        return out;
    }
};

std::string sent(const wire_response& w) {
    std::string out;
    for (const slice& s : w.content.slices)
        out.append(s.data, s.size);
    return out;
}

using ending = wire_response::ending;

}  // namespace

TEST_CASE("wire_whole_response_is_http") {
    wire_fixture f;
    wire_response out;
    render(out, f.x, true);
    CHECK(out.head.starts_with("HTTP/1.1 200 OK\r\nServer: chopsticks\r\nDate: "));
    CHECK(out.head.find("\r\nx-amz-request-id: 0000000000000ABC\r\n") != std::string::npos);
    CHECK(out.head.find("\r\nETag: \"e\"\r\n") != std::string::npos);
    CHECK(out.head.ends_with("\r\nContent-Length: 10\r\n\r\n"));
    CHECK(out.head.find("Connection") == std::string::npos);
    CHECK(sent(out) == "0123456789");
    CHECK(out.after == ending::keep);
    wire_response last;
    render(last, f.x, false);
    CHECK(last.head.find("\r\nConnection: close\r\n") != std::string::npos);
    CHECK(last.after == ending::close);
}

TEST_CASE("wire_response_without_body_has_the_length_it_should") {
    wire_fixture f;
    f.x.answer.body_follows = false;
    wire_response head;
    render(head, f.x, true);
    CHECK(head.head.ends_with("\r\nContent-Length: 10\r\n\r\n"));
    CHECK(sent(head).empty());
    f.x.answer.status = 204;
    wire_response none;
    render(none, f.x, true);
    CHECK(none.head.find("Content-Length") == std::string::npos);
    CHECK(none.head.ends_with("\r\n\r\n"));
    CHECK(none.head.find("\r\n\r\n") == none.head.size() - 4);
}

TEST_CASE("wire_field_cannot_be_split_by_its_value") {
    wire_fixture f;
    f.x.answer.field("Content-Type", "a\r\nEvil: 1");
    CHECK(f.x.answer.fields.find("\r\nEvil") == std::string::npos);
}

TEST_CASE("wire_faults_spoil_what_they_say") {
    wire_fixture f;
    wire_response whole;
    render(whole, f.x, true);
    for (const auto& [rule, after] : {std::pair{"stall", ending::stall},
                                      {"reset", ending::reset},
                                      {"hang_up", ending::close}}) {
        const wire_response w = f.spoilt(rule);
        CHECK(w.head.empty());
        CHECK(sent(w).empty());
        CHECK(w.after == after);
        CHECK_FALSE(w.whole);
    }
    const wire_response head = f.spoilt("stall_head");
    CHECK(head.head == whole.head.substr(0, whole.head.size() / 2));
    CHECK(sent(head).empty());
    CHECK(head.after == ending::stall);
    for (const auto& [rule, after] : {std::pair{"stall_body", ending::stall},
                                      {"reset_body", ending::reset},
                                      {"truncate", ending::close}}) {
        const wire_response w = f.spoilt(rule);
        CHECK(w.head == whole.head);
        CHECK(sent(w) == "01234");
        CHECK(w.after == after);
        CHECK_FALSE(w.whole);
    }
    const wire_response garbage = f.spoilt("garbage:bytes=77");
    CHECK(garbage.head.size() == 77);
    CHECK_FALSE(garbage.head.starts_with("HTTP"));
    CHECK(garbage.after == ending::close);
}

TEST_CASE("wire_corrupt_body_differs_in_one_bit") {
    for (const char* text : {"x", "xy", "0123456789"}) {
        wire_fixture f{text};
        const wire_response w = f.spoilt("corrupt");
        const std::string got = sent(w);
        REQUIRE(got.size() == std::string(text).size());
        int bits = 0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            bits += __builtin_popcount(static_cast<unsigned char>(got[i] ^ text[i]));
        }
        CHECK(bits == 1);
        CHECK(w.whole);
        CHECK(w.after == ending::keep);
    }
}

TEST_CASE("wire_length_lies_by_so_many_bytes") {
    wire_fixture f;
    CHECK(f.spoilt("length:bytes=5").head.ends_with("\r\nContent-Length: 15\r\n\r\n"));
    CHECK(f.spoilt("length:bytes=-3").head.ends_with("\r\nContent-Length: 7\r\n\r\n"));
    CHECK(f.spoilt("length:bytes=-30").head.ends_with("\r\nContent-Length: 0\r\n\r\n"));
    CHECK(sent(f.spoilt("length:bytes=-3")) == "0123456789");
}

TEST_CASE("wire_body_faults_leave_empty_bodies_alone") {
    wire_fixture f{""};
    wire_response whole;
    render(whole, f.x, true);
    for (const char* rule : {"stall_body", "reset_body", "truncate", "corrupt"}) {
        const wire_response w = f.spoilt(rule);
        CHECK(w.head == whole.head);
        CHECK(w.after == ending::keep);
        CHECK(w.whole);
    }
}
