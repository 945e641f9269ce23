// What a server may do while a body is on its way to it: wait for it, ask for it, refuse it, leave.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/key.hpp>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;
using namespace std::chrono_literals;

constexpr std::uint64_t upload_bytes = 12 << 20;
constexpr std::uint64_t small_bytes = 5000;
const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string put_done = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";
const std::string denied =
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 61\r\n\r\n"
    "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";

/// A rig whose puts of small_bytes wait for "100 Continue".
struct expecting_rig : s3_rig {
    explicit expecting_rig(const canned_s3& server) : s3_rig({server.url()}) {
        config.expect_continue_bytes = 1000;
    }
};

TEST_CASE("s3_driver_early_refusal_of_a_large_put_is_the_outcome_not_the_reset_after_it") {
    canned_s3 server([](canned_connection& c) {
        if (!c.read_head().came()) return;
        c.send(denied);
        // Closing with unread bytes resets the connection while the client still sends.
    });
    s3_rig rig({server.url()});
    engine::session& session = rig.session();
    for (int i = 0; i < 50; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::put(1, upload_bytes));
        // libcurl reads nothing more once it cannot send: then that is what is told.
        if (driver_under_test() == s3::make_curl_driver && out.status != op_status::client_error) {
            CHECK_MESSAGE(out.status == op_status::connection_lost, describe(out));
            continue;
        }
        CHECK_MESSAGE(out.status == op_status::client_error, describe(out));
        CHECK(std::string(out.code) == "AccessDenied");
    }
    CHECK(server.connections() == 50);
    CHECK(rig.counters().open_connections == 0);
}

TEST_CASE("s3_driver_early_refusal_by_a_server_that_reads_no_more_ends_the_put") {
    std::atomic<bool> over{false};
    canned_s3 server([&](canned_connection& c) {
        if (!c.read_head().came()) return;
        c.send_split(denied, 20);
        while (!over)
            std::this_thread::sleep_for(1ms);
    });
    s3_rig rig({server.url()});
    const engine::outcome out = rig.run(rig.session(), s3_rig::put(1, upload_bytes));
    CHECK_MESSAGE(out.status == op_status::client_error, describe(out));
    CHECK(std::string(out.code) == "AccessDenied");
    over = true;
}

TEST_CASE("s3_driver_refusal_and_reset_while_a_body_is_sent_never_count_as_done") {
    canned_s3 server([](canned_connection& c) {
        if (!c.read_head().came()) return;
        if (c.number() % 2 == 0) std::this_thread::sleep_for(2ms);
        c.reset();
    });
    s3_rig rig({server.url()});
    engine::session& session = rig.session();
    for (int i = 0; i < 20; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::put(1, upload_bytes));
        CHECK_MESSAGE(out.status == op_status::connection_lost, describe(out));
    }
}

TEST_CASE("s3_driver_success_before_the_body_was_sent_is_no_success") {
    std::atomic<bool> over{false};
    canned_s3 server([&](canned_connection& c) {
        if (!c.read_head().came()) return;
        c.send(put_done);
        while (!over)
            std::this_thread::sleep_for(1ms);
    });
    s3_rig rig({server.url()});
    const engine::outcome out = rig.run(rig.session(), s3_rig::put(1, upload_bytes));
    over = true;
    CHECK_MESSAGE(out.status == op_status::bad_response, describe(out));
    CHECK(std::string(out.code) == "EarlyAnswer");
}

