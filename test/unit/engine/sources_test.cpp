// What users work on, asked for without users: claims, sequences, what is prepared and cleaned.

#include <doctest/doctest.h>

#include <chopsticks/scenario/parse.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "work_source.hpp"

namespace {

using namespace chopsticks;
using engine::operation;
using leftover_kind = engine::work_source::leftover_kind;

/// The source of one group on one core.
struct source_rig {
    source_rig(const std::string& workload, const std::string& data, const std::string& tasks)
        : plan(scenario::parse_scenario("name: t\nseed: 3\ngroups:\n  - workload: " + workload +
                                            "\n    " + data + "\n    tasks: " + tasks +
                                            "\n    load: {closed: {users: 4}}\n",
                                        "test.yaml")) {
        engine::source_options o;
        o.plan = &plan.groups[0];
        o.users = 4;
        o.helpers = 4;
        o.seed = 5;
        o.data_seed = 6;
        o.random = &random;
        source = engine::make_work_source(o);
    }

    bool begin(std::size_t user, std::size_t step) {
        op = operation();
        return source->begin(user, step, nullptr, op);
    }

    scenario::scenario plan;
    random_stream random{1};
    std::unique_ptr<engine::work_source> source;
    operation op;  ///< of the last `begin`
};

}  // namespace

TEST_CASE("source_of_objects_keeps_users_out_of_each_others_way") {
    source_rig r("s3", "data: {objects: 1, size: 4KiB}", "[get, delete]");
    r.source->adopt();
    REQUIRE(r.begin(0, 0));
    CHECK(r.op.object == 0);
    CHECK(r.op.size == 4096);
    CHECK_FALSE(r.begin(1, 1));  // somebody reads it
    r.source->end(0, true);
    CHECK(r.source->existing() == 1);
    REQUIRE(r.begin(1, 1));
    CHECK_FALSE(r.begin(0, 0));  // somebody removes it
    r.source->end(1, true);
    CHECK(r.source->existing() == 0);
    CHECK(r.source->left().subjects == 0);
    CHECK_FALSE(r.begin(0, 0));
}

TEST_CASE("source_of_objects_gives_a_sequence_that_removes_what_it_puts_an_object_of_its_own") {
    source_rig r("s3", "data: {objects: 10, size: 4KiB}", "[{steps: [put, get, delete]}, put]");
    r.source->adopt();
    REQUIRE(r.begin(0, 0));
    const std::uint64_t own = r.op.object;
    CHECK(own >= 10);
    r.source->end(0, true);
    REQUIRE(r.begin(0, 1));
    CHECK(r.op.object == own);
    // Another user's is another one, and neither is one of those that all share.
    REQUIRE(r.begin(1, 0));
    CHECK(r.op.object != own);
    r.source->end(1, true);
    CHECK(r.source->existing() == 10);
    r.source->end(0, true);
    REQUIRE(r.begin(0, 2));
    CHECK(r.op.object == own);
    r.source->end(0, true);
    CHECK(r.source->left().subjects == 11);
    // Its get failed: that ends the task, and what it put is left.
    REQUIRE(r.begin(1, 1));
    r.source->end(1, false);
    CHECK(r.source->left().subjects == 11);
    // The next task begins anew.
    REQUIRE(r.begin(1, 3));
    CHECK(r.op.object == 10);
    r.source->end(1, true);
    CHECK(r.source->left().subjects == 12);
}

TEST_CASE("source_of_objects_removes_as_many_at_a_time_as_there_are") {
    source_rig r("s3", "data: {objects: 7, size: 4KiB}",
                 "[{op: multi_delete, batch: 5}, get, put]");
    r.source->adopt();
    REQUIRE(r.begin(0, 0));
    REQUIRE(r.op.batch.size() == 5);
    CHECK(r.op.object == r.op.batch[0].object);
    std::set<std::uint64_t> gone;
    for (const engine::batch_subject& one : r.op.batch)
        CHECK(gone.insert(one.object).second);
    // Nobody else is given any of them meanwhile.
    for (int i = 0; i < 50; ++i) {
        REQUIRE(r.begin(1, 1));
        CHECK(r.op.batch.empty());
        CHECK_FALSE(gone.contains(r.op.object));
        r.source->end(1, true);
    }
    r.source->end(0, true);
    CHECK(r.source->existing() == 2);
    REQUIRE(r.begin(2, 0));
    CHECK(r.op.batch.size() == 2);
    CHECK_FALSE(r.begin(0, 0));
    r.source->end(2, true);
    CHECK(r.source->left().subjects == 0);
}

TEST_CASE("source_of_objects_owes_what_a_removal_of_several_left_and_no_more") {
    source_rig r("s3", "data: {objects: 6, size: 4KiB}", "[{op: multi_delete, batch: 3}, get]");
    r.source->adopt();
    REQUIRE(r.begin(0, 0));
    const std::uint64_t kept = r.op.batch[1].object;
    r.op.batch[0].done = r.op.batch[2].done = true;
    r.source->end(0, false);
    // What may be gone is read by nobody, and comes first.
    for (int i = 0; i < 50; ++i) {
        REQUIRE(r.begin(1, 1));
        CHECK(r.op.object != kept);
        r.source->end(1, true);
    }
    std::map<std::uint64_t, int> asked;
    for (int round = 0; round < 2; ++round) {
        REQUIRE(r.begin(0, 0));
        for (const engine::batch_subject& one : r.op.batch)
            ++asked[one.object];
        r.source->end(0, true);
    }
    CHECK(asked.size() == 4);
    CHECK(asked[kept] == 1);
    CHECK(r.source->left().subjects == 0);
}

