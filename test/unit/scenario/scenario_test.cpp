#include <doctest/doctest.h>

#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// A scenario around one group's data.
data_set data(const std::string& text) {
    return parse_scenario("groups:\n- workload: s3\n  tasks: [put]\n  data: " + text, "s.yaml")
        .groups[0]
        .data;
}

group with_load(const std::string& text) {
    return parse_scenario("groups:\n- workload: s3\n  tasks: [put]\n  load: " + text, "s.yaml")
        .groups[0];
}

std::vector<task> tasks(const std::string& text) {
    return parse_scenario("groups:\n- workload: s3\n  tasks: " + text, "s.yaml").groups[0].tasks;
}

}  // namespace

TEST_CASE("scenario_every_key_given_is_read") {
    const std::string text = R"(
name: everything
description: a text
groups:
  - name: first
    workload: s3
    data:
      prefix: some/where
      objects: 1_000_000
      size: {uniform: [4KiB, 1MiB]}
      popularity: {zipf: 1.1}
      content: {compressible: 2.5}
      verify: true
      reuse: kept
    tasks:
      - {op: get, weight: 70, range: 64KiB}
      - {name: put_read, weight: 0.5, steps: [{op: put}, get, {op: delete}]}
      - {op: list, max_keys: 10, pages: 0, directory: true}
    load: {open: {rate: 1000.5, arrivals: constant, max_in_flight: 12, queue_limit: 5}}
  - workload: s3
    tasks: [put]
    load: {closed: {users: 32, spawn_rate: 100, think_time: {uniform: [1s, 3s]}}}
phases: {prepare: {concurrency: 7}, warmup: 3s, measure: 1m, drain: 4, cleanup: false}
stop: {operations: 99, bytes: 10GiB}
timeouts: {connect: 1s, operation: 2s, idle: 500ms}
error_limit: 0.1%
seed: 18446744073709551615
)";
    const auto s = parse_scenario(text, "dir/file.yaml");
    CHECK(s.name == "everything");
    CHECK(s.description == "a text");
    CHECK(s.file == "dir/file.yaml");
    CHECK(s.source == text);
    REQUIRE(s.groups.size() == 2);

    const group& g = s.groups[0];
    CHECK(g.name == "first");
    CHECK(g.workload == "s3");
    CHECK(g.data.prefix == "some/where/");
    CHECK(g.data.objects == 1'000'000);
    CHECK(g.data.size.describe() == "uniform 4 KiB to 1 MiB");
    CHECK(g.data.popularity.kind == load::popularity_kind::zipf);
    CHECK(g.data.popularity.zipf_exponent == 1.1);
    CHECK(g.data.content.compression_ratio == 2.5);
    CHECK(g.data.verify);
    CHECK(g.data.reuse == "kept");
    REQUIRE(g.tasks.size() == 3);
    CHECK(g.tasks[0].name == "get");
    CHECK(g.tasks[0].weight == 70);
    CHECK(g.tasks[0].steps[0].range_bytes == 65536);
    CHECK(g.tasks[0].steps[0].op == "get");
    CHECK(g.tasks[1].name == "put_read");
    CHECK(g.tasks[1].weight == 0.5);
    REQUIRE(g.tasks[1].steps.size() == 3);
    CHECK(g.tasks[1].steps[1].op == "get");
    CHECK(g.tasks[1].steps[2].op == "delete");
    CHECK(g.tasks[2].steps[0].number("max_keys") == 10);
    CHECK(g.tasks[2].steps[0].number("pages") == 0);
    CHECK(g.tasks[2].steps[0].flag("directory"));
    REQUIRE(g.open);
    CHECK(g.open->rate == 1000.5);
    CHECK(g.open->arrivals == load::arrival_kind::constant);
    CHECK(g.open->max_in_flight == 12);
    CHECK(g.open->queue_limit == 5);

    const group& second_group = s.groups[1];
    CHECK(second_group.name == "s3");
    CHECK_FALSE(second_group.open);
    CHECK(second_group.closed.users == 32);
    CHECK(second_group.closed.spawn_rate == 100);
    CHECK(second_group.closed.think.kind == think_kind::uniform);
    CHECK(second_group.closed.think.min_ns == second);
    CHECK(second_group.closed.think.max_ns == 3 * second);

    CHECK(s.phase.prepare);
    CHECK(s.phase.prepare_concurrency == 7);
    CHECK(s.phase.warmup_ns == 3 * second);
    CHECK(s.phase.measure_ns == 60 * second);
    CHECK(s.phase.drain_ns == 4 * second);  // a number is seconds
    CHECK_FALSE(s.phase.cleanup);
    CHECK(s.stop.operations == 99);
    CHECK(s.stop.bytes == 10ULL << 30);
    CHECK(s.timeout.connect_ns == second);
    CHECK(s.timeout.operation_ns == 2 * second);
    CHECK(s.timeout.idle_ns == second / 2);
    CHECK(s.error_limit == doctest::Approx(0.001));
    CHECK(s.seed == ~0ULL);
}

