// The driver against the embedded endpoint: data of all sizes, injected faults, where a run begins
// and ends.

#include <doctest/doctest.h>

#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/s3/protocol/etag.hpp>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

constexpr std::uint64_t sizes[] = {0, 1, 31, 32, 33, 4095, 4096, 4097, 1 << 20, 9 << 20};

/// A running endpoint, and a rig for it whose bucket exists.
struct endpoint_and_rig {
    explicit endpoint_and_rig(endpoint::endpoint_options o = {}, bool open = true)
        : server(std::move(o)), rig((server.start(), std::vector<std::string>{server.url()})) {
        if (open) must_open();
    }
    void must_open() {
        const engine::target_state state = rig.open_target();
        REQUIRE_MESSAGE(state.problem.empty(), state.problem);
    }
    void inject(const char* faults) { server.set_faults(endpoint::parse_faults(faults)); }

    endpoint::server server;
    s3_rig rig;
};

void must(const engine::outcome& out, std::uint64_t bytes) {
    REQUIRE_MESSAGE(out.status == op_status::ok, describe(out));
    CHECK(out.bytes == bytes);
}

/// Puts, reads whole and in part, and removes an object of every size.
void check_round_trips(s3_rig& rig) {
    engine::session& session = rig.session();
    std::uint64_t object = 0;
    for (const std::uint64_t size : sizes) {
        INFO("size " << size);
        ++object;
        must(rig.run(session, s3_rig::put(object, size, 1)), size);
        must(rig.run(session, s3_rig::get(object, size, 1)), size);
        must(rig.run(session, s3_rig::head(object, size, 1)), 0);
        if (size > 0 && size <= s3::etag_digests::most_bytes) {
            const engine::outcome other = rig.run(session, s3_rig::head(object, size, 9));
            CHECK_MESSAGE(std::string(other.code) == "WrongETag", describe(other));
        }
        must(rig.run(session, s3_rig::put(object, size, 2)), size);
        must(rig.run(session, s3_rig::get(object, size, 2)), size);
        if (size > 0) {
            const engine::outcome old = rig.run(session, s3_rig::get(object, size, 1));
            CHECK_MESSAGE(old.status == op_status::corrupt, describe(old));
            CHECK(std::string(old.code) == "WrongContent");
            const engine::outcome longer = rig.run(session, s3_rig::get(object, size + 1, 2));
            CHECK(std::string(longer.code) == "WrongSize");
        }
        must(rig.run(session, s3_rig::put(object, size)), size);
        for (const std::uint64_t at : {std::uint64_t{0}, size / 3, size / 2, size - size / 4}) {
            for (const std::uint64_t length : {std::uint64_t{1}, size / 4, size / 2}) {
                if (length == 0 || at + length > size) continue;
                must(rig.run(session, s3_rig::get_range(object, size, at, length)), length);
            }
        }
        must(rig.run(session, s3_rig::remove(object)), 0);
        const engine::outcome gone = rig.run(session, s3_rig::get(object, size));
        CHECK(gone.status == op_status::client_error);
        CHECK(std::string(gone.code) == "NoSuchKey");
    }
    CHECK(rig.counters().connects <= 2);  // the session's, and open_target's
}

TEST_CASE("s3_driver_objects_of_all_sizes_come_back_as_they_were_written") {
    endpoint_and_rig e;
    check_round_trips(e.rig);
    const endpoint::counters c = e.server.count();
    CHECK(c.by_status.count(403) == 0);
    CHECK(c.objects == 1);  // the run's mark
}

TEST_CASE("s3_driver_forms_of_all_sizes_arrive_whole") {
    for (const bool expects : {false, true}) {
        endpoint_and_rig e({}, false);
        e.rig.config.expect_continue_bytes = expects ? 1 : 0;
        e.rig.config.payload = s3::payload_signing::hashed;
        e.must_open();
        engine::session& session = e.rig.session();
        for (const std::uint64_t size : sizes) {
            INFO("size " << size);
            must(e.rig.run(session, s3_rig::on_object("form_put", 1, size, 3)), size);
            must(e.rig.run(session, s3_rig::get(1, size, 3)), size);
        }
        const endpoint::counters c = e.server.count();
        CHECK(c.by_status.at(201) == std::size(sizes));
        CHECK(c.by_status.count(400) == 0);
        CHECK(e.rig.counters().connects <= 2);
    }
}