TEST_CASE("source_of_objects_lets_an_object_be_read_while_it_is_amended") {
    source_rig r("s3", "data: {objects: 1, size: 4KiB}",
                 "[copy, get, delete, {steps: [put, put_tagging, get_tagging, delete]}]");
    r.source->adopt();
    REQUIRE(r.begin(0, 0));
    CHECK(r.op.object == 0);
    CHECK(r.op.version == 0);
    REQUIRE(r.begin(1, 1));
    CHECK(r.op.object == 0);
    r.source->end(0, false);  // whatever became of it, the content is what it was
    r.source->end(1, true);
    REQUIRE(r.begin(2, 1));
    r.source->end(2, true);
    REQUIRE(r.begin(1, 0));
    CHECK_FALSE(r.begin(2, 2));  // nobody removes it meanwhile
    r.source->end(1, true);
    REQUIRE(r.begin(0, 3));
    const std::uint64_t own = r.op.object;
    for (std::size_t step = 4; step <= 6; ++step) {
        r.source->end(0, true);
        REQUIRE(r.begin(0, step));
        CHECK(r.op.object == own);
    }
    r.source->end(0, true);
    CHECK(r.source->left().subjects == 1);
}

TEST_CASE("source_of_objects_amends_a_container_only_if_it_was_made_and_stays") {
    source_rig r("s3", "data: {objects: 0}", "[create_bucket, put_bucket_tagging, delete_bucket]");
    CHECK_FALSE(r.begin(0, 1));
    REQUIRE(r.begin(0, 0));
    const std::uint64_t made = r.op.object;
    CHECK_FALSE(r.begin(1, 1));  // nobody knows yet whether it is there
    r.source->end(0, true);
    REQUIRE(r.begin(1, 1));
    CHECK(r.op.object == made);
    CHECK_FALSE(r.begin(0, 2));  // somebody works on it
    r.source->end(1, true);
    REQUIRE(r.begin(0, 2));
    CHECK_FALSE(r.begin(1, 1));
    r.source->end(0, true);
    CHECK(r.source->left().containers == 0);
}

TEST_CASE("source_of_objects_prepares_each_until_it_is_there_and_cleans_containers_last") {
    source_rig r("s3", "data: {objects: 20, size: 1KiB}", "[put, create_bucket]");
    CHECK(r.source->to_prepare() == 20);
    std::map<std::uint64_t, int> tries;
    for (operation op; r.source->next_to_prepare(op); op = operation()) {
        CHECK(op.size == 1024);
        r.source->end_prepare(op, ++tries[op.object] > 1 || op.object % 2 == 0);
    }
    CHECK(tries.size() == 20);
    CHECK(r.source->missing() == 0);
    REQUIRE(r.begin(0, 1));
    r.source->end(0, true);
    CHECK(r.source->left().containers == 1);
    int subjects = 0;
    operation op;
    leftover_kind what = r.source->next_to_clean(op);
    for (; what == leftover_kind::subject; what = r.source->next_to_clean(op))
        ++subjects;
    CHECK(subjects == 20);
    REQUIRE(what == leftover_kind::container);
    r.source->abandon(what);
    CHECK(r.source->next_to_clean(op) == leftover_kind::none);
    CHECK(r.source->left().subjects == 0);
    CHECK(r.source->left().containers == 1);
}

TEST_CASE("source_of_extents_hands_a_sequence_the_same_place") {
    source_rig r("rbd", "blocks: {prefill_block: 1MiB}",
                 "[{steps: [{op: read, block: 8KiB}, write, flush]}, flush]");
    engine::target_state found;
    found.extents = {64ULL << 20, 64ULL << 20};
    CHECK(engine::source_problem(r.plan.groups[0], found, 1).empty());
    r.source->open(found);
    for (int i = 0; i < 100; ++i) {
        REQUIRE(r.begin(0, 0));
        const operation read = r.op;
        CHECK(read.length == 8192);
        CHECK(read.offset + read.length <= found.extents[read.object]);
        r.source->end(0, true);
        REQUIRE(r.begin(1, 3));  // another user is no matter
        r.source->end(1, true);
        REQUIRE(r.begin(0, 1));
        CHECK(r.op.object == read.object);
        CHECK(r.op.offset == read.offset);
        CHECK(r.op.length == read.length);
        CHECK(r.op.version != read.version);
        r.source->end(0, true);
        REQUIRE(r.begin(0, 2));
        CHECK(r.op.object == read.object);
        CHECK(r.op.length == 0);
        r.source->end(0, i % 2 == 0);
    }
    // Prepare is every byte once; nothing is to be cleaned.
    CHECK(r.source->to_prepare() == 128);
    std::uint64_t bytes = 0;
    for (operation op; r.source->next_to_prepare(op);) {
        bytes += op.length;
        r.source->end_prepare(op, true);
    }
    CHECK(bytes == 128ULL << 20);
    CHECK(r.source->missing() == 0);
    operation op;
    CHECK(r.source->next_to_clean(op) == leftover_kind::none);
    CHECK(r.source->left().subjects == 0);
}

TEST_CASE("source_of_extents_that_are_too_small_says_so") {
    source_rig r("rbd", "blocks: {prefill: false}", "[{op: read, block: 64KiB}]");
    engine::target_state found;
    CHECK(engine::source_problem(r.plan.groups[0], found, 1).find("no image") != std::string::npos);
    found.extents = {4096};
    CHECK(engine::source_problem(r.plan.groups[0], found, 1).find("smaller") != std::string::npos);
}
