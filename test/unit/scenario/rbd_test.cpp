#include <doctest/doctest.h>

#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/rbd/workload/settings.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;
using messages::contains;

namespace {

/// A scenario of one rbd group with these tasks, one per line of `tasks`.
std::string yaml(const std::string& tasks, const std::string& more = "") {
    return "groups:\n  - workload: rbd\n" + more + "    tasks: " + tasks + "\n";
}

std::string refused(const std::string& tasks, const std::string& more = "") {
    return messages::of_scenario(yaml(tasks, more));
}

std::string refused_config(const std::string& rbd) {
    return messages::of_workload("rbd: {" + rbd + "}\n");
}

std::string refused_together(const std::string& tasks, const std::string& rbd,
                             const std::string& more = "") {
    auto plan = parse_scenario(yaml(tasks, more), "s.yaml");
    const auto config = parse_workload_config("rbd: {" + rbd + "}\n", "w.yaml");
    try {
        check_together(plan, config);
        return "";
    } catch (const config_error& e) {
        return e.what();
    }
}

}  // namespace

TEST_CASE("rbd_group_has_defaults_that_measure_something") {
    const auto s = parse_scenario(yaml("[read]"), "s.yaml");
    const group& g = s.groups.front();
    CHECK(g.name == "rbd");
    CHECK(g.data.objects == 0);
    CHECK(g.blocks.prefill);
    CHECK(g.blocks.extent_bytes == 0);
    const step& read = g.tasks.front().steps.front();
    CHECK(read.code == rbd::block_read);
    CHECK(read.block.max() == 4096);
    CHECK(read.pattern == offset_pattern::random);
    CHECK(read.align_bytes == 4096);
    CHECK(s.warnings.empty());
}

TEST_CASE("rbd_group_reads_every_key") {
    const auto s = parse_scenario(
        yaml("[{op: read, block: {table: {4KiB: 7, 64KiB: 3}}, offsets: {zipf: 1.1}, pieces: 4},"
             " {op: write, block: 1MiB, pattern: sequential},"
             " {op: write, pattern: sequential_shared},"
             " {op: discard, block: 8KiB, align: 16KiB, offsets: {hot_set: {fraction: 5%}}},"
             " {name: safe, steps: [{op: write, block: 512}, flush]}]",
             "    blocks: {extent: 1GiB, prefill: true, prefill_block: 1MiB, verify: true,"
             " verify_block: 512, content: {compressible: 2}}\n"),
        "s.yaml");
    const group& g = s.groups.front();
    CHECK(g.blocks.extent_bytes == 1ULL << 30);
    CHECK(g.blocks.prefill_bytes == 1 << 20);
    CHECK(g.blocks.verify);
    CHECK(g.blocks.verify_bytes == 512);
    CHECK(g.blocks.content.compression_ratio == 2);
    const auto& read = g.tasks[0].steps[0];
    CHECK(read.block.min() == 4096);
    CHECK(read.block.max() == 65536);
    CHECK(read.align_bytes == 65536);
    CHECK(read.offsets.kind == load::popularity_kind::zipf);
    CHECK(read.pieces == 4);
    CHECK(g.tasks[1].steps[0].pattern == offset_pattern::sequential);
    CHECK(g.tasks[2].steps[0].pattern == offset_pattern::sequential_shared);
    CHECK(g.tasks[3].steps[0].align_bytes == 16384);
    CHECK(g.tasks[4].steps[1].code == rbd::block_flush);
}

