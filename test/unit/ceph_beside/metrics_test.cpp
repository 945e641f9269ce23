// The manager's exporter: its text in the format of Ceph 16.2's module `prometheus`.

#include <doctest/doctest.h>

#include <random>

#include "canned.hpp"
#include "ceph/beside/http_get.hpp"
#include "ceph/beside/metrics.hpp"

using namespace chopsticks::ceph::beside;

namespace {

const std::string metrics = [] {
    std::ifstream file(CHOPSTICKS_TEST_DATA "/ceph_16_2_metrics.txt");
    return std::string(std::istreambuf_iterator<char>(file), {});
}();

}  // namespace

TEST_CASE("metrics_of_a_cluster_are_a_sample") {
    sample s;
    client_totals clients;
    REQUIRE(read_metrics(metrics, s, &clients));
    CHECK(s.health == "HEALTH_WARN");
    REQUIRE(s.checks.size() == 1);
    CHECK(s.checks[0].name == "OSD_DOWN");
    CHECK(s.monitors == 2);
    CHECK(s.monitors_in == 1);
    CHECK(s.osds == 2);
    CHECK(s.osds_up == 1);
    CHECK(s.osds_in == 2);
    CHECK(s.down == std::vector<std::int64_t>{1});
    CHECK(s.commit->most_ms == 9);
    CHECK(s.commit->mean_ms == 6);
    CHECK(s.commit->most_of == 1);
    CHECK(s.apply->most_ms == 6);
    CHECK(s.pgs_total == 32);
    CHECK(s.pgs ==
          std::map<std::string, std::uint64_t>{{"active", 30}, {"clean", 8}, {"backfilling", 22}});
    CHECK(s.recovery_bytes_per_s == 1000);
    CHECK(s.recovery_objects_per_s == 4);
    CHECK(s.objects_degraded == 12);
    CHECK(s.bytes_used == 1000);
    CHECK(clients.reads == 100);
    CHECK(clients.write_bytes == 204800);
}

TEST_CASE("metrics_of_a_cluster_are_a_snapshot_as_far_as_they_go") {
    snapshot s;
    read_metrics(metrics, s);
    CHECK(s.versions == std::map<std::string, std::uint64_t>{{"16.2.14", 1}, {"16.2.15", 2}});
    CHECK(s.object_stores == std::map<std::string, std::uint64_t>{{"bluestore", 2}});
    CHECK(s.device_classes == std::map<std::string, std::uint64_t>{{"ssd", 2}});
    REQUIRE(s.pools.contains("bench"));
    CHECK(s.pools.at("bench").size == 3);
    CHECK(s.pools.at("bench").objects == 500);
    CHECK(s.pools.at("bench").stored_bytes == 1 << 20);
}

TEST_CASE("metrics_of_something_else_are_refused") {
    for (const char* text : {"", "\n\n", "node_cpu_seconds_total{cpu=\"0\"} 5\n", "<html></html>",
                             "ceph_osd_up{ceph_daemon=\"osd.0\"} 1\n"}) {
        sample s;
        CHECK_FALSE(read_metrics(text, s, nullptr));
    }
}

TEST_CASE("metrics_of_any_form_are_survived") {
    std::mt19937_64 random(3);
    const std::string& whole = metrics;
    for (int i = 0; i < 3000; ++i) {
        std::string text = whole;
        for (int edits = 0; edits < 5; ++edits) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0:
                    text[at] = static_cast<char>(random());
                    break;
                case 1:
                    text.erase(at, random() % 50);
                    break;
                case 2:
                    text.insert(at, "\"{}=\n");
                    break;
                default:
                    text.insert(at, text.substr(at / 2, random() % 80));
            }
        }
        sample s;
        snapshot all;
        client_totals clients;
        read_metrics(text, s, &clients);
        read_metrics(text, all);
        CHECK(s.checks.size() <= 32);
        CHECK(s.down.size() <= 16);
        CHECK(clients.reads >= 0);
        chopsticks::results::dump(sample_json(s));
        chopsticks::results::dump(snapshot_json(all));
    }
    std::string many = metrics;
    for (int i = 0; i < 5000; ++i) {
        const std::string n = std::to_string(i);
        many += "ceph_osd_up{ceph_daemon=\"osd." + n + "\"} 0.0\nceph_health_detail{name=\"C" + n +
                "\"} 1.0\nceph_pool_metadata{pool_id=\"" + n + "\",name=\"p" + n +
                "\"} 1.0\nceph_mgr_metadata{ceph_version=\"v" + n + "\"} 1.0\n";
    }
    sample s;
    snapshot all;
    CHECK(read_metrics(many, s, nullptr));
    read_metrics(many, all);
    CHECK(s.osds == 5002);
    CHECK(s.down.size() == 16);
    CHECK(s.checks.size() == 32);
    CHECK(all.pools.size() == pools_told);
    CHECK(all.versions.size() == 32);
}

TEST_CASE("labels_are_found_by_their_whole_name") {
    CHECK(label_of("a=\"1\",ba=\"2\"", "ba") == "2");
    CHECK(label_of("ba=\"2\",a=\"1\"", "a") == "1");
    CHECK(label_of("a=\"x=\\\",b=\"2\"", "c").empty());
    CHECK(label_of("", "a").empty());
    CHECK(label_of("a=\"", "a").empty());
}

TEST_CASE("urls_of_exporters_are_taken_apart") {
    const auto is = [](const char* url, const char* host, const char* port, const char* path) {
        const auto found = parse_http_place(url);
        REQUIRE_MESSAGE(found, url);
        CHECK(found->host == host);
        CHECK(found->port == port);
        CHECK(found->path == path);
    };
    is("http://mgr1:9283/metrics", "mgr1", "9283", "/metrics");
    is("http://mgr1", "mgr1", "80", "/");
    is("http://[::1]:9283/m?x=1", "::1", "9283", "/m?x=1");
    for (const char* url : {"", "mgr1:9283", "https://a", "http://", "http://:80",
                            "http://a:", "http://a:x", "http://a:123456", "http://[::1",
                            "http://u@a/", "http://a/b c", "http://a/\r\nX: y", "http://a b/"})
        CHECK_MESSAGE(!parse_http_place(url), url);
}
