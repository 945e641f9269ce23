#include <doctest/doctest.h>

#include <chopsticks/s3/workload/exec_options.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;
using messages::contains;
using messages::of_workload;

namespace {

workload_config parse(const std::string& text, const messages::overrides& sets = {}) {
    return parse_workload_config(text, "w.yaml", sets);
}

}  // namespace

TEST_CASE("workload_config_every_key_given_is_read_flat_and_nested") {
    const std::string keys = R"(
endpoints: ["http://a:8000/", "https://b"]
access_key: AKIA123
secret_key: abc/+=
session_token: tok
profile: p
bucket: my-bucket
create_bucket: false
region: default
addressing: virtual
payload: hashed
expect_continue: 1MiB
retries: 3
discard: copy
tls: {verify: false, ca_file: /etc/ca.pem, resumption: false}
)";
    std::string nested = "s3:\n";
    for (const char c : keys) {
        nested += c;
        if (c == '\n') nested += "  ";
    }
    for (const std::string& text : {keys, nested}) {
        const auto w = parse(text + "\ndriver: dummy\n");
        CHECK(w.driver == "dummy");
        CHECK(s3::settings_of(w).endpoints ==
              std::vector<std::string>{"http://a:8000", "https://b"});
        CHECK(s3::settings_of(w).access_key == "AKIA123");
        CHECK(s3::settings_of(w).secret_key == "abc/+=");
        CHECK(s3::settings_of(w).session_token == "tok");
        CHECK(s3::settings_of(w).profile == "p");
        CHECK(s3::settings_of(w).bucket == "my-bucket");
        CHECK_FALSE(s3::settings_of(w).create_bucket);
        CHECK(s3::settings_of(w).region == "default");
        CHECK(s3::settings_of(w).region_given);
        CHECK(s3::settings_of(w).virtual_host);
        CHECK(s3::settings_of(w).payload == s3::payload_signing::hashed);
        CHECK(s3::settings_of(w).expect_continue_bytes == 1 << 20);
        CHECK(s3::settings_of(w).retries == 3);
        CHECK_FALSE(s3::settings_of(w).discard_in_kernel);
        CHECK(s3::settings_of(w).tls_insecure);
        CHECK(s3::settings_of(w).tls_ca_file == "/etc/ca.pem");
        CHECK_FALSE(s3::settings_of(w).tls_resumption);
        CHECK(w.ignored.empty());
        CHECK(w.warnings.empty());
    }
}

TEST_CASE("workload_config_empty_is_allowed") {
    const auto w = load_workload_config("");
    CHECK(s3::settings_of(w).endpoints.empty());
    CHECK(s3::settings_of(w).bucket == "chopsticks");
    // Empty values are as good as absent ones.
    const auto empty = parse("endpoint: http://h\naccess_key:\nsecret_key:\n");
    CHECK(s3::settings_of(empty).access_key.empty());
}

TEST_CASE("workload_config_driver_beast_is_another_one_than_it_was_and_is_told_so") {
    for (const char* text : {"driver: beast", "driver: beast\ndiscard: copy",
                             "discard: copy\ndriver: beast", "driver: beast\ns3: {bucket: abc}"}) {
        const auto w = parse(text);
        CHECK(w.driver == "beast");
        REQUIRE(w.warnings.size() == 1);
        CHECK(w.warnings[0].find("called beast is native") != std::string::npos);
        CHECK_FALSE(s3::settings_of(w).discard_in_kernel);
    }
    CHECK(parse("driver: native").warnings.empty());
    CHECK(s3::settings_of(parse("driver: native\ndiscard: kernel")).discard_in_kernel);
}

