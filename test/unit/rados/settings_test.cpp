#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/rados/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <string>

using namespace chopsticks;
using namespace chopsticks::rados;

namespace {

/// Once in this program, as at a program's start.
void add_rados() {
    static const bool added = (scenario::catalogue::add(describe_workload()), true);
    CHECK(added);
}

settings read(const std::string& text) {
    add_rados();
    scenario::workload_config config = scenario::parse_workload_config(text, "w.yaml");
    return settings_of(config);
}

std::string refusal(const std::string& text) {
    try {
        read(text);
    } catch (const config_error& error) {
        return error.what();
    }
    return {};
}

bool has(const std::string& text, const char* part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("settings_have_defaults_and_are_read") {
    const settings plain = read("");
    CHECK(plain.pools == std::vector<std::string>{"chopsticks"});
    CHECK(plain.name_spaces == std::vector<std::string>{""});
    CHECK(plain.cluster_connections(4) == 4);
    const settings all = read(
        "rados: {driver: dummy, conf_file: /c, client: bench, keyring: /k, pools: [a, b], "
        "namespaces: ['', x], connections: 3, operation_timeout: 5s, "
        "options: {objecter_inflight_ops: 7}}");
    CHECK(all.driver == "dummy");
    CHECK(all.who() == "client.bench");
    CHECK(all.pools == std::vector<std::string>{"a", "b"});
    CHECK(all.name_spaces == std::vector<std::string>{"", "x"});
    CHECK(all.cluster_connections(8) == 3);
    CHECK(all.operation_timeout_ns == 5'000'000'000);
    CHECK(read("rados: {pool: a, connections: shared}").cluster_connections(8) == 1);
}

TEST_CASE("settings_that_are_wrong_are_refused_with_what_to_write") {
    CHECK(has(refusal("rados: {pool: a, pools: [b]}"), "stands beside `pool`"));
    CHECK(has(refusal("rados: {pools: [a, a]}"), "is listed twice"));
    CHECK(has(refusal("rados: {pools: []}"), "is empty"));
    CHECK(has(refusal("rados: {pool: a/b}"), "is no name of one thing"));
    CHECK(has(refusal("rados: {connections: many}"), "per_core, shared or a number"));
    CHECK(has(refusal("rados: {client: client.admin}"), "write the id alone: admin"));
    CHECK(has(refusal("rados: {options: {key: x}}"), "is a secret"));
    CHECK(has(refusal("rados: {driver: nothing}"), "names no driver of the workload rados"));
    CHECK(has(refusal("rados: {bucket: x}"), "bucket"));
}

TEST_CASE("settings_are_found_again_in_a_result") {
    const settings before = read("rados: {conf_file: /c, pools: [a, b], namespaces: [x]}");
    settings after;
    after.find_again(before.echo());
    CHECK(after.pools == before.pools);
    CHECK(after.name_spaces == before.name_spaces);
    CHECK(after.conf_file == "/c");
    CHECK(has(after.cleanup_command("id", "p/"), "'workload.rados.pools=[a, b]'"));
}

TEST_CASE("settings_refuse_writes_into_a_kept_data_set") {
    add_rados();
    scenario::scenario plan = scenario::parse_scenario(
        "groups: [{workload: rados, data: {reuse: set}, tasks: [write]}]", "s.yaml");
    const settings config;
    CHECK_THROWS_WITH_AS(config.check(plan.groups[0], plan.warnings),
                         doctest::Contains("would write to the kept data set"), config_error);
}
