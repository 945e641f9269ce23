// What a text from somebody else reaches for on this machine, wherever in it that stands.

#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/reach.hpp>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace chopsticks::scenario;

/// "kind key" of each, in their order.
std::string reached(const std::string& text) {
    std::string out;
    for (const reach& one : reaches_of(text, "x.yaml")) {
        out += (out.empty() ? "" : "; ") + std::string(name(one.kind)) +
               one.where.substr(one.where.rfind(':') + 1);
    }
    return out;
}

}  // namespace

TEST_CASE("reach_is_told_by_the_key_with_its_place") {
    const auto all = reaches_of("bucket: b\ntls:\n  ca_file: ca.pem\n", "x.yaml");
    REQUIRE(all.size() == 1);
    CHECK(all[0].kind == reach_kind::files);
    CHECK(all[0].where == "x.yaml:3:3: ca_file");
    CHECK(reached("plugins: [a.so]") == "plugins plugins");
    CHECK(reached("rbd: {options: {plugin_dir: x}}") == "files options; plugins plugin_dir");
    CHECK(reached("driver_options: {command: id, python: py, in_flight: 3}") ==
          "programs command; programs python");
    CHECK(reached("s3: {credentials_file: f, profile: p}") ==
          "credentials credentials_file; credentials profile");
    CHECK(reached("rados: {conf_file: c, keyring: k}\ncluster: {rgw_socket: s}") ==
          "files conf_file; files keyring; files rgw_socket");
    CHECK(reached("rbd: {passphrase_file: p}") == "files passphrase_file");
    CHECK(reached("load: {open: {replay: {file: a.log}}}") == "files replay; files file");
    CHECK(reached("endpoint: http://h\naccess_key: a\nsecret_key: b\n") == "");
    CHECK(reached("") == "");
}

TEST_CASE("reach_of_a_driver_is_that_of_its_row") {
    for (const catalogue::workload& w : catalogue::workloads()) {
        for (const catalogue::driver& row : w.drivers) {
            CAPTURE(row.name);
            const std::string text = "driver: " + std::string(row.name);
            CHECK(reached(text) == (row.runs_programs ? "programs driver" : ""));
            CHECK(reached("s3: {" + text + "}") == (row.runs_programs ? "programs driver" : ""));
        }
    }
    for (const char* program : {"process", "boto3", "minio"})
        CHECK(reached(std::string("driver: ") + program) == "programs driver");
    CHECK(reached("driver: no_such") == "");
}

TEST_CASE("reach_of_a_path_is_one_under_every_key") {
    for (const char* path : {"/etc/passwd", "~/x", "./x", "../x", "a/../../b", "..", "file:x"}) {
        CAPTURE(path);
        const std::string quoted = "\"" + std::string(path) + "\"";
        CHECK(reached("some: " + quoted) == "files a path");
        CHECK(reached("some: {deep: [{list: " + quoted + "}]}") == "files a path");
    }
    for (const char* plain : {"a/b", "http://host/x", "s3://b/k", "a..b", "1..2", "."})
        CHECK(reached("some: " + std::string(plain)) == "");
}

TEST_CASE("reach_behind_aliases_and_merge_keys_is_seen") {
    CHECK(reached("a: &x {ca_file: f}\ntls: *x\n") == "files ca_file; files ca_file");
    CHECK(reached("a: &x {profile: f}\ns3: {<<: *x, bucket: b}\n") ==
          "credentials profile; credentials profile");
    CHECK_THROWS_AS(reached("a: [1"), chopsticks::config_error);
    CHECK_THROWS_AS(reached("a: *nobody"), chopsticks::config_error);
}

TEST_CASE("reach_of_scenarios_that_come_along_is_none") {
    for (const char* file : {"scenarios/backup.yaml", "scenarios/lakehouse.yaml",
                             "scenarios/hybrid_s3_rbd.yaml", "config/rbd.yaml"}) {
        std::ifstream in(std::string(CHOPSTICKS_SOURCE_DIR) + "/" + file);
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        REQUIRE_FALSE(text.empty());
        CAPTURE(file);
        CHECK(reached(text).empty() == std::string(file).starts_with("scenarios/"));
    }
}