TEST_CASE("rbd_group_refuses_what_cannot_work") {
    CHECK(contains(refused("[{op: read, block: 1000}]"), "no multiple of 512"));
    CHECK(contains(refused("[{op: read, block: 1GiB}]"), "at most 256 MiB"));
    CHECK(contains(refused("[{op: read, block: {uniform: [4KiB, 8KiB]}}]"), "a table of sizes"));
    CHECK(contains(refused("[{op: read, block: {table: {4KiB: 1, 5000: 1}}}]"),
                   "no multiple of 512"));
    CHECK(contains(refused("[{op: read, align: 1000}]"), "no multiple of 512"));
    CHECK(contains(refused("[{op: read, pattern: zigzag}]"), "sequential_shared or random"));
    CHECK(contains(refused("[{op: read, offsets: sequential}]"), "pattern: sequential"));
    CHECK(contains(refused("[{op: read, pattern: sequential, align: 4KiB}]"), "random blocks"));
    CHECK(contains(refused("[{op: read, pattern: sequential, offsets: {zipf: 1}}]"),
                   "random blocks"));
    CHECK(contains(refused("[{op: read, block: 512, pieces: 2}]"), "`pieces` (2)"));
    CHECK(contains(refused("[{op: discard, pieces: 2}]"), "is a parameter of read"));
    CHECK(contains(refused("[{op: get}]"), "did you mean \"read\"?"));
    CHECK(contains(refused("[{op: trim}]"), "did you mean \"discard\"?"));
    CHECK(contains(refused("[{op: read, block: 8KiB}]", "    blocks: {extent: 4KiB}\n"),
                   "does not fit into `blocks.extent`"));
    CHECK(contains(refused("[read]", "    blocks: {extent: 1000}\n"), "no multiple of 512"));
    CHECK(contains(refused("[{op: read, block: 516608}, {op: read, block: 518656},"
                           " {op: read, block: 521728}]"),
                   "no common multiple"));
}

TEST_CASE("rbd_group_and_s3_group_refuse_each_others_keys") {
    CHECK(contains(refused("[read]", "    data: {objects: 1}\n"), "write `blocks:"));
    CHECK(contains(
        messages::of_scenario("groups: [{workload: s3, blocks: {extent: 1GiB}, tasks: [get]}]"),
        "write `data:"));
    CHECK(contains(refused("[{op: read, range: 4KiB}]"), "unknown key \"range\""));
    CHECK(
        contains(messages::of_scenario("groups: [{workload: s3, tasks: [{op: get, block: 4KiB}]}]"),
                 "unknown key \"block\""));
    CHECK(contains(messages::of_scenario("groups: [{workload: s3, tasks: [write]}]"),
                   "did you mean \"put\"?"));
}

TEST_CASE("rbd_verified_groups_refuse_what_carries_no_header") {
    const std::string verify = "    blocks: {verify: true}\n";
    CHECK(contains(refused("[{op: writesame}]", verify), "writesame cannot be verified"));
    CHECK(contains(refused("[{op: read, block: 2KiB}]", verify), "the unit that is verified"));
    CHECK(contains(refused("[{op: read, block: 4KiB, align: 6KiB}]", verify), "`align`"));
    CHECK(contains(refused("[read]", "    blocks: {verify: true, verify_block: 3KiB}\n"),
                   "power of two"));
    CHECK(contains(refused("[read]", "    blocks: {verify: true, prefill_block: 6KiB}\n"),
                   "`prefill_block`"));
    CHECK(refused("[{op: read, block: 64KiB}, {op: discard}, {op: write}]", verify).empty());
}

TEST_CASE("rbd_compare_and_write_stays_within_one_object") {
    CHECK(refused("[{op: compare_and_write, block: 64KiB}]").empty());
    CHECK(contains(refused("[{op: compare_and_write, block: 128KiB}]"), "at most 64 KiB"));
    CHECK(contains(refused("[{op: compare_and_write, block: 1536}]"), "power of two"));
    CHECK(contains(refused("[{op: compare_and_write, block: {table: {4KiB: 1, 8KiB: 1}}}]"),
                   "one block size"));
    CHECK(contains(refused("[{op: compare_and_write, block: 4KiB, align: 512}]"),
                   "two objects of the image"));
    CHECK(
        contains(refused_together("[{op: compare_and_write, block: 64KiB}]", "object_size: 32KiB"),
                 "larger than an object"));
}

TEST_CASE("rbd_sequence_works_on_one_block") {
    CHECK(refused("[{steps: [{op: read, block: 8KiB}, {op: write, pieces: 2}, flush]}]").empty());
    CHECK(contains(refused("[{steps: [{op: read, block: 8KiB}, {op: write, block: 8KiB}]}]"),
                   "only stand in the first step"));
    CHECK(refused("[{steps: [flush, {op: write, block: 8KiB}]}]").empty());
}

