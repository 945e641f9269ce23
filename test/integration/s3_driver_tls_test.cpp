// The driver over TLS: who is trusted, what is resumed, and that everything else stays as it is.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/endpoint/certificate.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <csignal>
#include <fstream>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;
using namespace std::chrono_literals;

/// A directory with a certificate, and an endpoint that shows it.
struct tls_endpoint {
    explicit tls_endpoint(const std::vector<std::string>& names = {"localhost", "127.0.0.1"})
        : files(endpoint::make_self_signed(directory.path, names)), server(options()) {
        server.start();
    }
    endpoint::endpoint_options options() const {
        endpoint::endpoint_options o;
        o.tls_certificate_file = files.certificate;
        o.tls_key_file = files.key;
        return o;
    }
    scratch_directory directory;
    endpoint::certificate_files files;
    endpoint::server server;
};

struct trusting_rig : s3_rig {
    explicit trusting_rig(const tls_endpoint& e) : s3_rig({e.server.url()}) {
        config.tls_ca_file = e.files.certificate;
    }
    void must_open() {
        const engine::target_state state = open_target();
        REQUIRE_MESSAGE(state.problem.empty(), state.problem);
    }
};

void must_over_tls(const engine::outcome& out, std::uint64_t bytes) {
    REQUIRE_MESSAGE(out.status == op_status::ok, describe(out));
    CHECK(out.bytes == bytes);
}

TEST_CASE("s3_tls_objects_of_all_sizes_come_back_as_they_were_written") {
    tls_endpoint e;
    for (const bool verify : {true, false}) {
        trusting_rig rig(e);
        rig.group.data.verify = verify;
        rig.must_open();
        engine::session& session = rig.session();
        const std::uint64_t before = rig.counters().connects;
        for (const std::uint64_t size : {0, 1, 4096, 16384, 16385, 300'000, 9 << 20}) {
            INFO("size " << size);
            must_over_tls(rig.run(session, s3_rig::put(1, size)), size);
            must_over_tls(rig.run(session, s3_rig::get(1, size)), size);
            must_over_tls(rig.run(session, s3_rig::head(1, size)), 0);
            must_over_tls(rig.run(session, s3_rig::on_object("form_put", 2, size, 2)), size);
            must_over_tls(rig.run(session, s3_rig::get(2, size, 2)), size);
            must_over_tls(rig.run(session, s3_rig::remove(2)), 0);
        }
        must_over_tls(rig.run(session, s3_rig::get_range(1, 9 << 20, 12345, 5 << 20)), 5 << 20);
        must_over_tls(rig.run(session, s3_rig::remove(1)), 0);
        CHECK(rig.counters().connects == before + 1);
        CHECK(rig.close_target().empty());
    }
    CHECK(e.server.count().by_status.count(403) == 0);
}

TEST_CASE("s3_tls_expecting_and_hashed_puts_arrive") {
    tls_endpoint e;
    trusting_rig rig(e);
    rig.config.expect_continue_bytes = 1000;
    rig.config.payload = s3::payload_signing::hashed;
    rig.must_open();
    engine::session& session = rig.session();
    for (int i = 0; i < 5; ++i) {
        must_over_tls(rig.run(session, s3_rig::put(1, 1 << 20, i)), 1 << 20);
        must_over_tls(rig.run(session, s3_rig::get(1, 1 << 20, i)), 1 << 20);
    }
}

TEST_CASE("s3_tls_unknown_certificate_is_refused_unless_that_is_switched_off") {
    tls_endpoint e;
    {
        s3_rig rig({e.server.url()});
        const std::string problem = rig.open_target().problem;
        INFO(problem);
        CHECK(problem.find("certificate was not accepted") != std::string::npos);
        CHECK(problem.find("tls.ca_file") != std::string::npos);
        const engine::outcome out = rig.run(rig.session(), s3_rig::put(1, 10));
        CHECK(out.status == op_status::connect_failed);
        CHECK(rig.counters().tls_handshakes == 0);
        CHECK(rig.counters().open_connections == 0);
    }
    {
        s3_rig rig({e.server.url()});
        rig.config.tls_insecure = true;
        CHECK(rig.open_target().problem.empty());
        must_over_tls(rig.run(rig.session(), s3_rig::put(1, 10)), 10);
    }
    {
        s3_rig rig({e.server.url()});
        rig.config.tls_ca_file = e.directory.path + "/missing.pem";
        CHECK_THROWS_AS(rig.driver(), config_error);
    }
    {
        s3_rig rig({e.server.url()});
        rig.config.tls_ca_file = e.directory.path + "/rubbish.pem";
        std::ofstream(rig.config.tls_ca_file) << "not a certificate\n";
        CHECK_THROWS_AS(rig.driver(), config_error);
    }
}

TEST_CASE("s3_tls_at_a_plain_port_is_told") {
    ::signal(SIGPIPE, SIG_IGN);  // as the program does: OpenSSL writes to who has closed
    endpoint::server plain{endpoint::endpoint_options{}};
    plain.start();
    const auto problem_at = [](const std::string& http_url) {
        s3_rig rig({"https" + http_url.substr(4)});
        rig.config.tls_insecure = true;
        return rig.open_target().problem;
    };
    for (const std::string& answer :
         {std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), std::string()}) {
        canned_s3 server([&](canned_connection& c) {
            c.send(answer);
            if (!answer.empty()) c.await_close();
        });
        const std::string problem = problem_at(server.url());
        INFO(problem);
        CHECK(problem.find(answer.empty() ? "does it speak https" : "no https port") !=
              std::string::npos);
        CHECK(problem.find("rite http://") != std::string::npos);
    }
    const std::string problem = problem_at(plain.url());
    INFO(problem);
    CHECK(problem.find("rite http://") != std::string::npos);
}

