// Where a run begins and ends: what open_target says about wrong targets, whose the bucket is, what
// is left alone.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <chrono>
#include <functional>
#include <thread>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;

struct running_endpoint {
    running_endpoint() : server(endpoint::endpoint_options{}) { server.start(); }
    std::vector<std::string> urls() const { return {server.url()}; }
    endpoint::server server;
};

void check_told(const std::string& problem, std::initializer_list<const char*> parts) {
    INFO("\"" << problem << "\"");
    for (const char* part : parts)
        CHECK(problem.find(part) != std::string::npos);
    CHECK(problem.find('\n') == std::string::npos);
    CHECK(problem.find("chopsticks-secret") == std::string::npos);
    CHECK(problem.find("wrong-secret") == std::string::npos);
}

TEST_CASE("s3_target_wrong_key_secret_and_bucket_are_told_apart") {
    running_endpoint e;
    {
        s3_rig rig(e.urls());
        rig.config.access_key = "nobody";
        check_told(rig.open_target().problem, {"access key \"nobody\"", "InvalidAccessKeyId"});
    }
    {
        s3_rig rig(e.urls());
        rig.config.secret_key = "wrong-secret";
        check_told(rig.open_target().problem, {"secret key", "SignatureDoesNotMatch"});
    }
    {
        s3_rig rig(e.urls());
        rig.config.create_bucket = false;
        check_told(rig.open_target().problem, {"no bucket \"rig\"", "--bucket"});
    }
    {
        s3_rig rig(e.urls());
        rig.config.region = "mars-north-1";
        check_told(rig.open_target().problem,
                   {"region \"mars-north-1\" is wrong", "expects \"us-east-1\""});
    }
    CHECK(e.server.count().buckets == 0);
}

