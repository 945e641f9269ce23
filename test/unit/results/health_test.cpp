#include <doctest/doctest.h>

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/health.hpp>
#include <chopsticks/results/terminal.hpp>

#include "sample.hpp"

using namespace chopsticks::results;

TEST_CASE("health_line_of_an_interval_fits_and_leaves_out_what_is_not_known") {
    interval_health h;
    CHECK(format_health(h).find("loop p99") != std::string::npos);
    CHECK(format_health(h).find("nic") == std::string::npos);
    h.loop_turn_p99_ns = 1'234'567'890;
    h.nic_utilisation = 0.123;
    h.steal_share = 0.004;
    h.rtt_p50_ns = 180'000;
    h.tcp_retransmits = 123'456'789;
    h.connects_per_s = 12'345;
    h.tls_handshakes_per_s = 0.25;
    h.ports_left = 28'000;
    h.rss_bytes = 1ULL << 40;
    h.open_fds = 1'000'000;
    h.clock_step_ns = -2'000'000'000;
    const std::string line = format_health(h);
    CHECK(line.size() <= 79);
    CHECK(line.find("CLOCK SET by 2.00 s") != std::string::npos);
    CHECK(line.find("nic 12%, steal 0.4%, rtt 180 us") != std::string::npos);
}

TEST_CASE("health_of_a_document_is_told_in_the_report") {
    const json doc = to_json_without_intervals(sample::document(300));
    const std::string facts = describe_health(doc["health"]);
    CHECK(facts.find("round trip p50 180 us") != std::string::npos);
    CHECK(facts.find("retransmits 7,") != std::string::npos);
    CHECK(facts.find("eth0 2% used") != std::string::npos);
    CHECK(facts.find("lo ") == std::string::npos);
    CHECK(facts.find("open files 271 of 1024") != std::string::npos);
    CHECK(facts.find("used 31% of what the generator can do (calibrated 2026-11-20)") !=
          std::string::npos);
    const std::string report = render_report(doc, {}, {});
    CHECK(report.find("\nHealth ") != std::string::npos);
    std::size_t begin = 0;
    while (begin < report.size()) {
        const std::size_t end = report.find('\n', begin);
        CHECK(end - begin <= 80);
        begin = end + 1;
    }
    // Documents of before there was a health section.
    json old = doc;
    old.erase("health");
    CHECK(render_report(old, {}, {}).find("Health") == std::string::npos);
    CHECK(describe_health(json::object()) == "connects 0/s");
}

TEST_CASE("health_that_is_not_known_is_null") {
    const json out = to_json(health_figures{});
    CHECK(out["ports"]["in_all"].is_null());
    CHECK(out["descriptors"]["limit"].is_null());
    CHECK(out["cpu"]["steal_share"].is_null());
    CHECK(out["calibration"].is_null());
    CHECK(out["clock"]["steps"] == 0);
    CHECK(to_json(interval_health{})["rtt_p50_ns"].is_null());
}