TEST_CASE("s3_tls_certificate_for_another_name_is_refused") {
    tls_endpoint e({"elsewhere.example"});
    trusting_rig rig(e);
    const std::string problem = rig.open_target().problem;
    INFO(problem);
    CHECK(problem.find("certificate was not accepted") != std::string::npos);
    CHECK(problem.find("mismatch") != std::string::npos);
}

TEST_CASE("s3_tls_sessions_are_resumed_or_not_as_configured_and_counted") {
    tls_endpoint e;
    for (const bool resumption : {true, false}) {
        trusting_rig rig(e);
        rig.config.tls_resumption = resumption;
        rig.must_open();
        const endpoint::counters before = e.server.count();
        const engine::driver_counters mine = rig.counters();
        rig.figures();
        constexpr unsigned connections = 8;
        for (unsigned i = 0; i < connections; ++i) {
            engine::session& session = rig.session();
            must_over_tls(rig.run(session, s3_rig::put(1, 100)), 100);
            rig.close(session);
        }
        const engine::driver_counters c = rig.counters();
        CHECK(c.tls_handshakes - mine.tls_handshakes == connections);
        CHECK(c.tls_resumed - mine.tls_resumed == (resumption ? connections : 0));
        // Each connection carried one request: none was used again.
        const stats::driver_values told = rig.figures();
        CHECK(told[0].times->count() == connections);
        CHECK(told[1].times->count() == connections);
        CHECK(told[1].times->min() > 0);
        CHECK(told[2].count == 0);
        CHECK(e.server.count().tls_handshakes - before.tls_handshakes == connections);
        CHECK(e.server.count().tls_resumed - before.tls_resumed == (resumption ? connections : 0));
        must_over_tls(rig.run(rig.session(), s3_rig::remove(1)), 0);
        CHECK(rig.close_target().empty());
    }
}

TEST_CASE("s3_tls_to_a_server_without_tls_and_the_other_way_round_is_told") {
    endpoint::server plain{endpoint::endpoint_options{}};
    plain.start();
    s3_rig rig({"https" + plain.url().substr(4)});
    const std::string problem = rig.open_target().problem;
    INFO(problem);
    CHECK(problem.find("TLS handshake") != std::string::npos);
    CHECK(problem.find("no https port") != std::string::npos);

    tls_endpoint e;
    s3_rig other({"http" + e.server.url().substr(5)});
    CHECK_FALSE(other.open_target().problem.empty());
}