TEST_CASE("s3_driver_empty_chunked_answer_may_come_byte_by_byte") {
    const std::string head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    canned_s3 server([&](canned_connection& c) {
        while (c.read_request().came()) {
            c.send(head);
            for (const char byte : std::string_view("0\r\n\r\n")) {
                std::this_thread::sleep_for(5ms);
                c.send(std::string(1, byte));
            }
        }
    });
    s3_rig rig({server.url()});
    engine::session& session = rig.session();
    for (int i = 0; i < 3; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::put(1, small_bytes));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("s3_driver_interim_answers_do_not_stop_a_body_on_its_way") {
    canned_s3 server([](canned_connection& c) {
        for (;;) {
            canned_request r = c.read_head();
            if (!r.came()) return;
            // By now the client has filled the buffers and waits for room.
            std::this_thread::sleep_for(50ms);
            c.send_split(go_on + "HTTP/1.1 102 Processing\r\n\r\n", 30);
            std::this_thread::sleep_for(50ms);
            if (!c.read_body(r)) return;
            c.send_split(put_done, 12);
        }
    });
    s3_rig rig({server.url()});
    rig.options.timeout.operation_ns = 5'000'000'000;
    engine::session& session = rig.session();
    for (int i = 0; i < 3; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::put(1, upload_bytes));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        CHECK(out.bytes == upload_bytes);
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("s3_driver_large_put_arrives_byte_by_byte_at_a_slow_reader") {
    std::string came;
    canned_s3 server(
        [&](canned_connection& c) {
            const canned_request r = c.read_request();
            came = r.body;
            c.send(put_done);
        },
        8192);
    s3_rig rig({server.url()});
    constexpr std::uint64_t size = (2 << 20) + 17;
    const engine::outcome out = rig.run(rig.session(), s3_rig::put(9, size, 4));
    CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    CHECK(came == rig.content(9, 4, size));
}

TEST_CASE("s3_driver_large_form_arrives_byte_by_byte_at_a_slow_reader") {
    std::string came;
    const std::string xml =
        "<PostResponse><Key>" + s3::object_key("test/run-1/", 9) + "</Key></PostResponse>";
    canned_s3 server(
        [&](canned_connection& c) {
            came = c.read_request().body;
            c.send("HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(xml.size()) +
                   "\r\n\r\n" + xml);
        },
        8192);
    s3_rig rig({server.url()});
    constexpr std::uint64_t size = (2 << 20) + 17;
    const engine::outcome out = rig.run(rig.session(), s3_rig::on_object("form_put", 9, size, 4));
    CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    // What stands around the content is none of the object's bytes.
    CHECK(out.bytes == size);
    const std::size_t begin = came.find("application/octet-stream\r\n\r\n") + 28;
    CHECK(came.substr(begin, size) == rig.content(9, 4, size));
    CHECK(came.substr(begin + size).starts_with("\r\n--"));
    CHECK(came.ends_with("--\r\n"));
    CHECK(came.size() < size + 4096);
}

TEST_CASE("s3_driver_continue_is_awaited_wherever_the_answers_are_cut") {
    std::atomic<std::size_t> cut_first{1};
    std::atomic<std::size_t> cut_last{1};
    std::atomic<unsigned> too_early{0};
    canned_s3 server([&](canned_connection& c) {
        for (;;) {
            canned_request r = c.read_head();
            if (!r.came()) return;
            if (!r.has("\r\nExpect: 100-continue\r\n")) ++too_early;
            c.send_split(go_on, cut_first);
            if (!c.read_body(r)) return;
            c.send_split(put_done, cut_last);
        }
    });
    expecting_rig rig(server);
    engine::session& session = rig.session();
    for (std::size_t at = 1; at < put_done.size(); ++at) {
        cut_first = std::min(at, go_on.size() - 1);
        cut_last = at;
        const engine::outcome out = rig.run(session, s3_rig::put(1, small_bytes));
        INFO("cut at " << at << ": " << describe(out));
        REQUIRE(out.status == op_status::ok);
        CHECK(out.bytes == small_bytes);
        CHECK(out.first_byte_ns >= out.sent_ns);
    }
    CHECK(too_early == 0);
    CHECK(server.connections() == 1);
}

TEST_CASE("s3_driver_no_body_is_sent_before_the_server_asks_for_it") {
    std::atomic<std::size_t> after_head{0};
    canned_s3 server([&](canned_connection& c) {
        canned_request r = c.read_head();
        if (!r.came()) return;
        if (c.number() == 1) {
            c.send("HTTP/1.1 103 Early Hints\r\n\r\n" + go_on + go_on);
            if (!c.read_body(r)) return;
            c.send(put_done);
            c.await_close();
            return;
        }
        c.send(denied);
        c.finish_sending();
        c.read_body(r);
        after_head += r.body.size();
    });
    expecting_rig rig(server);
    engine::session& session = rig.session();
    const engine::outcome refused = rig.run(session, s3_rig::put(1, small_bytes));
    CHECK_MESSAGE(refused.status == op_status::client_error, describe(refused));
    CHECK(refused.first_byte_ns > 0);
    CHECK(rig.counters().open_connections == 0);
    const engine::outcome taken = rig.run(session, s3_rig::put(1, small_bytes));
    CHECK_MESSAGE(taken.status == op_status::ok, describe(taken));
    CHECK(after_head == 0);
}

TEST_CASE("s3_driver_server_that_ignores_expect_gets_the_body_after_a_wait") {
    for (const bool says_it_late : {false, true}) {
        canned_s3 server([&](canned_connection& c) {
            for (;;) {
                canned_request r = c.read_head();
                if (!r.came()) return;
                std::this_thread::sleep_for(says_it_late ? 1200ms : 0ms);
                if (says_it_late) c.send(go_on);
                if (!c.read_body(r)) return;
                c.send(put_done);
            }
        });
        expecting_rig rig(server);
        rig.options.timeout.operation_ns = 4'000'000'000;
        const std::uint64_t size = says_it_late ? upload_bytes : small_bytes;
        const engine::outcome out = rig.run(rig.session(), s3_rig::put(1, size));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        CHECK(out.done_ns - out.sent_ns > 900'000'000);
        CHECK(out.done_ns - out.sent_ns < 2'500'000'000);
        CHECK(rig.counters().timeouts == 0);
    }
}

TEST_CASE("s3_driver_expect_answered_with_anything_else_fails_as_what_it_is") {
    struct {
        std::string answer;
        op_status status;
        const char* code;
    } const all[] = {
        {"", op_status::connection_lost, "Closed"},
        {"HTTP/1.1 10", op_status::connection_lost, "Closed"},
        {"rubbish\r\n\r\n", op_status::bad_response, "NotHttp"},
        {put_done, op_status::bad_response, "EarlyAnswer"},
        {go_on.substr(0, 20) + "x\r\n\r\n" + go_on, op_status::connection_lost, "Closed"},
        {"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", op_status::client_error,
         "HTTP417"},
    };
    for (const auto& one : all) {
        canned_s3 server([&](canned_connection& c) {
            canned_request r = c.read_head();
            if (!r.came()) return;
            c.send(one.answer);
            if (one.answer.starts_with("HTTP/1.1 100")) c.read_body(r);
        });
        expecting_rig rig(server);
        const engine::outcome out = rig.run(rig.session(), s3_rig::put(1, small_bytes));
        CHECK_MESSAGE(out.status == one.status, describe(out));
        CHECK(std::string(out.code) == one.code);
        CHECK(rig.counters().open_connections == 0);
    }
}

}  // namespace