TEST_CASE("rbd_reads_without_prefill_are_warned_of") {
    const auto warnings = [](const std::string& text) {
        return parse_scenario(text, "s.yaml").warnings;
    };
    REQUIRE(warnings(yaml("[read]", "    blocks: {prefill: false}\n")).size() == 1);
    CHECK(contains(warnings(yaml("[read]", "    blocks: {prefill: false}\n"))[0], "never written"));
    CHECK(warnings(yaml("[write]", "    blocks: {prefill: false}\n")).empty());
    CHECK(warnings(yaml("[read]") + "phases: {prepare: false}\n").size() == 1);
    CHECK(warnings(yaml("[read]") + "phases: {cleanup: false}\n").empty());
}

TEST_CASE("rbd_config_reads_every_key") {
    const auto w = parse_workload_config(
        "endpoint: http://a:1\n"
        "rbd:\n  driver: dummy\n  conf_file: /etc/c.conf\n  cluster: east\n  client: load\n"
        "  keyring: /etc/k\n  pool: p\n  namespace: n\n  data_pool: d\n  prefix: x-\n  count: 3\n"
        "  size: 2GiB\n  object_size: 1MiB\n  features: [layering, exclusive-lock]\n"
        "  create: false\n  keep: true\n  overwrite_existing: true\n  source: clone\n"
        "  parent: base\n  snapshot: s\n  encryption: luks2\n  passphrase_file: /p\n"
        "  connections: {per_images: 4}\n  completion: eventfd\n  cache: true\n"
        "  operation_timeout: 5s\n  options: {rbd_op_threads: 2, debug_rbd: 0/0}\n",
        "w.yaml");
    const rbd::settings& r = rbd::settings_of(w);
    CHECK(s3::settings_of(w).endpoints.front() == "http://a:1");
    CHECK(r.driver == "dummy");
    CHECK(r.conf_file == "/etc/c.conf");
    CHECK(r.cluster == "east");
    CHECK(r.client == "load");
    CHECK(r.keyring == "/etc/k");
    CHECK(r.pool == "p");
    CHECK(r.name_space == "n");
    CHECK(r.data_pool == "d");
    CHECK(r.prefix == "x-");
    CHECK(r.count == 3);
    CHECK(r.image_bytes == 2ULL << 30);
    CHECK(r.object_bytes == 1 << 20);
    CHECK(r.features == std::vector<std::string>{"layering", "exclusive-lock"});
    CHECK_FALSE(r.create);
    CHECK(r.keep);
    CHECK(r.overwrite_existing);
    CHECK(r.source == rbd::image_source::clone);
    CHECK(r.parent == "base");
    CHECK(r.snapshot == "s");
    CHECK(r.encryption == "luks2");
    CHECK(r.passphrase_file == "/p");
    CHECK(r.connections == rbd::connection_sharing::per_images);
    CHECK(r.images_per_connection == 4);
    CHECK(r.completion == rbd::completion_way::eventfd);
    CHECK(r.cache);
    CHECK(r.operation_timeout_ns == 5'000'000'000);
    CHECK(r.options.at("rbd_op_threads") == "2");
    CHECK(r.options.at("debug_rbd") == "0/0");
    CHECK(rbd::settings_of(parse_workload_config("rbd: {images: [a, b]}", "w")).images.size() == 2);
    const auto both = parse_workload_config("s3: {bucket: abc}\nrbd: {pool: q}", "w");
    CHECK(s3::settings_of(both).bucket == "abc");
    const auto set = parse_workload_config("", "", {{"workload.rbd.pool", "z"}});
    CHECK(rbd::settings_of(set).pool == "z");
}

TEST_CASE("rbd_config_refuses_what_cannot_be_meant") {
    CHECK(contains(refused_config("pol: rbd"), "did you mean \"pool\""));
    CHECK(contains(refused_config("driver: native"), "no driver of the workload rbd"));
    CHECK(contains(refused_config("images: [a], count: 2"), "stands beside `count`"));
    CHECK(contains(refused_config("images: [a, a]"), "listed twice"));
    CHECK(contains(refused_config("images: []"), "is empty"));
    CHECK(contains(refused_config("images: [pool/a]"), "without '/' and '@'"));
    CHECK(contains(refused_config("client: client.admin"), "write the id alone: admin"));
    CHECK(contains(refused_config("object_size: 3MiB"), "power of two"));
    CHECK(contains(refused_config("object_size: 64MiB"), "power of two"));
    CHECK(contains(refused_config("features: [sparse]"), "layering"));
    CHECK(contains(refused_config("features: [object-map]"),
                   "`object-map` without `exclusive-lock`"));
    CHECK(contains(refused_config("features: [exclusive-lock, fast-diff]"),
                   "`fast-diff` without `object-map`"));
    CHECK(contains(refused_config("features: [layering, journaling]"), "add `exclusive-lock`"));
    CHECK(contains(refused_config("source: clone, features: [exclusive-lock]"), "layering"));
    CHECK(contains(refused_config("parent: a"), "`rbd.parent`"));
    CHECK(contains(refused_config("snapshot: a"), "plain image"));
    CHECK(contains(refused_config("source: snapshot"), "name the snapshot"));
    CHECK(contains(refused_config("source: clone, parent: a"), "needs a `snapshot`"));
    CHECK(contains(refused_config("source: clone, snapshot: a"), "is of no `parent`"));
    CHECK(contains(refused_config("source: clone, read_only: true"), "to be written"));
    CHECK(contains(refused_config("encryption: luks2"), "passphrase_file"));
    CHECK(contains(refused_config("passphrase_file: /p"), "without `encryption`"));
    CHECK(contains(refused_config("connections: many"), "per_core or shared"));
    CHECK(contains(refused_config("completion: poll"), "callback or eventfd"));
    CHECK(contains(refused_config("options: {key: QUJD}"), "is a secret"));
    CHECK_FALSE(contains(refused_config("options: {key: QUJD}"), "QUJD"));
    CHECK(contains(refused_config("options: {rbd_cache: [1]}"), "a text or number"));
    CHECK(contains(refused_config("operation_timeout: 1us"), "too short"));
    CHECK(contains(messages::of_workload("driver: librbd"), "write `rbd: {driver: librbd}`"));
}

TEST_CASE("rbd_driver_is_dummy_where_all_is_unless_it_names_its_own") {
    const auto driver = [](const std::string& text, const char* workload) {
        // A copy: the view is of the config, which ends here.
        return std::string(driver_of(parse_workload_config(text, "w.yaml"), workload));
    };
    CHECK(driver("", "rbd") == "librbd");
    CHECK(driver("", "s3") == "native");
    CHECK(driver("driver: dummy", "rbd") == "dummy");
    CHECK(driver("driver: dummy\nrbd: {driver: librbd}", "rbd") == "librbd");
    CHECK(driver("driver: dummy\nrbd: {driver: librbd}", "s3") == "dummy");
    CHECK(driver("rbd: {driver: dummy}", "s3") == "native");
}

TEST_CASE("rbd_scenario_and_config_are_checked_together") {
    CHECK(contains(refused_together("[write]", "read_only: true"), "opened read-only"));
    CHECK(contains(
        refused_together("[{steps: [read, flush, discard]}]", "source: snapshot, snapshot: s"),
        "a snapshot cannot be written"));
    CHECK(refused_together("[read, flush]", "read_only: true").empty());
    CHECK(contains(refused_together("[{op: read, block: 4MiB}]", "size: 1MiB"),
                   "larger than an image of 1 MiB"));
    CHECK(refused_together("[{op: read, block: 4MiB}]", "size: 1MiB, create: false").empty());
    CHECK(contains(refused_together("[read]", "size: 1MiB", "    blocks: {extent: 2MiB}\n"),
                   "`blocks.extent` of 2 MiB"));

    auto plan = parse_scenario(yaml("[read]"), "s.yaml");
    check_together(plan, parse_workload_config("rbd: {read_only: true}", "w.yaml"));
    CHECK_FALSE(plan.groups[0].blocks.prefill);
    REQUIRE(plan.warnings.size() == 1);
    CHECK(contains(plan.warnings[0], "never written"));
    plan = parse_scenario(yaml("[write]"), "s.yaml");
    check_together(plan, parse_workload_config("rbd: {source: clone}", "w.yaml"));
    CHECK_FALSE(plan.groups[0].blocks.prefill);
    CHECK(plan.warnings.empty());
}