TEST_CASE("workload_config_of_the_python_program_is_read_as_it_is") {
    const auto w = parse(R"(
endpoint: http://10.0.0.5:80
access_key: ABC
secret_key: DEF
bucket: test-bucket
region: us-east-1
driver: s5cmd
driver_config:
  s5cmd_path: /usr/local/bin/s5cmd
  timeout: 30
metrics:
  enabled: true
  http_port: 8090
  persistent: {enabled: false, pid_file: /tmp/x.pid}
)");
    CHECK(s3::settings_of(w).endpoints.at(0) == "http://10.0.0.5");
    CHECK(w.driver == "s5cmd");
    const auto how = s3::read_exec_options(s3::settings_of(w), "s5cmd");
    CHECK(how.programs() == std::vector<std::string>{"/usr/local/bin/s5cmd"});
    CHECK(how.timeout_ns == 30'000'000'000);
    CHECK(w.ignored.count("metrics.http_port") == 1);
    CHECK(w.ignored.count("metrics.persistent.pid_file") == 1);
    CHECK(w.ignored.size() == 4);
    const auto other = parse("driver: native\ndriver_config: {s5cmd_path: s5cmd, timeout: 30}");
    CHECK(contains(other.ignored.at("driver_config.s5cmd_path"), "driver: s5cmd"));
    CHECK(contains(other.ignored.at("driver_config.timeout"), "timeouts.operation"));
}

TEST_CASE("workload_config_overrides_mean_the_same_in_flat_and_nested_files") {
    for (const char* text : {"endpoint: http://a", "s3: {endpoint: http://a}", ""}) {
        for (const char* path : {"workload.endpoint", "workload.s3.endpoint"}) {
            CAPTURE(text);
            CAPTURE(path);
            const auto w = parse(text, {{path, "http://b:1"}, {"workload.tls.verify", "false"}});
            CHECK(s3::settings_of(w).endpoints == std::vector<std::string>{"http://b:1"});
            CHECK(s3::settings_of(w).tls_insecure);
        }
    }
    // One endpoint instead of the file's many, and the other way round.
    const auto endpoints = [](const std::string& text, const messages::overrides& sets) {
        return s3::settings_of(parse(text, sets)).endpoints.size();
    };
    CHECK(endpoints("endpoints: [http://a, http://b]", {{"workload.endpoint", "http://c"}}) == 1);
    CHECK(endpoints("endpoint: http://a", {{"workload.endpoints", "[http://c, http://d]"}}) == 2);
    // What is for the scenario is not for us.
    CHECK(endpoints("endpoint: http://a", {{"phases.measure", "1s"}}) == 1);
}

TEST_CASE("workload_config_secret_on_the_command_line_is_refused_and_not_repeated") {
    for (const char* path :
         {"workload.secret_key", "workload.s3.secret_key", "workload.session_token"}) {
        const auto message = of_workload("endpoint: http://a", {{path, "hunter2"}});
        CHECK(contains(message, "AWS_SECRET_ACCESS_KEY"));
        CHECK(contains(message, std::string("--set ") + path));
        CHECK_FALSE(contains(message, "hunter2"));
    }
}

TEST_CASE("workload_config_key_from_the_command_line_does_not_meet_the_secret_of_another") {
    const std::string text = "access_key: A\nsecret_key: S\nsession_token: T\n";
    const auto other = parse(text, {{"workload.access_key", "B"}});
    CHECK(s3::settings_of(other).access_key == "B");
    CHECK(s3::settings_of(other).secret_key.empty());
    CHECK(s3::settings_of(other).session_token.empty());
    CHECK(s3::settings_of(parse(text, {{"workload.access_key", "A"}})).secret_key == "S");
    CHECK(s3::settings_of(parse(text, {{"workload.access_key", "null"}})).secret_key.empty());
    const auto twice = parse(text, {{"workload.access_key", "B"}, {"workload.access_key", "A"}});
    CHECK(s3::settings_of(twice).secret_key == "S");
}

TEST_CASE("workload_config_mistakes_are_refused_with_their_place") {
    struct {
        const char* text;
        const char* place;
        const char* reason;
    } const cases[] = {
        {"endpoint: localhost:8000", "w.yaml:1:11: ", "has no scheme"},
        {"endpiont: http://a", "w.yaml:1:1: ", "did you mean \"endpoint\"?"},
        {"endpoint: http://a\nendpoints: [http://b]", "w.yaml:1:11: ", "keep one"},
        {"endpoints: []", "w.yaml:1:12: ", "is empty"},
        {"endpoints: [http://a, http://a/]", "w.yaml:1:23: ", "twice"},
        {"endpoint: ''", "w.yaml:1:11: ", "must be a text"},
        {"bucket: x", "w.yaml:1:9: ", "3 to 63"},
        {"bucket: a/b/c", "w.yaml:1:9: ", "no bucket name"},
        {"bucket: -abc", "w.yaml:1:9: ", "no bucket name"},
        {"bucket: a..b", "w.yaml:1:9: ", "no bucket name"},
        {"region: a/b", "w.yaml:1:9: ", "cannot be part"},
        {"access_key: 'a b'", "w.yaml:1:13: ", "cannot be part"},
        {"secret_key: [x]", "w.yaml:1:13: ", "must be a text"},
        {"addressing: host", "w.yaml:1:13: ", "path or virtual"},
        {"payload: sha256", "w.yaml:1:10: ", "unsigned or hashed"},
        {"retries: -1", "w.yaml:1:10: ", "whole number"},
        {"tls: {verfy: true}", "w.yaml:1:7: ", "did you mean \"verify\"?"},
        {"driver: nativ", "w.yaml:1:9: ", "did you mean \"native\"?"},
        {"driver: beast\ndiscard: kernel", "w.yaml:2:10: ", "`driver: native`"},
        {"driver_config: {timout: 3}", "w.yaml:1:17: ", "did you mean \"timeout\"?"},
        {"s3: {bucket: abc}\nregion: x", "w.yaml:2:1: ", "move it into `s3`"},
        {"s3: {bukket: abc}", "w.yaml:1:6: ", "did you mean \"bucket\"?"},
        {"endpoint: http://10.0.0.1\naddressing: virtual", "w.yaml:2:13: ", "no sub-domains"},
        {"- a", "w.yaml:1:1: ", "must be a map"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        const std::string message = of_workload(c.text);
        CAPTURE(message);
        CHECK(message.rfind(c.place, 0) == 0);
        CHECK(contains(message, c.reason));
    }
    CHECK_FALSE(contains(of_workload("secret_key: 'hunter 2'"), "hunter"));
}

TEST_CASE("workload_config_dotted_bucket_under_tls_and_virtual_hosts_is_warned_about") {
    CHECK(parse("{endpoint: https://h, bucket: a.bc, addressing: virtual}").warnings.size() == 1);
    CHECK(parse("{endpoint: https://h, bucket: abc, addressing: virtual}").warnings.empty());
}

TEST_CASE("workload_config_options_are_for_a_driver_that_has_some") {
    catalogue::add_driver("s3", {.name = "optional", .description = "d", .takes_options = true});
    for (const char* text : {"driver: optional\ndriver_options: {every: 10, what: x}",
                             "s3: {driver_options: {every: 10, what: x}}\ndriver: optional"}) {
        CAPTURE(text);
        const workload_config config = parse(text);
        const value& options = config.find("s3")->driver_options;
        CHECK(options.entries.size() == 2);
        CHECK(options.find("every")->text == "10");
        CHECK(options.find("what")->text == "x");
    }
    CHECK(parse("driver: optional\ndriver_options: {every: 10}",
                {{"workload.driver_options.every", "11"}})
              .find("s3")
              ->driver_options.find("every")
              ->text == "11");
    CHECK(
        contains(of_workload("driver_options: {every: 10}"), "the driver native of the workload"));
    CHECK(contains(of_workload("driver: optional\ndriver_options: {a: [1]}"),
                   "`driver_options.a` must be a text or number, not a list"));
    CHECK(contains(of_workload("driver: optional\ndriver_options: 3"), "must be a map"));
    // One file for several drivers: those of others are no mistake, and are not shown to this one.
    const char* const each =
        "driver_options: {every: 10, optional: {every: 3, x: y}, dummy: {servers: 2}}\ndriver: ";
    const value own = parse(std::string(each) + "optional").find("s3")->driver_options;
    CHECK(own.entries.size() == 2);
    CHECK(own.find("every")->text == "3");
    CHECK(own.find("x")->text == "y");
    CHECK(parse("driver_options: {optional: {every: 3}}\ndriver: native")
              .find("s3")
              ->driver_options.entries.empty());
    CHECK(contains(of_workload(std::string(each) + "native"), "write them below its name"));
    CHECK(contains(of_workload("driver: optional\ndriver_options: {optional: {a: {b: c}}}"),
                   "`driver_options.optional.a` must be a text or number"));
    CHECK(contains(of_workload("driver: optional\ndriver_options: {nobody: {a: b}}"),
                   "`driver_options.nobody` must be a text or number"));
}

TEST_CASE("workload_config_plugins_are_paths_from_here") {
    const auto files = [](const std::string& text, const std::string& file) {
        return parse_workload_config(text, file).plugins;
    };
    CHECK(files("plugins: [a.so, ../b/c.so, /d.so]", "x/w.yaml") ==
          std::vector<std::string>{"x/a.so", "b/c.so", "/d.so"});
    CHECK(files("plugins: [./a.so]", "w.yaml") == std::vector<std::string>{"a.so"});
    CHECK(files("", "w.yaml").empty());
    CHECK(contains(of_workload("plugins: a.so"), "`plugins` must be a list"));
    CHECK(plugins_of("", {{"workload.plugins", "[q.so]"}}) == std::vector<std::string>{"q.so"});
}

TEST_CASE("workload_config_several_buckets_are_each_one_users") {
    const auto w = parse(R"(
bucket: bkt
buckets: 5
credentials:
  - {access_key: A1, secret_key: hush1}
  - {access_key: A2, secret_key: hush2, session_token: tok2}
)");
    const s3::settings& s3 = s3::settings_of(w);
    CHECK(s3.hold_secret());
    CHECK(s3.bucket_names() ==
          std::vector<std::string>{"bkt-1", "bkt-2", "bkt-3", "bkt-4", "bkt-5"});
    const char* const owners[] = {"A1", "A2", "A1", "A2", "A1"};
    for (std::size_t i = 0; i < 5; ++i) {
        const s3::settings one = s3.at_bucket(i);
        CHECK(one.bucket == s3.bucket_names()[i]);
        CHECK(one.bucket_names() == std::vector<std::string>{one.bucket});
        CHECK(one.access_key == owners[i]);
        CHECK(one.secret_key == (i % 2 == 0 ? "hush1" : "hush2"));
        CHECK(one.session_token == (i % 2 == 0 ? "" : "tok2"));
    }
    // Nothing that a result or a person gets has a secret.
    for (const auto& [key, value] : s3.echo()) {
        if (const auto* const list = std::get_if<std::vector<std::string>>(&value)) {
            for (const std::string& text : *list)
                CHECK_FALSE(contains(text, "hush"));
        }
        if (const auto* const text = std::get_if<std::string>(&value))
            CHECK_FALSE(contains(*text, "hush"));
    }
    // A result names the buckets and the users, and the config has to come with the secrets.
    s3::settings again;
    again.find_again(s3.echo());
    CHECK(again.bucket_names() == s3.bucket_names());
    REQUIRE(again.credentials.size() == 2);
    CHECK(again.credentials[1].access_key == "A2");
    CHECK(again.credentials[1].secret_key.empty());
}

TEST_CASE("workload_config_of_one_bucket_has_one_user") {
    const auto w = parse("bucket: bkt\naccess_key: A\n");
    const s3::settings& s3 = s3::settings_of(w);
    CHECK(s3.bucket_count() == 1);
    CHECK(s3.at_bucket(0).bucket == "bkt");
    CHECK(s3.at_bucket(0).access_key == "A");
    CHECK(std::holds_alternative<std::monostate>(s3.echo()[4].second));
    const auto listed = parse("buckets: [one, two]\n");
    CHECK(s3::settings_of(listed).bucket_names() == std::vector<std::string>{"one", "two"});
    CHECK(s3::settings_of(listed).at_bucket(1).bucket == "two");
}