TEST_CASE("scenario_smallest_file_gets_the_documented_defaults") {
    const auto s = parse_scenario("groups: [{workload: s3, tasks: [get]}]", "dir/tiny.yaml");
    const struct scenario plain;
    CHECK(s.name == "tiny");
    const group& g = s.groups[0];
    CHECK(g.name == "s3");
    CHECK(g.data.prefix == "chopsticks/");
    CHECK(g.data.objects == 1000);
    CHECK(g.data.size.describe() == "64 KiB");
    CHECK(g.closed.users == 1);
    CHECK(g.tasks[0].weight == 1);
    CHECK(s.phase.measure_ns == plain.phase.measure_ns);
    CHECK(s.phase.prepare);
    CHECK(s.phase.cleanup);
    CHECK(s.error_limit == 0);
    CHECK(s.seed == 0);
    CHECK(s.warnings.empty());
}

TEST_CASE("scenario_sizes_in_all_forms") {
    CHECK(data("{size: 4096}").size.describe() == "4 KiB");
    CHECK(data("{size: {fixed: 1MB}}").size.min() == 1'000'000);
    CHECK(data("{size: {table: {4KiB: 30, 1MiB: 70}}}").size.describe() ==
          "30 % 4 KiB, 70 % 1 MiB");
    CHECK(data("{size: {mix: [{range: [4KiB, 64KiB], weight: 9}, {range: [1MiB, 2MiB]}]}}")
              .size.describe() == "90 % 4 KiB to 64 KiB, 10 % 1 MiB to 2 MiB");
    CHECK(data("{size: {lognormal: {median: 64KiB, sigma: 1.5, min: 0, max: 16MiB}}}")
              .size.describe() == "lognormal, median 64 KiB, sigma 1.5, 0 B to 16 MiB");
    // Without a bound the tail ends where no single put may be larger.
    CHECK(data("{size: {lognormal: {median: 64KiB, sigma: 3}}}").size.max() == 5ULL << 30);
    CHECK(data("{size: {lognormal: {median: 6GiB, sigma: 0}}}").size.max() == 6ULL << 30);
    CHECK(data("{size: 0}").size.max() == 0);
}

TEST_CASE("scenario_popularity_and_content_in_all_forms") {
    CHECK(data("{popularity: uniform}").popularity.kind == load::popularity_kind::uniform);
    CHECK(data("{popularity: sequential}").popularity.kind == load::popularity_kind::sequential);
    const auto hot = data("{popularity: {hot_set: {fraction: 20%, share: 0.8}}}").popularity;
    CHECK(hot.kind == load::popularity_kind::hot_set);
    CHECK(hot.hot_fraction == doctest::Approx(0.2));
    CHECK(hot.hot_share == 0.8);
    CHECK(data("{content: incompressible}").content.compression_ratio == 1);
    CHECK(data("{prefix: \"\xc3\xa4/b c/\"}").prefix == "\xc3\xa4/b c/");
}

TEST_CASE("scenario_think_times_in_all_forms") {
    CHECK(with_load("{closed: {users: 1, think_time: 0}}").closed.think.kind == think_kind::none);
    const auto constant = with_load("{closed: {users: 1, think_time: 100ms}}").closed.think;
    CHECK(constant.kind == think_kind::constant);
    CHECK(constant.mean_ns == second / 10);
    const auto exponential =
        with_load("{closed: {users: 1, think_time: {exponential: 2}}}").closed.think;
    CHECK(exponential.kind == think_kind::exponential);
    CHECK(exponential.mean_ns == 2 * second);
}

