// What is found and removed of earlier runs' images; against the cluster that CEPH_CONF names.
#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/rbd/cleanup.hpp>

#include "rbd_driver_rig.hpp"
#include "rbd_other_client.hpp"

using namespace chopsticks;
using namespace chopsticks::test;

namespace {

const rbd::run_image* named(const std::vector<rbd::run_image>& all, const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const rbd::run_image& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("cleanup removes what a run left, and nothing that is not proved to be a run's") {
    const other_client other;
    constexpr std::uint64_t bytes = 1 << 20;
    for (const char* name : {"left-0", "left-1.making.dead-run", "left-kept", "left-used",
                             "left-snapped", "left-foreign", "left-swapped"}) {
        other.remove(name);
        other.make(name, bytes);
    }
    for (const char* name : {"left-0", "left-kept", "left-used", "left-snapped", "left-swapped"})
        other.set_metadata(name, "chopsticks.run", "dead-run");
    other.set_metadata("left-kept", "chopsticks.keep", "true");
    other.snapshot("left-snapped", "theirs");
    rbd_image_t used = nullptr;
    REQUIRE(rbd_open(other.pool, "left-used", &used, nullptr) == 0);

    const scenario::rbd_config config;
    const auto pool = rbd::open_image_cleanup(config);
    pool->connect();
    const std::vector<rbd::run_image> all = pool->list();
    CHECK(named(all, "left-foreign") == nullptr);
    REQUIRE(named(all, "left-0") != nullptr);
    CHECK(named(all, "left-0")->run_id == "dead-run");
    CHECK(named(all, "left-0")->bytes == bytes);
    CHECK(named(all, "left-0")->stays == "");
    REQUIRE(named(all, "left-0")->age_s.has_value());
    CHECK(*named(all, "left-0")->age_s >= 0);
    CHECK(*named(all, "left-0")->age_s < 600);
    REQUIRE(named(all, "left-1.making.dead-run") != nullptr);
    CHECK(named(all, "left-1.making.dead-run")->run_id == "dead-run");
    CHECK(named(all, "left-kept")->stays.find("keep") != std::string::npos);
    CHECK(named(all, "left-used")->stays.find("has it open") != std::string::npos);
    CHECK(named(all, "left-snapped")->stays.find("theirs") != std::string::npos);

    // Another image takes the name between the listing and the removal.
    other.remove("left-swapped");
    other.make("left-swapped", bytes);
    other.set_metadata("left-swapped", "chopsticks.run", "dead-run");
    for (const rbd::run_image& one : all) {
        if (!one.name.starts_with("left-")) continue;
        const bool goes = one.name == "left-0" || one.name == "left-1.making.dead-run";
        CAPTURE(one.name);
        CHECK((pool->remove(one) == "") == goes);
        CHECK(other.exists(one.name.c_str()) != goes);
    }
    CHECK(other.exists("left-foreign"));
    rbd_close(used);
    other.remove_snapshot("left-snapped", "theirs");
    for (const char* name :
         {"left-kept", "left-used", "left-snapped", "left-foreign", "left-swapped"})
        other.remove(name);
}

TEST_CASE("ledgers of images that are gone are removed, those of images that are there are not") {
    const other_client other;
    const auto pool = rbd::open_image_cleanup(scenario::rbd_config());
    pool->connect();
    other.remove("rig-0");
    rbd_rig rig;
    rig.config.keep = true;
    rig.config.features = std::vector<std::string>{"layering"};
    rig.group.blocks.verify = true;
    rig.will(catalogue::rbd_write, 4096);
    REQUIRE(rig.open_target().problem == "");
    CHECK(rig.close_target() == "");
    const std::string ledger = other.ledger_object("rig-0");
    std::uint64_t size = 0;
    pool->remove_orphaned_ledgers();
    CHECK(rados_stat(other.pool, ledger.c_str(), &size, nullptr) == 0);
    other.remove("rig-0");
    CHECK(pool->remove_orphaned_ledgers() == 1);
    CHECK(rados_stat(other.pool, ledger.c_str(), &size, nullptr) == -ENOENT);
}
