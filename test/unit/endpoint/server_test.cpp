#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chopsticks/endpoint/certificate.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace chopsticks;
using namespace chopsticks::endpoint;

namespace {

struct folder {
    std::string path = "/tmp/chopsticks-endpoint-XXXXXX";
    folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~folder() { std::filesystem::remove_all(path); }
};

std::string refusal(endpoint_options o) {
    try {
        server s(std::move(o));
        s.start();
    } catch (const config_error& wrong) {
        return wrong.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("server_started_again_keeps_its_port") {
    server s({});
    CHECK(s.port() == 0);
    s.start();
    const auto port = s.port();
    CHECK(port != 0);
    CHECK(s.url() == "http://127.0.0.1:" + std::to_string(port));
    s.stop();
    s.start();
    CHECK(s.port() == port);
    s.stop();
    s.stop();
}

TEST_CASE("server_bad_options_are_told") {
    endpoint_options o;
    o.address = "example.com";
    CHECK(refusal(o).find("not a numeric IPv4 or IPv6 address") != std::string::npos);
    o = {};
    o.address = "203.0.113.1";
    CHECK(refusal(o).find("cannot listen on 203.0.113.1") != std::string::npos);
    o = {};
    o.threads = 0;
    CHECK(refusal(o).find("threads") != std::string::npos);
    o = {};
    o.secret_key.clear();
    CHECK(refusal(o).find("must not be empty") != std::string::npos);
    o = {};
    o.tls_key_file = "/nowhere";
    CHECK(refusal(o).find("together") != std::string::npos);
    o.tls_certificate_file = "/nowhere";
    CHECK(refusal(o).find("TLS certificate /nowhere cannot be used") != std::string::npos);
    server first({});
    first.start();
    o = {};
    o.port = first.port();
    CHECK(refusal(o).find("choose another") != std::string::npos);
}

TEST_CASE("server_key_of_another_certificate_is_refused") {
    const folder one;
    const folder two;
    endpoint_options o;
    o.tls_certificate_file = make_self_signed(one.path).certificate;
    o.tls_key_file = make_self_signed(two.path).key;
    CHECK(refusal(o).find("TLS key") != std::string::npos);
    o.tls_key_file = one.path + "/key.pem";
    CHECK(refusal(o) == "accepted");
}

TEST_CASE("certificate_files_are_replaced_and_the_key_is_private") {
    const folder f;
    std::ofstream(f.path + "/key.pem") << "old";
    const auto files = make_self_signed(f.path, {"a.example", "10.0.0.1"}, 3);
    struct stat info{};
    REQUIRE(::stat(files.key.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    CHECK(info.st_size > 100);
    CHECK_THROWS_AS(make_self_signed("/nowhere"), config_error);
    CHECK_THROWS_AS(make_self_signed(f.path, {}), config_error);
}

TEST_CASE("server_counters_as_json_hold_all_fields") {
    server s({});
    const auto json = nlohmann::json::parse(to_json(s.count()));
    for (const char* key : {"requests", "responses", "faults", "connections", "connections_open",
                            "tls_handshakes", "tls_resumed", "body_bytes_in", "body_bytes_out",
                            "buckets", "objects", "object_bytes", "uploads", "memory_bytes"}) {
        CAPTURE(key);
        CHECK(json.at(key) == 0);
    }
    CHECK(json.at("by_status").empty());
    CHECK(json.at("by_operation").empty());
}