TEST_CASE("s3_target_that_is_not_s3_is_told") {
    struct {
        const char* answer;
        const char* part;
    } const all[] = {
        {"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 15\r\n\r\n<html>hi</html>", "nginx"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "does not answer like S3"},
        {"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n",
         "does not answer like S3"},
        {"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere/\r\nContent-Length: 0\r\n\r\n",
         "https://elsewhere/"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"},
        {"", "closed the connection"},
    };
    for (const auto& one : all) {
        canned_s3 server([&](canned_connection& c) {
            if (c.read_request().came()) c.send(one.answer);
        });
        s3_rig rig({server.url()});
        check_told(rig.open_target().problem, {one.part, "127.0.0.1"});
    }
}

/// What a run says to a target that answers everything so.
std::string opening(const std::string& answer,
                    const std::function<void(s3_rig&, const canned_s3&)>& change = {}) {
    canned_s3 server([&](canned_connection& c) {
        if (c.read_request().came()) c.send(answer);
    });
    s3_rig rig({server.url()});
    if (change) change(rig, server);
    return rig.open_target().problem;
}

std::string whole(std::string_view status_and_fields, std::string_view body) {
    return "HTTP/1.1 " + std::string(status_and_fields) +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_CASE("s3_target_that_does_not_take_the_bucket_from_the_host_name_is_told") {
    const auto by_name = [](s3_rig& rig, const canned_s3& server) {
        rig.config.endpoints = {"http://localhost:" + std::to_string(server.port())};
        rig.config.virtual_host = true;
    };
    check_told(opening(whole("200 OK\r\nServer: MinIO",
                             "<a:ListAllMyBucketsResult xmlns:a=\"x\"><a:Buckets/>"
                             "</a:ListAllMyBucketsResult>"),
                       by_name),
               {"\"rig.localhost\"", "addressing: path", "all buckets", "MinIO", "rgw_dns_name"});
    check_told(opening(whole("404 Not Found\r\nServer: x", "<html>"), by_name),
               {"\"rig.localhost\"", "addressing: path"});
    check_told(opening(whole("404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>"),
                       [&](s3_rig& rig, const canned_s3& server) {
                           by_name(rig, server);
                           rig.config.create_bucket = false;
                       }),
               {"no bucket \"rig\"", "\"rig.localhost\"", "addressing: path"});
    // Nothing of it where the bucket is in the path.
    CHECK(opening(whole("404 Not Found", "<html>")).find("addressing") == std::string::npos);
}

TEST_CASE("s3_target_at_an_https_port_is_told_to_who_speaks_http") {
    check_told(opening("HTTP/1.0 400 Bad Request\r\n\r\n"
                       "Client sent an HTTP request to an HTTPS server.\n"),
               {"https port", "write https://"});
    check_told(opening(whole("400 Bad Request\r\nServer: nginx",
                             "<html>The plain HTTP request was sent to HTTPS port</html>")),
               {"https port", "write https://"});
    check_told(opening(std::string("\x15\x03\x03\x00\x02\x02\x46", 7)), {"TLS", "write https://"});
    check_told(opening(""), {"closed the connection", "write https://"});
    CHECK(opening(whole("400 Bad Request", "no")).find("https://") == std::string::npos);
}

TEST_CASE("s3_target_that_refuses_the_listing_is_told_to_do_so") {
    check_told(opening(whole("403 Forbidden",
                             "<Error><Code>AccessDenied</Code><Message>no &quot;ListBucket&quot; "
                             "&#38; such</Message></Error>")),
               {"listing the bucket \"rig\" was refused", "s3:ListBucket", "AccessDenied",
                "no \"ListBucket\" & such"});
}

TEST_CASE("s3_target_other_answers_name_who_gave_them") {
    check_told(opening(whole("503 Service Unavailable\r\nServer: haproxy",
                             "<html><body>\nNo server is available</body></html>")),
               {"HTTP 503", "No server is available", "\"haproxy\""});
    check_told(opening(whole("301 Moved Permanently\r\nx-amz-bucket-region: eu-west-3", "")),
               {"redirects", "region \"eu-west-3\""});
    check_told(opening(whole("200 OK", "<Error><Code>InternalError</Code></Error>")),
               {"HTTP 200", "InternalError"});
    // A listing that does not say whether it is all proves no empty folder.
    check_told(opening(whole("200 OK", "<ListBucketResult></ListBucketResult>")),
               {"does not answer like S3"});
}

TEST_CASE("s3_target_that_finds_a_token_expired_is_told_with_the_access_key_and_a_remedy") {
    const auto refusing = [](const char* status, const char* code) {
        return opening(whole(status, std::string("<Error><Code>") + code + "</Code></Error>"));
    };
    check_told(refusing("400 Bad Request", "ExpiredToken"),
               {"access key \"chopsticks\"", "has expired", "session_token", "HTTP 400"});
    check_told(refusing("403 Forbidden", "TokenRefreshRequired"), {"has expired", "HTTP 403"});
    check_told(refusing("403 Forbidden", "InvalidToken"), {"is not valid", "session_token"});
}

TEST_CASE("s3_target_whose_clock_differs_is_told_by_how_much") {
    const std::string body = "<Error><Code>RequestTimeTooSkewed</Code><Message>x</Message></Error>";
    canned_s3 server([&](canned_connection& c) {
        while (c.read_request().came()) {
            c.send(
                "HTTP/1.1 403 Forbidden\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                "Content-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
        }
    });
    s3_rig rig({server.url()});
    check_told(rig.open_target().problem, {"the clocks differ", "ahead of the server", "NTP"});
}

TEST_CASE("s3_target_names_that_do_not_resolve_are_a_configuration_error") {
    s3_rig rig({"http://no-such-host.invalid:80"});
    CHECK_THROWS_AS(rig.driver(), config_error);
    s3_rig mixed({"http://127.0.0.1:1", "https://127.0.0.1:2"});
    CHECK_THROWS_AS(mixed.driver(), config_error);
}

TEST_CASE("s3_target_bucket_is_removed_by_who_made_it_and_by_nobody_else") {
    running_endpoint e;
    s3_rig first(e.urls());
    CHECK(first.open_target().problem.empty());
    CHECK(e.server.count().buckets == 1);
    s3_rig second(e.urls());
    second.name_run("run-2");
    CHECK(second.open_target().problem.empty());
    CHECK(second.close_target().empty());
    CHECK(e.server.count().buckets == 1);

    // What is not empty is kept and told; what the run itself forgot is not in the way.
    s3_rig third(e.urls());
    third.name_run("run-3");
    CHECK(third.open_target().problem.empty());
    CHECK(third.run(third.session(), s3_rig::put(1, 10)).status == op_status::ok);
    CHECK(first.run(first.session(), s3_rig::put(1, 10)).status == op_status::ok);
    check_told(first.close_target(), {"\"rig\"", "which this run made", "test/run-3/"});
    CHECK(e.server.count().objects == 2);  // the third's, and its mark
    CHECK(third.close_target().empty());
    CHECK(e.server.count().objects == 0);
    CHECK(first.close_target().empty());
    CHECK(e.server.count().buckets == 0);
}

TEST_CASE("s3_target_bucket_operations_make_and_remove_buckets_beside_it") {
    running_endpoint e;
    s3_rig rig(e.urls());
    CHECK(rig.open_target().problem.empty());
    engine::session& session = rig.session();
    for (std::uint64_t i = 0; i < 3; ++i) {
        const auto out = rig.run(session, s3_rig::bucket("create_bucket", i));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
    CHECK(e.server.count().buckets == 4);
    const auto head = rig.run(session, s3_rig::bucket("head_bucket", 0));
    CHECK_MESSAGE(head.status == op_status::ok, describe(head));
    for (std::uint64_t i = 0; i < 3; ++i) {
        const auto out = rig.run(session, s3_rig::bucket("delete_bucket", i));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
    const auto gone = rig.run(session, s3_rig::bucket("delete_bucket", 1));
    CHECK(std::string(gone.code) == "NoSuchBucket");
    CHECK(e.server.count().buckets == 1);
}

TEST_CASE("s3_target_refuses_a_prefix_that_holds_foreign_objects") {
    running_endpoint e;
    s3_rig owner(e.urls());
    CHECK(owner.open_target().problem.empty());
    CHECK(owner.run(owner.session(), s3_rig::put(1, 10)).status == op_status::ok);

    s3_rig same(e.urls());
    check_told(same.open_target().problem, {"test/run-1/", "data.prefix"});
    CHECK(same.close_target().empty());
    CHECK(e.server.count().objects == 2);  // the owner's, and its mark
    s3_rig beside(e.urls());
    beside.name_run("run-2");
    CHECK(beside.open_target().problem.empty());
    CHECK(beside.close_target().empty());
    CHECK(e.server.count().objects == 2);
}

/// A rig of a run that uses the kept data set "golden".
struct keeping_rig : s3_rig {
    keeping_rig(const running_endpoint& e, const char* run, bool prepares = true)
        : s3_rig(e.urls()) {
        name_run(run);
        options.kept_prefix = "test/kept/golden/";
        options.prepares = prepares;
        group.data.reuse = "golden";
        group.data.objects = 4;
        group.data.size = load::size_distribution::fixed(100);
    }
};

TEST_CASE("s3_target_kept_data_set_is_made_once_found_again_and_guarded") {
    running_endpoint e;
    {
        keeping_rig no_data(e, "run-0", false);
        const engine::target_state state = no_data.open_target();
        CHECK_FALSE(state.data_ready);
        check_told(state.problem, {"\"golden\"", "does not exist", "prepare: true"});
        CHECK(no_data.close_target().empty());
    }
    {
        keeping_rig maker(e, "run-1");
        const engine::target_state state = maker.open_target();
        CHECK_MESSAGE(state.problem.empty(), state.problem);
        CHECK_FALSE(state.data_ready);
        engine::session& session = maker.session();
        for (std::uint64_t i = 0; i < 4; ++i) {
            CHECK(maker.run(session, s3_rig::put(i, 100)).status == op_status::ok);
        }
        // Beyond the set's objects are the run's own, in another place.
        CHECK(maker.run(session, s3_rig::put(4, 100)).status == op_status::ok);
        CHECK(maker.run(session, s3_rig::remove(4)).status == op_status::ok);
        CHECK(maker.seal_data().empty());
        CHECK(maker.close_target().empty());
    }
    // The set, its manifest and the bucket outlive the run.
    CHECK(e.server.count().objects == 5);
    CHECK(e.server.count().buckets == 1);
    for (const bool prepares : {true, false}) {
        keeping_rig finder(e, "run-2", prepares);
        const engine::target_state state = finder.open_target();
        CHECK_MESSAGE(state.problem.empty(), state.problem);
        CHECK(state.data_ready);
        engine::session& session = finder.session();
        const engine::outcome out = finder.run(session, s3_rig::get(3, 100));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
    {
        keeping_rig other(e, "run-3");
        other.group.data.objects = 5;
        check_told(other.open_target().problem, {"\"golden\"", "other settings"});
    }
    {
        keeping_rig other(e, "run-4");
        other.group.data.size = load::size_distribution::fixed(101);
        check_told(other.open_target().problem, {"\"golden\"", "other settings"});
    }
    {
        keeping_rig hashed(e, "run-5");
        hashed.config.payload = s3::payload_signing::hashed;
        CHECK(hashed.open_target().data_ready);
        CHECK(hashed.seal_data().empty());
    }
}

TEST_CASE("s3_target_mark_is_there_from_the_beginning_kept_fresh_and_gone_at_the_end") {
    running_endpoint e;
    s3_rig rig(e.urls());
    rig.options.mark_refresh_ns = 30'000'000;
    CHECK(rig.open_target().problem.empty());
    CHECK(e.server.count().objects == 1);
    const std::uint64_t requests = e.server.count().requests;
    // The load stands still; the mark is written all the same. No test waits in vain for a minute.
    for (int i = 0; i < 6000 && e.server.count().requests < requests + 3; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(e.server.count().requests >= requests + 3);
    CHECK(e.server.count().objects == 1);
    CHECK(rig.close_target().empty());
    CHECK(e.server.count().objects == 0);
    CHECK(e.server.count().buckets == 0);
}

TEST_CASE("s3_target_mark_that_is_on_its_way_at_the_end_is_waited_for") {
    running_endpoint e;
    s3_rig rig(e.urls());
    rig.options.mark_refresh_ns = 30'000'000;
    CHECK(rig.open_target().problem.empty());
    e.server.set_faults(endpoint::parse_faults("latency:op=put,fixed=300ms"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK(rig.close_target().empty());
    CHECK(e.server.count().objects == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK(e.server.count().objects == 0);
}

TEST_CASE("s3_target_mark_survives_a_server_that_fails") {
    running_endpoint e;
    s3_rig rig(e.urls());
    rig.options.mark_refresh_ns = 30'000'000;
    CHECK(rig.open_target().problem.empty());
    e.server.set_faults(endpoint::parse_faults("error:op=put,status=500"));
    const std::uint64_t requests = e.server.count().requests;
    for (int i = 0; i < 6000 && e.server.count().requests < requests + 5; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(e.server.count().requests >= requests + 5);
    e.server.set_faults(endpoint::parse_faults(""));
    CHECK(rig.close_target().empty());
    CHECK(e.server.count().buckets == 0);
}

TEST_CASE("s3_target_that_does_not_answer_is_left_when_told_to") {
    const auto hang = [](canned_connection& c) {
        c.read_request();
        c.await_close();
    };
    canned_s3 server(hang);
    s3_rig rig({server.url()});
    rig.session();  // the driver is there before the other thread looks
    for (unsigned round = 1; round <= 2; ++round) {
        std::thread user([&] {
            while (server.connections() < round)
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            rig.cancel_control();
        });
        const std::int64_t at = monotonic_ns();
        check_told(rig.open_target().problem, {"interrupted"});
        // Far below the time-out of an operation, a minute; and told once is told for one time
        // only.
        CHECK(monotonic_ns() - at < 10'000'000'000);
        user.join();
    }
    CHECK(rig.counters().open_connections == 0);
}

}  // namespace
