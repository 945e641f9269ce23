// What is written once and used several times: anchors, aliases and merge keys.

#include <doctest/doctest.h>

#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "messages.hpp"

using messages::contains;
using messages::of_scenario;
using messages::of_workload;

namespace {

chopsticks::scenario::scenario parsed(const std::string& text,
                                      const messages::overrides& sets = {}) {
    return chopsticks::scenario::parse_scenario(text, "s.yaml", sets);
}

std::string times(const std::string& text, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i)
        out += text;
    return out;
}

const std::string two_groups = R"(groups:
  - workload: s3
    name: a
    data: &objects {objects: 7, size: 4KiB}
    tasks: &mix
      - {op: get, weight: &most 70}
      - {op: put, weight: 30}
  - workload: s3
    name: b
    data: *objects
    tasks: *mix
)";

}  // namespace

TEST_CASE("alias_stands_for_all_of_what_it_names") {
    const auto s = parsed(two_groups + "    load: {open: {rate: *most}}\n");
    REQUIRE(s.groups.size() == 2);
    for (const auto& g : s.groups) {
        CHECK(g.data.objects == 7);
        CHECK(g.data.size.max() == 4096);
        REQUIRE(g.tasks.size() == 2);
        CHECK(g.tasks[0].weight == 70);
        CHECK(g.tasks[1].name == "put");
    }
    CHECK(s.groups[1].open->rate == 70);
}

TEST_CASE("alias_is_a_copy_that_an_override_changes_alone") {
    const auto s = parsed(two_groups, {{"groups.b.data.objects", "9"}});
    CHECK(s.groups[0].data.objects == 7);
    CHECK(s.groups[1].data.objects == 9);
}

TEST_CASE("alias_mistakes_are_told_where_the_text_stands") {
    std::string text = two_groups;
    text.replace(text.find("size: 4KiB"), 10, "sise: 4KiB");
    // Once, though it is read twice.
    CHECK(of_scenario(text) ==
          "s.yaml:4:33: unknown key \"sise\" in `groups[0].data`; did you mean \"size\"?");
    text = two_groups;
    text.replace(text.find("objects: 7"), 10, "objects: x");
    CHECK(contains(of_scenario(text),
                   "s.yaml:4:30: `groups[0].data.objects` must be a whole number"));
    CHECK(contains(of_scenario("groups: [{workload: s3, tasks: *none}]"), "s.yaml:1:"));
}

TEST_CASE("merge_key_takes_in_what_the_map_does_not_say_itself") {
    const auto s = parsed(R"(groups:
  - &base
    workload: s3
    name: a
    data: {objects: 7, size: 4KiB}
    tasks: [get]
  - <<: *base
    name: b
    data: {objects: 8}
  - name: c
    <<: [{name: unused, data: {objects: 9}}, *base]
  - {<<: *base, name: d, data: }
)");
    REQUIRE(s.groups.size() == 4);
    CHECK(s.groups[1].name == "b");
    CHECK(s.groups[1].workload == "s3");
    CHECK(s.groups[1].tasks.size() == 1);
    // Whole keys: what is below one is not mixed.
    CHECK(s.groups[1].data.objects == 8);
    CHECK(s.groups[1].data.size.max() == 65536);
    // Of several maps the first that says it.
    CHECK(s.groups[2].name == "c");
    CHECK(s.groups[2].data.objects == 9);
    CHECK(s.groups[2].tasks.size() == 1);
    // A key without a value is the default, and not the other map's.
    CHECK(s.groups[3].data.objects == 1000);
}

TEST_CASE("merge_key_merges_maps_that_were_merged_and_maps_below") {
    const auto s = parsed(R"(groups:
  - &first {workload: s3, name: a, tasks: [get], data: &small {objects: 7}}
  - &second {<<: *first, name: b, data: {<<: *small, size: 8KiB}}
  - {<<: *second, name: c}
)");
    REQUIRE(s.groups.size() == 3);
    CHECK(s.groups[2].data.objects == 7);
    CHECK(s.groups[2].data.size.max() == 8192);
    CHECK(s.groups[2].tasks.size() == 1);
}

