// The librados driver against a real cluster: each operation once, verified. Environment:
// CEPH_CONF, RADOS_POOL.

#include <doctest/doctest.h>

#include <chopsticks/scenario/catalogue.hpp>
#include <cstdlib>
#include <string>

#include "rados_driver_rig.hpp"

using namespace chopsticks;
using namespace chopsticks::test;
using namespace chopsticks::rados;

namespace {

std::string describe(const engine::outcome& out) {
    if (out.status == op_status::ok) return "ok";
    return std::string(name(out.status)) + " " + out.code + ": " + out.example;
}

/// In the pool of the test.
void aim(rados_rig& rig) {
    const char* const pool = std::getenv("RADOS_POOL");
    rig.config.pools = {pool != nullptr ? pool : "bench"};
    rig.config.name_spaces = {"", "space"};
    rig.config.operation_timeout_ns = 20'000'000'000;
}

}  // namespace

TEST_CASE("every_operation_succeeds_on_a_real_cluster_and_leaves_nothing") {
    rados_rig rig;
    aim(rig);
    for (const auto& op : describe_workload().operations)
        rig.will(scenario::catalogue::plain_step(op));
    const auto state = rig.open_target();
    REQUIRE(state.problem == "");
    constexpr std::uint64_t count = 6;
    for (std::uint64_t n = 0; n < count; ++n)
        REQUIRE(describe(rig.run(step_of_rados(object_write_full), n, 10'000)) == "ok");
    for (const auto& op : describe_workload().operations) {
        if (op.code == object_write_full || op.code == object_remove) continue;
        CAPTURE(op.name);
        scenario::step step = scenario::catalogue::plain_step(op);
        for (const auto& p : op.parameters) {
            if (p.name == "keys") step.set("keys", std::uint64_t{3});
            if (p.name == "of") step.set("of", std::uint64_t{2});
        }
        for (std::uint64_t n = 0; n < count; ++n) {
            CHECK(describe(rig.run(step, n, 10'000)) == "ok");
            CHECK(describe(rig.run(step, n, 10'000, 0, 2'000, 5'000)) == "ok");
        }
    }
    // What was set is got, and another version is another content.
    scenario::step get = step_of_rados(object_omap_get);
    get.set("keys", std::uint64_t{3});
    get.set("of", std::uint64_t{1});
    CHECK(rig.run(get, 0).bytes > 0);
    CHECK(rig.run(step_of_rados(object_xattr_get), 0).bytes == 128);
    CHECK(std::string(rig.run(step_of_rados(object_read), 0, 10'000, 1).code) == "wrong_content");
    CHECK(std::string(rig.run(step_of_rados(object_cmpext), 0, 10'000, 1).code) == "mismatch");
    CHECK(std::string(rig.run(step_of_rados(object_stat), 0, 10'001).code) == "wrong_size");
    CHECK(std::string(rig.run(step_of_rados(object_read), 77, 10'000).code) == "lost");
    CHECK(rig.check_data() == "");
    CHECK(rig.found_wrong().checked == 1);
    CHECK(rig.found_wrong().places == 0);
    for (std::uint64_t n = 0; n < count; ++n)
        CHECK(describe(rig.run(step_of_rados(object_remove), n, 10'000)) == "ok");
    CHECK(rig.close_target() == "");
    CHECK(rig.left_behind().empty());
}

TEST_CASE("what_cleanup_did_not_remove_is_found_by_its_names") {
    rados_rig rig;
    aim(rig);
    REQUIRE(rig.open_target().problem == "");
    for (std::uint64_t n = 0; n < 100; ++n)
        REQUIRE(describe(rig.run(step_of_rados(object_write_full), n)) == "ok");
    CHECK(rig.close_target() == "");
    CHECK(rig.left_behind().empty());
}

TEST_CASE("a_pool_that_is_not_there_is_told") {
    rados_rig rig;
    aim(rig);
    rig.config.pools = {"no-such-pool"};
    CHECK(rig.open_target().problem.find("has no pool \"no-such-pool\"") != std::string::npos);
}
