// Loads that are recordings: what is read, and what is refused with which advice.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;
using messages::contains;

namespace {

std::string text_of(const std::string& workload, const std::string& replay,
                    const std::string& more = "") {
    return "groups:\n  - workload: " + workload + "\n" + more + "    load: {replay: " + replay +
           "}\n";
}

group read(const std::string& workload, const std::string& replay, const std::string& more = "") {
    return parse_scenario(text_of(workload, replay, more), "s.yaml").groups.front();
}

std::string refused(const std::string& replay, const std::string& more = "") {
    return messages::of_scenario(text_of("rbd", replay, more));
}

std::vector<std::string> operations_of(const group& g) {
    std::vector<std::string> out;
    for (const task& t : g.tasks)
        out.push_back(t.steps.front().op);
    return out;
}

}  // namespace

TEST_CASE("replay_of_objects_or_blocks_has_tasks_for_all_that_can_be_repeated") {
    CHECK(operations_of(read("s3", "x.log")) ==
          std::vector<std::string>{"put", "get", "head", "delete", "list"});
    const group g = read("rbd", "x.oplog");
    CHECK(operations_of(g) == std::vector<std::string>{"read", "write", "flush", "discard",
                                                       "write_zeroes", "writesame"});
    CHECK(g.tasks[2].steps[0].code == rbd::block_flush);
    CHECK(g.tasks[0].steps[0].align_bytes == 4096);
    CHECK(g.open->replay->size_limit == 256ULL << 20);
    CHECK(read("s3", "x.log").open->replay->size_limit == 1ULL << 30);
    CHECK_FALSE(uses_task_blocks(g));
}

TEST_CASE("replay_of_blocks_reads_every_key") {
    const group g = read("rbd",
                         "{file: x.oplog, format: chopsticks, speed: 2, keys: data_set,"
                         " sizes: data_set, size_limit: 64KiB, loop: true, group: disks,"
                         " sort_window: 1s, late: {shed_after: 20ms}, max_in_flight: 7,"
                         " queue_limit: 9}",
                         "    blocks: {extent: 1MiB}\n"
                         "    tasks: [{op: read, block: 8KiB, offsets: {zipf: 1}}, flush]\n");
    const open_load& load = *g.open;
    CHECK(load.replay->format == replay_format::chopsticks);
    CHECK(load.replay->speed == 2);
    CHECK(load.replay->keys == replay_source::data_set);
    CHECK(load.replay->sizes == replay_source::data_set);
    CHECK(load.replay->size_limit == 65536);
    CHECK(load.replay->loop);
    CHECK(load.replay->group == "disks");
    CHECK(load.late_limit_ns == 20'000'000);
    CHECK(load.max_in_flight == 7);
    CHECK(load.queue_limit == 9);
    CHECK(operations_of(g) == std::vector<std::string>{"read", "flush"});
    CHECK(uses_task_blocks(g));
    CHECK(read("s3", "{file: x, late: {shed_after: 1s}}").open->late_limit_ns == 1'000'000'000);
    CHECK(read("s3", "{file: x, late: keep}").open->late_limit_ns == 0);
}

TEST_CASE("replay_of_blocks_refuses_what_cannot_work_and_says_what_to_write") {
    CHECK(contains(refused("{file: x, format: rgw}"), "is rgw, which has no operations of block"));
    CHECK(contains(refused("{file: x, format: s3_access_log}"), "write `chopsticks`"));
    CHECK(refused("{file: x, format: auto}").empty());
    CHECK(contains(refused("x", "    blocks: {verify: true}\n"), "write `verify: false`"));
    CHECK(refused("x", "    blocks: {verify: false}\n").empty());
    CHECK(contains(refused("x", "    tasks: [read, compare_and_write]\n"),
                   "compare_and_write cannot be replayed"));
    CHECK(contains(refused("x", "    tasks: [{steps: [write, flush]}]\n"), "not sequences"));
    CHECK(contains(refused("x", "    tasks: [read, read]\n"), "second task with {op: read}"));
    CHECK(contains(refused("x", "    data: {objects: 1}\n"), "write `blocks:"));
    CHECK(contains(refused("{file: x, size_limit: 1000}"), "no multiple of 512"));
    CHECK(contains(refused("{file: x, size_limit: 1GiB}"), "at most 256 MiB"));
    CHECK(contains(refused("{file: x, late: {}}"), "shed_after"));
}

TEST_CASE("replay_of_blocks_needs_no_block_sizes_unless_it_draws_from_them") {
    const std::string small = "    blocks: {extent: 2KiB}\n    tasks: [read]\n";
    CHECK(refused("x", small).empty());
    CHECK(contains(refused("{file: x, sizes: data_set}", small), "does not fit into"));
    CHECK(contains(refused("{file: x, keys: data_set}", small), "does not fit into"));
}

TEST_CASE("replay_that_reads_blocks_nobody_wrote_is_warned_of") {
    const auto warnings = [](const std::string& tasks) {
        return parse_scenario(text_of("rbd", "x", "    blocks: {prefill: false}\n" + tasks),
                              "s.yaml")
            .warnings;
    };
    REQUIRE(warnings("").size() == 1);
    CHECK(contains(warnings("").front(), "never written"));
    CHECK(warnings("    tasks: [write]\n").empty());
}