TEST_CASE("merge_key_keeps_the_checks_of_keys") {
    const std::string base = "groups:\n- &base {workload: s3, name: a, tasks: [get]}\n- ";
    CHECK(contains(of_scenario(base + "{<<: *base, name: b, nane: c}"),
                   "s.yaml:3:24: unknown key \"nane\""));
    CHECK(contains(of_scenario("groups:\n- {workload: s3, tasks: [get], data: {<<: {sise: 1}}}"),
                   "s.yaml:2:44: unknown key \"sise\" in `groups[0].data`"));
    CHECK(contains(of_scenario(base + "{<<: *base, name: b, name: c}"),
                   "s.yaml:3:24: \"name\" is given twice"));
    CHECK(of_scenario(base + "{<<: *base, <<: *base}") ==
          "s.yaml:3:15: \"<<\" is given twice; write `<<: [*one, *other]`; the first is in line 3");
    CHECK(of_scenario(base + "{<<: [*base, 3], name: b}") ==
          "s.yaml:3:16: `<<` takes in maps, not \"3\"; write `<<: *name` or `<<: [*one, *other]`, "
          "each the alias of a map");
    CHECK(contains(of_scenario(base + "{<<: , name: b}"), "`<<` takes in maps, not nothing"));
    // In quotes it is a word like any other.
    CHECK(contains(of_scenario(base + "{\"<<\": *base, name: b, workload: s3, tasks: [get]}"),
                   "unknown key \"<<\""));
}

TEST_CASE("alias_and_merge_key_work_in_workload_configs") {
    CHECK(of_workload(
              "s3: {endpoint: http://localhost:8000, bucket: &b bucket}\nrbd: {pool: *b}") == "");
    const auto config = chopsticks::scenario::parse_workload_config(
        "s3:\n  <<: {endpoint: http://localhost:8000, bucket: other}\n  bucket: mine\n", "w.yaml");
    CHECK(chopsticks::s3::settings_of(config).bucket == "mine");
    REQUIRE(chopsticks::s3::settings_of(config).endpoints.size() == 1);
    CHECK(chopsticks::s3::settings_of(config).endpoints[0] == "http://localhost:8000");
    CHECK(contains(of_workload("endpoint: http://a\n<<: {bukket: b}"),
                   "w.yaml:2:6: unknown key \"bukket\""));
}

TEST_CASE("alias_neither_grows_without_bound_nor_recurs") {
    std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'j'; ++c) {
        laughs += std::string(1, c) + ": &" + c + " [" +
                  times(std::string("*") + static_cast<char>(c - 1) + ", ", 9) + "]\n";
    }
    CHECK(contains(of_scenario(laughs), "too many values"));
    // Few values, and each of them long.
    std::string long_texts = "a: &a " + std::string(200'000, 'x') + "\nb: [*a";
    for (int i = 0; i < 20'000; ++i)
        long_texts += ", *a";
    CHECK(contains(of_scenario(long_texts + "]\n"), "aliases stand for too much text"));
    std::string long_keys = "a: &a {" + std::string(1000, 'k') + ": 1}\nb: [*a";
    for (int i = 0; i < 20'000; ++i)
        long_keys += ", *a";
    CHECK(contains(of_scenario(long_keys + "]\n"), "aliases stand for too much text"));
    CHECK(
        contains(of_scenario("groups: &a [*a]"), "s.yaml:1:13: an alias (`*name`) stands inside"));
    CHECK(contains(of_scenario("groups: &a {<<: *a}"), "stands inside of what it names"));
    // As deep as aliases can make it, with no line of its own that is.
    std::string deep = "a: &a0 [x]\n";
    for (int i = 1; i < 40; ++i) {
        deep += "b" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
                std::to_string(i - 1) + "]\n";
    }
    CHECK(contains(of_scenario(deep), "nested too deeply"));
    // Anchors inside of anchors, each of which is remembered.
    std::string nested;
    for (int i = 0; i < 31; ++i)
        nested += "&a" + std::to_string(i) + " [";
    CHECK(contains(of_scenario("groups: " + nested + times("x,", 60'000) + times("]", 31)),
                   "too many values"));
    CHECK(contains(of_scenario("&a a: *a"), "s.yaml:1:"));
    // A key is a plain word.
    CHECK(contains(of_scenario("name: &a x\n*a : y"), "a key must be a plain word"));
    // An anchor that nobody uses harms nobody.
    CHECK(of_scenario("groups: &all [{workload: s3, tasks: [get]}]") == "");
}