TEST_CASE("s3_driver_hashed_payloads_are_accepted_by_who_checks_them") {
    endpoint_and_rig e({}, false);
    e.rig.config.payload = s3::payload_signing::hashed;
    e.must_open();
    check_round_trips(e.rig);
    CHECK(e.server.count().by_status.count(400) == 0);
}

TEST_CASE("s3_driver_expecting_puts_of_all_sizes_arrive") {
    endpoint_and_rig e({}, false);
    e.rig.config.expect_continue_bytes = 1;
    e.must_open();
    check_round_trips(e.rig);
}

TEST_CASE("s3_driver_puts_survive_servers_odd_ways_with_continue") {
    for (const char* faults : {"continue_twice", "continue_never"}) {
        INFO(std::string(faults));
        endpoint_and_rig e({}, false);
        e.rig.config.expect_continue_bytes = 1;
        e.must_open();
        engine::session& session = e.rig.session();
        e.inject(faults);
        must(e.rig.run(session, s3_rig::put(1, 100'000)), 100'000);
        must(e.rig.run(session, s3_rig::get(1, 100'000)), 100'000);
    }
}

TEST_CASE("s3_driver_virtual_host_style_names_the_bucket_in_the_host") {
    endpoint_and_rig e({}, false);
    e.rig.config.endpoints = {"http://localhost:" + std::to_string(e.server.port())};
    e.rig.config.virtual_host = true;
    e.must_open();
    bool reached = false;
    // localhost may be ::1 too, where nobody listens: then every other session is refused.
    for (int i = 0; i < 2 && !reached; ++i) {
        engine::session& session = e.rig.session();
        const engine::outcome out = e.rig.run(session, s3_rig::put(1, 5000));
        if (out.status == op_status::connect_failed) continue;
        must(out, 5000);
        must(e.rig.run(session, s3_rig::get(1, 5000)), 5000);
        CHECK(e.rig.run(session, s3_rig::list(10, 1)).status == op_status::ok);
        must(e.rig.run(session, s3_rig::remove(1)), 0);
        reached = true;
    }
    CHECK(reached);
    CHECK(e.rig.close_target().empty());
    CHECK(e.server.count().buckets == 0);
}

TEST_CASE("s3_driver_spoilt_data_is_found_and_lost_data_is_a_lost_connection") {
    struct {
        const char* faults;
        op_status status;
        const char* code;
    } const all[] = {
        {"corrupt:op=get", op_status::corrupt, "WrongContent"},
        {"stale:op=get", op_status::corrupt, "WrongContent"},
        {"truncate:op=get", op_status::connection_lost, "Closed"},
        {"reset_body:op=get", op_status::connection_lost, nullptr},
        {"reset:op=get", op_status::connection_lost, nullptr},
        {"hang_up:op=get", op_status::connection_lost, "Closed"},
        {"garbage:op=get", op_status::bad_response, "NotHttp"},
        {"length:op=get,bytes=-1", op_status::bad_response, "ExtraBytes"},
        {"length:op=get,bytes=1", op_status::timeout, "Timeout"},
        {"stall:op=get", op_status::timeout, "Timeout"},
        {"stall_head:op=get", op_status::timeout, "Timeout"},
        {"stall_body:op=get", op_status::timeout, "Timeout"},
        {"error:op=get,status=500,code=InternalError", op_status::server_error, "InternalError"},
        {"error:op=get", op_status::slow_down, "SlowDown"},
        {"redirect:op=get", op_status::redirect, "TemporaryRedirect"},
        {"close:op=get", op_status::ok, ""},
        {"drip:op=get,bytes=100,fixed=1ms", op_status::ok, ""},
        {"latency:op=get,fixed=5ms", op_status::ok, ""},
    };
    for (const auto& one : all) {
        INFO(std::string(one.faults));
        endpoint_and_rig e({}, false);
        e.rig.options.timeout.operation_ns = 400'000'000;
        e.must_open();
        engine::session& session = e.rig.session();
        // "stale" keeps the version before the last one only while the rule is set.
        e.inject(one.faults);
        must(e.rig.run(session, s3_rig::put(1, 5000, 1)), 5000);
        must(e.rig.run(session, s3_rig::put(1, 5000, 2)), 5000);
        const engine::outcome out = e.rig.run(session, s3_rig::get(1, 5000, 2));
        CHECK_MESSAGE(out.status == one.status, describe(out));
        if (one.code != nullptr) CHECK(std::string(out.code) == one.code);
        e.inject("");
        must(e.rig.run(session, s3_rig::get(1, 5000, 2)), 5000);
    }
}

TEST_CASE("s3_driver_retries_are_counted_and_only_made_where_they_help") {
    endpoint_and_rig e({}, false);
    e.rig.config.retries = 3;
    e.must_open();
    engine::session& session = e.rig.session();
    must(e.rig.run(session, s3_rig::put(1, 100)), 100);

    e.inject("error:op=get,status=500,code=InternalError,limit=2");
    engine::outcome out = e.rig.run(session, s3_rig::get(1, 100));
    must(out, 100);
    CHECK(out.retries == 2);
    CHECK(out.native == native_code::of_http(200));
    // The service time holds the pauses too: 50 and 100 ms.
    CHECK(out.done_ns - out.sent_ns > 140'000'000);

    e.inject("reset:op=get,limit=1");
    out = e.rig.run(session, s3_rig::get(1, 100));
    must(out, 100);
    CHECK(out.retries == 1);

    e.inject("error:op=get,status=500,code=InternalError");
    out = e.rig.run(session, s3_rig::get(1, 100));
    CHECK(out.status == op_status::server_error);
    CHECK(out.retries == 3);

    e.inject("corrupt:op=get");
    out = e.rig.run(session, s3_rig::get(1, 100));
    CHECK(out.status == op_status::corrupt);
    CHECK(out.retries == 0);

    e.inject("error:op=get,status=403,code=AccessDenied");
    out = e.rig.run(session, s3_rig::get(1, 100));
    CHECK(out.status == op_status::client_error);
    CHECK(out.retries == 0);
}

TEST_CASE("s3_driver_lists_all_pages_it_is_asked_for") {
    endpoint_and_rig e;
    engine::session& session = e.rig.session();
    for (std::uint64_t i = 0; i < 25; ++i)
        must(e.rig.run(session, s3_rig::put(i, 1)), 1);
    struct {
        std::uint32_t max_keys, pages;
        std::uint64_t requests;
    } const all[] = {{1000, 1, 1}, {10, 1, 1}, {10, 2, 2}, {10, 0, 3}, {25, 0, 1}, {5, 0, 5}};
    for (const auto& one : all) {
        const std::uint64_t before = e.server.count().by_operation["list"];
        const engine::outcome out = e.rig.run(session, s3_rig::list(one.max_keys, one.pages));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        CHECK(e.server.count().by_operation["list"] - before == one.requests);
    }
}

TEST_CASE("s3_driver_sessions_are_spread_evenly_over_endpoints") {
    std::vector<std::unique_ptr<endpoint::server>> servers;
    std::vector<std::string> urls;
    for (int i = 0; i < 3; ++i) {
        servers.push_back(std::make_unique<endpoint::server>(endpoint::endpoint_options{}));
        servers.back()->start();
        urls.push_back(servers.back()->url());
    }
    s3_rig rig(urls);
    const engine::target_state state = rig.open_target();
    REQUIRE_MESSAGE(state.problem.empty(), state.problem);
    REQUIRE(rig.driver().endpoints() == urls);
    std::vector<int> sessions(3);
    for (std::uint64_t i = 0; i < 12; ++i) {
        engine::session& session = rig.session();
        const engine::outcome out = rig.run(session, s3_rig::put(i, 10));
        must(out, 10);
        ++sessions.at(out.endpoint);
    }
    CHECK(sessions == std::vector<int>{4, 4, 4});
    for (const auto& s : servers)
        CHECK(s->count().by_operation.at("put") == (s == servers.front() ? 5 : 4));  // and a mark
}

TEST_CASE("s3_driver_dead_endpoint_beside_a_living_one_is_told") {
    std::string dead;
    {
        const canned_s3 gone([](canned_connection&) {});
        dead = gone.url();
    }
    endpoint::server server{endpoint::endpoint_options{}};
    server.start();
    for (const bool dead_first : {true, false}) {
        s3_rig rig(dead_first ? std::vector<std::string>{dead, server.url()}
                              : std::vector<std::string>{server.url(), dead});
        const engine::target_state state = rig.open_target();
        CHECK(state.problem.find(dead.substr(7)) != std::string::npos);
        CHECK(state.problem.find("Connection refused") != std::string::npos);
        rig.close_target();
    }
}

}  // namespace
