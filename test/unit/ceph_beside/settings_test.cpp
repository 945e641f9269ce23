#include <doctest/doctest.h>
#include <chopsticks/ceph/beside/settings.hpp>
#include <chopsticks/ceph/beside/watch.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/parse.hpp>

using namespace chopsticks;
using namespace chopsticks::ceph::beside;

namespace {

settings read(const std::string& text, const ceph::access* of_load = nullptr) {
    const auto config = scenario::parse_workload_config(text, "w.yaml");
    return read_settings(config.cluster, of_load);
}

const scenario::echo_fields of_s3 = {{"endpoints", std::vector<std::string>{"http://rgw:7480"}},
                                     {"bucket", std::string("b")},
                                     {"buckets", std::vector<std::string>{"b-1", "b-2"}}};

std::optional<rgw_admin> read_admin(const std::string& text,
                                    const scenario::echo_fields& of_load = of_s3) {
    const auto config = scenario::parse_workload_config(text, "w.yaml");
    return read_rgw_admin(config.cluster, of_load);
}

std::string refusal(const std::string& text) {
    try {
        read(text);
    } catch (const config_error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("config_without_a_cluster_has_that_of_the_load") {
    ceph::access of_load;
    of_load.client = "bench";
    of_load.operation_timeout_ns = 90'000'000'000;
    const settings s = read("", &of_load);
    CHECK_FALSE(s.given);
    CHECK_FALSE(s.off);
    CHECK(s.to.client == "bench");
    CHECK(s.to.operation_timeout_ns == answer_timeout_ns);
    CHECK(s.period_ns == 1'000'000'000);
}

TEST_CASE("cluster_may_be_off") {
    const settings s = read("cluster: off\n");
    CHECK(s.off);
    CHECK(s.given);
}

TEST_CASE("cluster_is_read") {
    ceph::access of_load;
    of_load.conf_file = "/of/load";
    of_load.keyring = "/key/of/load";
    const settings s = read(
        "cluster: {conf_file: /a/ceph.conf, client: watcher, operation_timeout: 5s, every: 10s,\n"
        "          pools: [a, b], rgw_socket: /run/rgw.asok, options: {ms_type: async}}\n",
        &of_load);
    CHECK(s.given);
    CHECK(s.asks_cluster);
    CHECK(s.to.conf_file == "/a/ceph.conf");
    CHECK(s.to.client == "watcher");
    CHECK(s.to.keyring == "/key/of/load");
    CHECK(s.to.operation_timeout_ns == 5'000'000'000);
    CHECK(s.to.options.at("ms_type") == "async");
    CHECK(s.period_ns == 10'000'000'000);
    CHECK(s.pools == std::vector<std::string>{"a", "b"});
    CHECK(s.rgw_socket == "/run/rgw.asok");
}

TEST_CASE("socket_of_radosgw_alone_asks_no_cluster") {
    CHECK_FALSE(read("cluster: {rgw_socket: /x}\n").asks_cluster);
    CHECK(read("cluster: {rgw_socket: /x, client: y}\n").asks_cluster);
    CHECK(read("cluster: {}\n").asks_cluster);
    const ceph::access of_load;
    CHECK(read("cluster: {rgw_socket: /x}\n", &of_load).asks_cluster);
}

TEST_CASE("admin_of_radosgw_has_the_endpoint_and_the_buckets_of_the_load") {
    const std::string text = "cluster: {rgw_admin: {access_key: A, secret_key: 'x/+='}}\n";
    const settings s = read(text);
    CHECK_FALSE(s.asks_cluster);
    CHECK_FALSE(takes_samples(s));
    const auto admin = read_admin(text);
    REQUIRE(admin);
    CHECK(admin->endpoint == "http://rgw:7480");
    CHECK(admin->path == "/admin");
    CHECK(admin->secret_key == "x/+=");
    CHECK(admin->buckets == std::vector<std::string>{"b-1", "b-2"});
    CHECK(read_admin(text, {{"endpoints", std::vector<std::string>{"http://a"}},
                            {"bucket", std::string("b")}})
              ->buckets == std::vector<std::string>{"b"});
}

TEST_CASE("admin_of_radosgw_may_be_elsewhere") {
    const std::string text =
        "cluster: {client: x, rgw_admin: {endpoint: 'http://[::1]:8000/', access_key: A,\n"
        "          path: /ops, tenant: acme}}\n";
    CHECK(read(text).asks_cluster);
    const auto admin = read_admin(text);
    CHECK(admin->endpoint == "http://[::1]:8000");
    CHECK(admin->path == "/ops");
    CHECK(admin->tenant == "acme");
    CHECK(admin->secret_key.empty());
    for (const char* other : {"", "cluster: off\n", "cluster: {client: x}\n"})
        CHECK_FALSE(read_admin(other));
}

TEST_CASE("admin_of_radosgw_that_cannot_be_asked_is_refused_with_its_place") {
    const auto said = [](const std::string& keys, const scenario::echo_fields& of_load) {
        try {
            read_admin("cluster: {rgw_admin: {" + keys + "}}\n", of_load);
        } catch (const config_error& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    for (const auto& [keys, part] : std::map<std::string, std::string>{
             {"secret_key: s", "write that of a user with `--caps buckets=read`"},
             {"access_key: A, endpoint: 'https://rgw'", "no such URL"},
             {"access_key: A, endpoint: 'http://rgw/x'", "no such URL"},
             {"access_key: 'A/B'", "contains a character"},
             {"access_key: A, secret_key: 'hidden one'", "contains a character"},
             {"access_key: A, path: admin", "write /admin"},
             {"acess_key: A", "access_key"}}) {
        const std::string message = said(keys, of_s3);
        CHECK_MESSAGE(message.find("w.yaml:1:") == 0, message);
        CHECK_MESSAGE(message.find(part) != std::string::npos, message);
        CHECK(message.find("hidden") == std::string::npos);
    }
    CHECK(said("access_key: A", {}).find("the load goes to none") != std::string::npos);
    CHECK(said("access_key: A", {{"bucket", std::string("b")},
                                 {"endpoints", std::vector<std::string>{"https://lb"}}})
              .find("the load's is https://lb") != std::string::npos);
}

TEST_CASE("exporter_is_asked_as_often_as_it_collects") {
    const settings s = read("cluster: {prometheus: 'http://mgr1:9283/metrics'}\n");
    CHECK(s.prometheus == "http://mgr1:9283/metrics");
    CHECK_FALSE(s.asks_cluster);
    CHECK(s.period_ns == 15'000'000'000);
    CHECK(read("cluster: {prometheus: 'http://mgr1:9283', every: 2s}\n").period_ns ==
          2'000'000'000);
}

TEST_CASE("cluster_that_makes_no_sense_is_refused_with_its_place") {
    for (const auto& [text, part] : std::map<std::string, std::string>{
             {"cluster: on\n", "must be a map, or off"},
             {"cluster: [a]\n", "cluster"},
             {"cluster: {conf_fil: x}\n", "conf_file"},
             {"cluster: {prometheus: 'https://a/b'}\n", "no URL of an exporter"},
             {"cluster: {prometheus: 'http://u:p@a/b'}\n", "no URL of an exporter"},
             {"cluster: {prometheus: 'http://a/b', client: x}\n", "beside another way"},
             {"cluster: {every: 100ms}\n", "cluster.every"},
             {"cluster: {operation_timeout: 2h}\n", "more than 60 s"},
             {"cluster: {options: {key: x}}\n", "secret"},
             {"cluster: {client: client.admin}\n", "write the id alone"}}) {
        const std::string said = refusal(text);
        CHECK_MESSAGE(said.find("w.yaml:1:") == 0, said);
        CHECK_MESSAGE(said.find(part) != std::string::npos, said);
    }
}

TEST_CASE("way_and_pools_of_a_load_are_found_in_its_echo") {
    const scenario::echo_fields echo = {{"conf_file", std::string("/c")},
                                        {"client", std::string("bench")},
                                        {"options.a_b", std::string("7")},
                                        {"pool", std::string("p")},
                                        {"data_pool", std::string("d")},
                                        {"operation_timeout", std::string("30s")},
                                        {"pools", std::vector<std::string>{"x", "y"}}};
    const ceph::access to = access_of(echo);
    CHECK(to.conf_file == "/c");
    CHECK(to.client == "bench");
    CHECK(to.options.at("a_b") == "7");
    CHECK(to.operation_timeout_ns == answer_timeout_ns);
    CHECK(pools_of(echo) == std::vector<std::string>{"p", "d", "x", "y"});
    CHECK(pools_of({}).empty());
}
