// Targets that hang, connections that are idle, operations that are cancelled.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;
using namespace std::chrono_literals;

constexpr std::int64_t limit_ns = 200'000'000;
/// A sweep, and what a busy machine adds.
constexpr std::int64_t slack_ns = runtime::reactor::sweep_ns + 1'500'000'000;
constexpr std::uint64_t large_bytes = 12 << 20;
const std::string done = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";
const std::string half_body =
    "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(50'000, 'x');

/// A place where a target can hang, and the operation that meets it.
struct hang {
    std::string name;
    canned_s3::script first;  ///< of connection 0; the others answer
    engine::operation op = s3_rig::put(1, 100);
    bool verify = false;
    bool expects = false;
};

void answer_all(canned_connection& c) {
    while (c.read_request().came())
        c.send(done);
}

canned_s3::script then_answer(const canned_s3::script& first) {
    return [&first](canned_connection& c) {
        if (c.number() > 0) return answer_all(c);
        first(c);
        c.await_close();
    };
}

std::vector<hang> all_hangs() {
    const auto send = [](const std::string& bytes) {
        return [bytes](canned_connection& c) {
            if (c.read_request().came()) c.send(bytes);
        };
    };
    // await_close would read the body.
    const auto deaf = [](canned_connection& c) {
        if (c.read_head().came()) std::this_thread::sleep_for(1s);
    };
    const auto drip = [](canned_connection& c) {
        if (!c.read_request().came()) return;
        c.send("HTTP/1.1 200 OK\r\nX-A: ");
        while (c.send("a"))
            std::this_thread::sleep_for(20ms);
    };
    return {
        {"no answer", send("")},
        {"one byte", send("H")},
        {"half a head", send("HTTP/1.1 200 OK\r\nConte")},
        {"an interim answer and nothing more", send("HTTP/1.1 100 Continue\r\n\r\n")},
        {"half a body", send(half_body), s3_rig::get(1, 100'000)},
        {"half a verified body", send(half_body), s3_rig::get(1, 100'000), true},
        {"half a chunk", send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nxx"),
         s3_rig::get(1, 64)},
        {"half a refusal", send("HTTP/1.1 403 Forbidden\r\nContent-Length: 90\r\n\r\n<Error>")},
        {"half a listing", send("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n<ListBuck"),
         s3_rig::list(10, 1)},
        {"a body nobody reads", deaf, s3_rig::put(1, large_bytes)},
        {"an answer without end", drip},
        {"no word on Expect", deaf, s3_rig::put(1, 5000), false, true},
    };
}

void set_up(s3_rig& rig, const hang& h) {
    rig.group.data.verify = h.verify;
    if (h.expects) rig.config.expect_continue_bytes = 1000;
}

TEST_CASE("s3_driver_hanging_target_costs_one_time_out_and_one_connection") {
    for (const hang& h : all_hangs()) {
        INFO(h.name);
        canned_s3 server(then_answer(h.first), 16 * 1024);
        s3_rig rig({server.url()});
        set_up(rig, h);
        rig.options.timeout.operation_ns = limit_ns;
        engine::session& session = rig.session();
        const engine::outcome out = rig.run(session, h.op);
        CHECK_MESSAGE(out.status == op_status::timeout, describe(out));
        CHECK(out.done_ns - out.sent_ns > limit_ns * 9 / 10);
        CHECK(out.done_ns - out.sent_ns < limit_ns + slack_ns);
        CHECK(rig.counters().timeouts == 1);
        CHECK(rig.counters().open_connections == 0);
        const engine::outcome next = rig.run(session, s3_rig::put(1, 10));
        CHECK_MESSAGE(next.status == op_status::ok, describe(next));
        CHECK(server.connections() == 2);
    }
}

TEST_CASE("s3_driver_cancel_ends_an_operation_in_every_state") {
    for (const hang& h : all_hangs()) {
        INFO(h.name);
        canned_s3 server(then_answer(h.first), 16 * 1024);
        s3_rig rig({server.url()});
        set_up(rig, h);
        engine::session& session = rig.session();
        const auto p = rig.begin(session, h.op);
        std::this_thread::sleep_for(60ms);
        const std::int64_t at = monotonic_ns();
        rig.cancel(session);
        const engine::outcome out = rig.finish(*p);
        CHECK_MESSAGE(out.status == op_status::cancelled, describe(out));
        CHECK(monotonic_ns() - at < slack_ns);
        CHECK(rig.counters().timeouts == 0);
        CHECK(rig.counters().open_connections == 0);
        const engine::outcome next = rig.run(session, s3_rig::put(1, 10));
        CHECK_MESSAGE(next.status == op_status::ok, describe(next));
    }
}

TEST_CASE("s3_driver_connect_that_hangs_ends_by_time_out_or_cancel") {
    const deaf_listener deaf;
    s3_rig rig({deaf.url()});
    rig.options.timeout.connect_ns = limit_ns;
    engine::session& session = rig.session();
    const engine::outcome out = rig.run(session, s3_rig::put(1, 10));
    CHECK_MESSAGE(out.status == op_status::connect_failed, describe(out));
    CHECK(std::string(out.code) == "ConnectTimeout");
    CHECK(out.done_ns - out.sent_ns > limit_ns * 9 / 10);
    CHECK(out.done_ns - out.sent_ns < limit_ns + slack_ns);
    CHECK(rig.counters().timeouts == 1);
    CHECK(rig.counters().connect_failures == 1);

    const auto p = rig.begin(session, s3_rig::put(1, 10));
    std::this_thread::sleep_for(30ms);
    rig.cancel(session);
    const engine::outcome cancelled = rig.finish(*p);
    CHECK_MESSAGE(cancelled.status == op_status::cancelled, describe(cancelled));
    CHECK(rig.counters().open_connections == 0);
}

TEST_CASE("s3_driver_refused_connect_says_where") {
    std::string url;
    {
        const canned_s3 gone([](canned_connection&) {});
        url = gone.url();
    }
    s3_rig rig({url});
    const engine::outcome out = rig.run(rig.session(), s3_rig::put(1, 10));
    CHECK_MESSAGE(out.status == op_status::connect_failed, describe(out));
    CHECK(std::string(out.example) ==
          "cannot connect to " + url.substr(7) + ": Connection refused");
    CHECK(out.sent_ns > 0);
    CHECK(out.done_ns >= out.sent_ns);
}

TEST_CASE("s3_driver_cancel_ends_the_pause_before_a_repetition") {
    canned_s3 server([](canned_connection& c) {
        while (c.read_request().came()) {
            c.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
        }
    });
    s3_rig rig({server.url()});
    rig.config.retries = 20;
    engine::session& session = rig.session();
    const auto p = rig.begin(session, s3_rig::put(1, 10));
    // Pauses of 50, 100, 200, 400 and 800 ms: the last of these begins at 750 ms.
    std::this_thread::sleep_for(900ms);
    const std::int64_t at = monotonic_ns();
    rig.cancel(session);
    const engine::outcome out = rig.finish(*p);
    CHECK_MESSAGE(out.status == op_status::cancelled, describe(out));
    CHECK(monotonic_ns() - at < 400'000'000);
}

TEST_CASE("s3_driver_cancel_of_an_idle_session_changes_nothing_for_the_next_operation") {
    canned_s3 server(answer_all);
    s3_rig rig({server.url()});
    engine::session& session = rig.session();
    rig.cancel(session);
    for (int i = 0; i < 3; ++i) {
        const engine::outcome out = rig.run(session, s3_rig::put(1, 10));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        rig.cancel(session);
    }
}

TEST_CASE("s3_driver_idle_connection_is_closed_after_its_time_and_reopened_when_needed") {
    canned_s3 server(answer_all);
    s3_rig rig({server.url()});
    rig.options.timeout.idle_ns = 500'000'000;
    engine::session& session = rig.session();
    CHECK(rig.run(session, s3_rig::put(1, 10)).status == op_status::ok);
    std::this_thread::sleep_for(300ms);
    CHECK(rig.counters().open_connections == 1);
    CHECK(rig.run(session, s3_rig::put(1, 10)).status == op_status::ok);
    std::this_thread::sleep_for(300ms);
    // The second operation began the time anew.
    CHECK(rig.counters().open_connections == 1);
    std::this_thread::sleep_for(700ms);
    CHECK(rig.counters().open_connections == 0);
    CHECK(rig.run(session, s3_rig::put(1, 10)).status == op_status::ok);
    CHECK(server.connections() == 2);
    CHECK(rig.counters().timeouts == 0);
}

TEST_CASE("s3_driver_connection_the_server_closed_while_idle_costs_no_failure") {
    for (const bool with_reset : {false, true}) {
        std::atomic<bool> leave{false};
        std::atomic<unsigned> left{0};
        canned_s3 server([&](canned_connection& c) {
            if (!c.read_request().came()) return;
            c.send(done);
            while (!leave)
                std::this_thread::sleep_for(1ms);
            with_reset ? c.reset() : c.close();
            ++left;
        });
        s3_rig rig({server.url()});
        engine::session& session = rig.session();
        for (unsigned i = 0; i < 20; ++i) {
            leave = false;
            const engine::outcome out = rig.run(session, s3_rig::put(1, 10));
            CHECK_MESSAGE(out.status == op_status::ok, describe(out));
            leave = true;
            while (left <= i)
                std::this_thread::sleep_for(1ms);
            // The loop has seen the end by the time it has seen this.
            rig.ask([] {});
        }
        CHECK(server.connections() == 20);
    }
}

TEST_CASE("s3_driver_session_that_is_destroyed_closes_its_connection") {
    std::atomic<bool> ended{false};
    canned_s3 server([&](canned_connection& c) {
        answer_all(c);
        ended = true;
    });
    s3_rig rig({server.url()});
    engine::session& session = rig.session();
    CHECK(rig.run(session, s3_rig::put(1, 10)).status == op_status::ok);
    rig.close(session);
    CHECK(rig.counters().open_connections == 0);
    for (int i = 0; i < 1000 && !ended; ++i)
        std::this_thread::sleep_for(1ms);
    CHECK(ended);
}

}  // namespace
