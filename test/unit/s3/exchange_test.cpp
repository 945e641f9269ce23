// The exchange, failed at every step: each byte of request and answer is once the last one.

#include <doctest/doctest.h>

#include "../../support/allocations.hpp"
#include "exchange_play.hpp"

namespace {

using namespace chopsticks;
using namespace exchange_play;
using fault = exchange_fault;
using after = script::after;

const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const std::string refused = "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!";

struct right_answer {
    const char* name;
    std::string text;
    int status;
    std::string body;
    bool must_close = false;
    bool of_head = false;
    bool until_close = false;
};

const right_answer right_answers[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", 200, "0123456789"},
    {"empty", empty, 200, ""},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
    {"chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX: "
     "y\r\n\r\n",
     200, "abcd"},
    {"until close", "HTTP/1.1 200 OK\r\n\r\nall that comes", 200, "all that comes", true, false,
     true},
    {"to head", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 200, "", false, true},
    {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", 200, "x", true},
    {"old", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", true},
    {"old and kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200,
     "x"},
    {"refusal", refused, 403, "no!"},
    {"after interim ones", interim + go_on + empty, 200, ""},
};

script script_of(const right_answer& r) {
    script s;
    s.answer = r.text;
    s.request.head_request = r.of_head;
    s.then = r.until_close ? after::close : after::silence;
    return s;
}

void check_right(const played& got, const right_answer& r) {
    REQUIRE(got.fault == fault::none);
    REQUIRE(got.status == r.status);
    REQUIRE(got.body == r.body);
    REQUIRE(got.must_close == r.must_close);
}

TEST_CASE("exchange_answers_cut_anywhere_are_the_same_answers") {
    exchange one;
    for (const right_answer& r : right_answers) {
        CAPTURE(r.name);
        script s = script_of(r);
        check_right(play(one, s), r);
        for (s.cut = 1; s.cut < r.text.size(); ++s.cut)
            check_right(play(one, s), r);
        for (s.read_bytes = 1; s.read_bytes < 5; ++s.read_bytes)
            check_right(play(one, s), r);
    }
}

TEST_CASE("exchange_connection_that_ends_within_an_answer_is_lost_there") {
    exchange one;
    for (const right_answer& r : right_answers) {
        CAPTURE(r.name);
        const std::size_t body_at = r.text.find("\r\n\r\n", r.text.rfind("HTTP/1.")) + 4;
        for (std::size_t n = 0; n < r.text.size(); ++n) {
            CAPTURE(n);
            script s = script_of(r);
            s.answer = r.text.substr(0, n);
            const fault lost = n < body_at ? fault::lost_unanswered : fault::lost_body;
            s.then = after::reset;
            REQUIRE(play(one, s).fault == lost);
            s.then = after::silence;
            REQUIRE(play(one, s).fault == fault::timed_out);
            s.then = after::cancel;
            REQUIRE(play(one, s).fault == fault::cancelled);
            s.then = after::close;
            const played closed = play(one, s);
            const bool whole = r.until_close && n >= body_at;
            REQUIRE(closed.fault == (whole ? fault::none : lost));
            REQUIRE(closed.must_close);
            if (whole) REQUIRE(closed.body == r.text.substr(body_at, n - body_at));
        }
        // After each of these the machine is as new.
        check_right(play(one, script_of(r)), r);
    }
}

TEST_CASE("exchange_request_is_sent_whole_in_whatever_pieces") {
    for (const std::uint64_t body : {0, 1, 7, 1000}) {
        for (const std::size_t piece : {1, 2, 19, 20, 21, 500}) {
            script s;
            s.request.body_bytes = body;
            s.send_bytes = piece;
            s.answer = empty;
            const played got = play(s);
            REQUIRE(got.fault == fault::none);
            REQUIRE(got.sent == 20 + body);
            REQUIRE(got.waits == 0);
        }
    }
}

TEST_CASE("exchange_answer_before_the_request_is_sent_ends_it") {
    exchange one;
    for (std::size_t sent = 1; sent < 50; ++sent) {
        for (const std::size_t read : {1, 7, 100'000}) {
            CAPTURE(sent);
            script s;
            s.request.body_bytes = 30;
            s.answers_after = sent;
            s.read_bytes = read;
            s.answer = interim + refused;
            const played refusal = play(one, s);
            REQUIRE(refusal.fault == fault::none);
            REQUIRE(refusal.status == 403);
            REQUIRE(refusal.body == "no!");
            REQUIRE(refusal.must_close);
            REQUIRE(refusal.sent == sent);
            s.answer = empty;
            const played success = play(one, s);
            REQUIRE(success.fault == fault::early_success);
            REQUIRE(success.status == 0);
            REQUIRE(success.must_close);
            s.answer = "SSH-2.0-x\r\n";
            REQUIRE(play(one, s).fault == fault::not_http);
            s.answer = "HTTP/1.1 101 Switching\r\n\r\n";
            REQUIRE(play(one, s).fault == fault::switching_protocols);
        }
    }
}

TEST_CASE("exchange_sending_that_breaks_looks_for_the_reason_first") {
    exchange one;
    for (std::size_t sent = 0; sent < 50; ++sent) {
        CAPTURE(sent);
        script s;
        s.request.body_bytes = 30;
        s.answers_after = sent;
        s.breaks_sending = true;
        REQUIRE(play(one, s).fault == fault::lost_sending);
        s.answer = refused;
        // Before the first byte nothing can be an answer.
        if (sent == 0) {
            REQUIRE(play(one, s).fault == fault::lost_sending);
            continue;
        }
        for (s.read_bytes = 1; s.read_bytes < 4; ++s.read_bytes) {
            const played got = play(one, s);
            REQUIRE(got.fault == fault::none);
            REQUIRE(got.status == 403);
            REQUIRE(got.must_close);
        }
        // Half an answer is none.
        for (std::size_t n = 0; n < refused.find("\r\n\r\n") + 4; ++n) {
            s.answer = refused.substr(0, n);
            REQUIRE(play(one, s).fault == fault::lost_sending);
        }
    }
}

TEST_CASE("exchange_end_while_the_request_is_sent_is_told_as_that") {
    exchange one;
    for (std::size_t sent = 1; sent < 50; ++sent) {
        script s;
        s.request.body_bytes = 30;
        s.answers_after = sent;
        for (const std::string& begun : {std::string(), interim, refused.substr(0, 20)}) {
            s.answer = begun;
            s.then = after::close;
            REQUIRE(play(one, s).fault == fault::lost_unread);
            s.then = after::reset;
            REQUIRE(play(one, s).fault == fault::lost_unread);
            s.then = after::silence;
            REQUIRE(play(one, s).fault == fault::timed_out);
            s.then = after::cancel;
            REQUIRE(play(one, s).fault == fault::cancelled);
        }
    }
}

script expecting() {
    script s;
    s.request.body_bytes = 30;
    s.request.expects_continue = true;
    s.answers_expect = true;
    return s;
}

TEST_CASE("exchange_body_waits_for_the_word_wherever_it_is_cut") {
    exchange one;
    script s = expecting();
    for (const std::string& word :
         {go_on, interim + go_on, go_on + go_on, interim + interim + go_on}) {
        s.answer = word + empty;
        // Longer reads would hold the whole answer and the end of the word.
        for (s.read_bytes = 1; s.read_bytes < 30; ++s.read_bytes) {
            const played got = play(one, s);
            REQUIRE(got.fault == fault::none);
            REQUIRE(got.sent == 50);
            REQUIRE(got.waits >= go_on.size() / s.read_bytes);
        }
    }
    // The answer behind the word in one read: before the body was sent.
    s.read_bytes = all;
    s.answer = go_on + empty;
    CHECK(play(one, s).fault == fault::early_success);
    s.answer = go_on + refused;
    const played refusal = play(one, s);
    CHECK(refusal.fault == fault::none);
    CHECK(refusal.sent == 20);
}

TEST_CASE("exchange_without_the_word_the_body_is_sent_after_a_wait") {
    script s = expecting();
    s.answers_expect = false;
    s.answer = empty;
    const played got = play(s);
    CHECK(got.fault == fault::none);
    CHECK(got.sent == 50);
    CHECK(got.waits == 1);
    // The word comes late: it is an interim answer then.
    s.answer = go_on + empty;
    CHECK(play(s).fault == fault::none);
    // Nothing to hold back.
    s.request.body_bytes = 0;
    CHECK(play(s).waits == 0);
}

TEST_CASE("exchange_anything_but_the_word_sends_no_body") {
    exchange one;
    const struct {
        std::string answer;
        after then;
        fault what;
    } cases[] = {
        {refused, after::silence, fault::none},
        {interim + refused, after::silence, fault::none},
        {empty, after::silence, fault::early_success},
        {"rubbish\r\n\r\n", after::silence, fault::not_http},
        {"HTTP/1.1 101 Switching\r\n\r\n", after::silence, fault::switching_protocols},
        {"", after::close, fault::lost_unread},
        {"", after::reset, fault::lost_unread},
        {"", after::cancel, fault::cancelled},
        {"HTTP/1.1 10", after::close, fault::lost_unread},
        {interim, after::close, fault::lost_unread},
    };
    for (const auto& c : cases) {
        script s = expecting();
        s.answer = c.answer;
        s.then = c.then;
        for (s.read_bytes = 1; s.read_bytes < 50; s.read_bytes += 7) {
            CAPTURE(c.answer);
            const played got = play(one, s);
            REQUIRE(got.fault == c.what);
            REQUIRE(got.sent == 20);
            REQUIRE(got.must_close);
        }
    }
}

TEST_CASE("exchange_bytes_behind_the_end_are_no_part_of_an_answer") {
    exchange one;
    for (const right_answer& r : right_answers) {
        if (r.until_close) continue;
        CAPTURE(r.name);
        const std::size_t body_at = r.text.find("\r\n\r\n", r.text.rfind("HTTP/1.")) + 4;
        const bool length_known = r.text.find("Content-Length") < body_at && !r.of_head;
        for (const std::string& more : {std::string("x"), empty}) {
            script s = script_of(r);
            s.answer += more;
            for (s.cut = 1; s.cut < s.answer.size(); ++s.cut) {
                CAPTURE(s.cut);
                // Where the length is known no more is read than that, but what brings the head
                // brings what it brings.
                const bool apart = s.cut == r.text.size() ||
                                   (length_known && s.cut >= body_at && s.cut < r.text.size());
                const played got = play(one, s);
                REQUIRE(got.fault == (apart ? fault::none : fault::extra_bytes));
                REQUIRE(got.must_close == (!apart || r.must_close));
            }
        }
    }
}

TEST_CASE("exchange_rubbish_is_refused_in_every_place") {
    exchange one;
    for (const std::string& text :
         {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("\x15\x03\x01\x00\x02\x02\x50", 7),
          std::string("HTTP/2 200\r\n\r\n"), std::string("\r\n\r\n"), std::string(70'000, 'x'),
          "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), interim + "rubbish\r\n\r\n"}) {
        script s;
        s.answer = text;
        for (const std::size_t read : {std::size_t{1}, std::size_t{7}, all}) {
            if (read != all && text.size() > 1000) continue;
            s.read_bytes = read;
            const played got = play(one, s);
            REQUIRE(got.fault == fault::not_http);
            REQUIRE(got.must_close);
        }
    }
    script s;
    s.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab";
    for (s.read_bytes = 1; s.read_bytes < 60; ++s.read_bytes) {
        const played got = play(one, s);
        REQUIRE(got.fault == fault::bad_chunk);
        REQUIRE(got.body == "a");
    }
    // A byte of the head that is another one: never a whole answer that says something else.
    for (std::size_t at = 0; at < empty.size(); ++at) {
        for (const char other : {'\0', ' ', ':', 'x', '\n', '\x80'}) {
            s = script();
            s.answer = empty;
            s.answer[at] = other;
            s.then = after::reset;
            const played got = play(one, s);
            if (got.fault == fault::none) REQUIRE((got.status == 200 && got.body.empty()));
        }
    }
}

TEST_CASE("exchange_body_may_be_dropped_unseen") {
    exchange one;
    exchange_request request;
    request.head_bytes = 1;
    one.begin(request);
    REQUIRE(one.next() == exchange_step::send);
    one.sent(1);
    REQUIRE(one.next() == exchange_step::receive);
    CHECK_FALSE(one.may_skip());
    CHECK(one.room() == ~0ULL);
    one.received("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
    REQUIRE(one.next() == exchange_step::head);
    CHECK(one.has_head());
    CHECK(one.may_skip());
    REQUIRE(one.next() == exchange_step::body);
    CHECK(one.piece() == "abc");
    REQUIRE(one.next() == exchange_step::receive);
    CHECK(one.room() == 997);
    one.skipped(990);
    REQUIRE(one.next() == exchange_step::receive);
    CHECK(one.room() == 7);
    one.skipped(7);
    REQUIRE(one.next() == exchange_step::finish);
    CHECK(one.fault() == fault::none);
    CHECK(one.body_bytes() == 1000);
    CHECK_FALSE(one.must_close());
}

TEST_CASE("exchange_says_what_happened") {
    exchange one;
    const auto text = [&](const script& s) {
        const failure f = explain(play(one, s).ending, "1.2.3.4:80");
        return std::string(name(f.status)) + " " + f.code + ": " + f.text;
    };
    script s;
    CHECK(text(s) == "timeout Timeout: no complete answer from 1.2.3.4:80 within the time-out");
    s.then = after::close;
    CHECK(text(s) == "connection_lost Closed: 1.2.3.4:80 closed the connection before it answered");
    s.then = after::reset;
    CHECK(text(s) ==
          "connection_lost Reset: 1.2.3.4:80 Connection reset by peer before it answered");
    s.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab";
    s.then = after::close;
    CHECK(
        text(s) ==
        "connection_lost Closed: 1.2.3.4:80 closed the connection after 2 of 9 bytes of the body");
    s.answers_after = 5;
    s.answer.clear();
    CHECK(text(s) ==
          "connection_lost Closed: 1.2.3.4:80 closed the connection before it had read the whole "
          "request");
    s.breaks_sending = true;
    CHECK(text(s) == "connection_lost Reset: 1.2.3.4:80 Broken pipe while the request was sent");
    s = script();
    s.then = after::cancel;
    CHECK(text(s) == "cancelled : ");
    s.answer = std::string("\x15\x03\x01", 3);
    CHECK(text(s).find("write https://") != std::string::npos);
    s.plain = false;
    CHECK(text(s).find("is this an S3 endpoint?") != std::string::npos);
    s.answer = empty;
    CHECK(text(s) == "ok : ");
}

TEST_CASE("exchange_allocates_nothing_once_warm") {
    exchange one;
    script s;
    s.answer = interim + refused;
    s.read_bytes = 9;
    peer first(one, s);
    static_cast<void>(first.play());
    peer second(one, s);
    const std::uint64_t before = ::allocations();
    const played got = second.play();
    const std::uint64_t made = ::allocations() - before;
    CHECK(got.status == 403);
    CHECK(made == 0);
}

}  // namespace