TEST_CASE("s3_tls_handshake_that_hangs_ends_in_time_and_by_cancel") {
    canned_s3 silent([](canned_connection& c) { c.await_close(); });
    s3_rig rig({"https" + silent.url().substr(4)});
    rig.config.tls_insecure = true;
    rig.options.timeout.connect_ns = 150'000'000;
    engine::session& session = rig.session();
    const engine::outcome out = rig.run(session, s3_rig::put(1, 10));
    CHECK_MESSAGE(out.status == op_status::connect_failed, describe(out));
    CHECK(out.done_ns - out.sent_ns < 1'700'000'000);
    CHECK(rig.counters().timeouts == 1);
    const auto p = rig.begin(session, s3_rig::put(1, 10));
    std::this_thread::sleep_for(30ms);
    rig.cancel(session);
    const engine::outcome cancelled = rig.finish(*p);
    CHECK_MESSAGE(cancelled.status == op_status::cancelled, describe(cancelled));
}

TEST_CASE("s3_tls_faults_are_the_same_outcomes_as_without_tls") {
    struct {
        const char* faults;
        op_status status;
    } const all[] = {
        {"truncate:op=get", op_status::connection_lost},
        {"reset_body:op=get", op_status::connection_lost},
        {"reset:op=get", op_status::connection_lost},
        {"hang_up:op=get", op_status::connection_lost},
        {"stall_body:op=get", op_status::timeout},
        {"stall_head:op=get", op_status::timeout},
        {"corrupt:op=get", op_status::corrupt},
        {"drip:op=get,bytes=1000,fixed=1ms", op_status::ok},
        {"close:op=get", op_status::ok},
    };
    tls_endpoint e;
    for (const auto& one : all) {
        INFO(std::string(one.faults));
        trusting_rig rig(e);
        rig.options.timeout.operation_ns = 400'000'000;
        rig.must_open();
        engine::session& session = rig.session();
        must_over_tls(rig.run(session, s3_rig::put(1, 50'000)), 50'000);
        e.server.set_faults(endpoint::parse_faults(one.faults));
        const engine::outcome out = rig.run(session, s3_rig::get(1, 50'000));
        CHECK_MESSAGE(out.status == one.status, describe(out));
        e.server.set_faults({});
        must_over_tls(rig.run(session, s3_rig::get(1, 50'000)), 50'000);
        must_over_tls(rig.run(session, s3_rig::remove(1)), 0);
        CHECK(rig.close_target().empty());
    }
}

TEST_CASE("s3_tls_connection_the_server_closed_while_idle_is_not_used_again") {
    tls_endpoint e;
    trusting_rig rig(e);
    rig.must_open();
    engine::session& session = rig.session();
    must_over_tls(rig.run(session, s3_rig::put(1, 100)), 100);
    e.server.stop();
    // Nobody listens any more. Sent into the old connection it would be lost instead.
    const engine::outcome out = rig.run(session, s3_rig::get(1, 100));
    CHECK_MESSAGE(out.status == op_status::connect_failed, describe(out));
}

TEST_CASE("s3_tls_put_to_a_server_that_stops_reading_times_out_and_spares_the_loop") {
    tls_endpoint e;
    // Between them: passes the handshake, the session tickets and some of the body, then no more.
    canned_s3 between(
        [&](canned_connection& c) { c.relay(e.server.port(), c.number() == 0 ? ~0ULL : 200'000); });
    s3_rig rig({"https" + between.url().substr(4)});
    rig.config.tls_ca_file = e.files.certificate;
    rig.options.timeout.operation_ns = 1'500'000'000;
    REQUIRE(rig.open_target().problem.empty());
    engine::session& stuck = rig.session();
    const auto p = rig.begin(stuck, s3_rig::put(1, 64 << 20));
    std::this_thread::sleep_for(300ms);
    // A writer that is woken by what nobody reads would keep the loop from everything else.
    const std::int64_t at = monotonic_ns();
    rig.ask([] {});
    CHECK(monotonic_ns() - at < 1'000'000'000);
    const engine::outcome out = rig.finish(*p);
    CHECK_MESSAGE(out.status == op_status::timeout, describe(out));
    CHECK(between.connections() == 2);
}

}  // namespace