TEST_CASE("scenario_tasks_in_short_form_and_named_after_their_steps") {
    const auto t = tasks("[put, {op: get}, {steps: [put, get]}]");
    REQUIRE(t.size() == 3);
    CHECK(t[0].steps[0].op == "put");
    CHECK(t[2].name == "put_get");
}

TEST_CASE("scenario_allowed_but_doubtful_is_warned_about") {
    const auto warnings = [](const std::string& rest) {
        return parse_scenario("groups: [{workload: s3, " + rest, "s.yaml").warnings;
    };
    CHECK(warnings("tasks: [get, put, delete]}]").empty());
    REQUIRE(warnings("tasks: [delete]}]").size() == 1);
    CHECK(messages::contains(warnings("tasks: [delete]}]")[0], "will be used up"));
    CHECK(messages::contains(warnings("tasks: [put], data: {size: 6GiB}}]")[0], "5 GiB"));
    CHECK(
        messages::contains(warnings("tasks: [put]}]\nphases: {cleanup: false}")[0], "chopsticks/"));
    // A sequence that deletes what it has made uses up nothing.
    CHECK(warnings("tasks: [{steps: [put, get, delete]}], data: {objects: 0}}]").empty());
}

TEST_CASE("scenario_override_replaces_adds_and_is_typed_like_the_file") {
    const std::string text =
        "groups:\n- workload: s3\n  data: {objects: 5}\n  tasks: [{op: get, weight: 3}, put]\n"
        "- {name: other, workload: s3, tasks: [put]}\n";
    const auto s = parse_scenario(text, "s.yaml",
                                  {{"groups.0.data.objects", "10"},
                                   {"groups.s3.load.closed.users", "8"},
                                   {"groups.other.data.size", "{uniform: [1, 2]}"},
                                   {"groups.0.tasks.get.weight", "9"},
                                   {"phases.measure", "10s"},
                                   {"workload.endpoint", "http://elsewhere"},
                                   {"name", "renamed"}});
    CHECK(s.groups[0].data.objects == 10);
    CHECK(s.groups[0].closed.users == 8);
    CHECK(s.groups[0].tasks[0].weight == 9);
    CHECK(s.groups[1].data.size.max() == 2);
    CHECK(s.phase.measure_ns == 10 * second);
    CHECK(s.name == "renamed");
    CHECK(s.source == text);
}

TEST_CASE("scenario_override_that_is_wrong_names_itself") {
    const std::string text = "groups: [{workload: s3, tasks: [get]}]";
    const auto message = [&](const std::string& path, const std::string& value) {
        return messages::of_scenario(text, {{path, value}});
    };
    CHECK(message("groups.0.data.objects", "many") ==
          "--set groups.0.data.objects: `groups[0].data.objects` must be a whole number, not "
          "\"many\"");
    CHECK(messages::contains(message("groups.9.name", "x"),
                             "--set groups.9.name: \"groups\" has no"));
    CHECK(messages::contains(message("groups.other.name", "x"), "has no item \"other\""));
    CHECK(
        messages::contains(message("phases.mesure", "1s"),
                           "--set phases.mesure: unknown key \"mesure\" in `phases`; did you mean "
                           "\"measure\"?"));
    CHECK(messages::contains(message("groups.0.workload.x", "1"), "is a single value"));
    CHECK(messages::contains(message("phases..x", "1"), "empty"));
    CHECK(messages::contains(message("seed", "'1"), "--set seed: not valid YAML"));
    CHECK(message("seed", "[1") ==
          "--set seed: a key must be a plain word; write `name: value`; is a bracket not closed?");
    CHECK(messages::contains(message("seed", "*a"), "--set seed: "));
    CHECK(messages::contains(message("seed", std::string(2'000'000, '1')), "larger than 1 MiB"));
    CHECK(messages::contains(message("groups.99999999999999999999.x", "1"), "has no item"));
}

TEST_CASE("override_text_is_split_at_the_first_equals_sign") {
    const auto o = parse_override("a.b=c=d");
    CHECK(o.path == "a.b");
    CHECK(o.value == "c=d");
    CHECK(parse_override("a=").value.empty());
    CHECK_THROWS_AS(parse_override("novalue"), config_error);
    CHECK_THROWS_AS(parse_override("=x"), config_error);
}
