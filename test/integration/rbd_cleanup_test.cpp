// What is found and removed of earlier runs' images; against the cluster that CEPH_CONF names.
#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/rbd/cleanup.hpp>
#include <chopsticks/rbd/workload.hpp>

#include "rbd_driver_rig.hpp"
#include "rbd_other_client.hpp"

using namespace chopsticks;
using namespace chopsticks::test;

namespace {

constexpr const char* unmarked = "left-1.making.20261122T150405Z-abcdef3f9a2c";

const rbd::run_image* named(const std::vector<rbd::run_image>& all, const std::string& name) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const rbd::run_image& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("cleanup removes what a run left, and nothing that is not proved to be a run's") {
    const other_client other;
    constexpr std::uint64_t bytes = 1 << 20;
    for (const char* name : {"left-0", unmarked, "left-kept", "left-used", "left-snapped",
                             "left-foreign", "left-swapped"}) {
        other.remove(name);
        other.make(name, bytes);
    }
    for (const char* name : {"left-0", "left-kept", "left-used", "left-snapped", "left-swapped"})
        other.mark(name, "dead-run");
    other.set_metadata("left-kept", "chopsticks.keep", "true");
    other.snapshot("left-snapped", "theirs");
    rbd_image_t used = nullptr;
    REQUIRE(rbd_open(other.pool, "left-used", &used, nullptr) == 0);

    const rbd::settings config;
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
    REQUIRE(named(all, unmarked) != nullptr);
    CHECK(named(all, unmarked)->run_id == "20261122T150405Z-abcdef3f9a2c");
    CHECK(named(all, "left-kept")->stays.find("keep") != std::string::npos);
    CHECK(named(all, "left-used")->stays.find("has it open") != std::string::npos);
    CHECK(named(all, "left-snapped")->stays.find("theirs") != std::string::npos);

    // Another image takes the name between the listing and the removal.
    other.remove("left-swapped");
    other.make("left-swapped", bytes);
    other.mark("left-swapped", "dead-run");
    for (const rbd::run_image& one : all) {
        if (!one.name.starts_with("left-")) continue;
        const bool goes = one.name == "left-0" || one.name == unmarked;
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

TEST_CASE("cleanup believes no mark that was copied, and none that does not name its image") {
    const other_client other;
    constexpr std::uint64_t bytes = 8 << 20;
    const std::vector<const char*> all_names = {"left-0",    "left-clone", "left-copy",
                                                "left-deep", "left-old",   "film.making.of"};
    for (const char* name : all_names)
        other.remove(name);
    for (const char* name : {"left-0", "left-old", "film.making.of"})
        other.make(name, bytes);
    other.mark("left-0", "dead-run");
    other.set_metadata("left-old", "chopsticks.run", "dead-run");
    rbd_image_options_t stock = nullptr;
    rbd_image_options_create(&stock);
    other.with("left-0", [&](rbd_image_t image) {
        REQUIRE(rbd_copy3(image, other.pool, "left-copy", stock) == 0);
        REQUIRE(rbd_deep_copy(image, other.pool, "left-deep", stock) == 0);
    });
    other.snapshot("left-0", "s");
    other.with("left-0", [](rbd_image_t image) { REQUIRE(rbd_snap_protect(image, "s") == 0); });
    REQUIRE(rbd_clone3(other.pool, "left-0", "s", other.pool, "left-clone", stock) == 0);
    rbd_image_options_destroy(stock);
    for (const char* name : {"left-copy", "left-deep", "left-clone"})
        REQUIRE(other.metadata(name, "chopsticks.run") == "dead-run");

    const auto pool = rbd::open_image_cleanup(rbd::settings());
    pool->connect();
    const std::vector<rbd::run_image> all = pool->list();
    for (const char* name : {"left-copy", "left-deep", "left-clone", "film.making.of"}) {
        CAPTURE(name);
        CHECK(named(all, name) == nullptr);
    }
    REQUIRE(named(all, "left-old") != nullptr);
    CHECK(named(all, "left-old")->stays.find("older version") != std::string::npos);
    // A caller that does not believe the listing gets none of them removed either.
    for (const char* name : all_names) {
        if (std::string(name) == "left-0") continue;
        rbd::run_image one = *named(all, "left-0");
        one.name = name;
        one.stays.clear();
        other.with(name, [&](rbd_image_t image) {
            char id[64] = "";
            rbd_get_id(image, id, sizeof id);
            one.id = id;
        });
        CAPTURE(name);
        CHECK(pool->remove(one) != "");
        CHECK(other.exists(name));
    }
    other.remove("left-clone");
    other.with("left-0", [](rbd_image_t image) { rbd_snap_unprotect(image, "s"); });
    other.remove_snapshot("left-0", "s");
    for (const char* name : all_names)
        other.remove(name);
}

TEST_CASE("cleanup reads the clock without touching objects of others") {
    const other_client other;
    const std::string theirs = "chopsticks_clock." + std::to_string(::getpid());
    REQUIRE(rados_write_full(other.pool, theirs.c_str(), "theirs", 6) == 0);
    other.remove("left-0");
    other.make("left-0", 1 << 20);
    other.mark("left-0", "dead-run");
    const auto pool = rbd::open_image_cleanup(rbd::settings());
    pool->connect();
    const std::vector<rbd::run_image> all = pool->list();
    REQUIRE(named(all, "left-0") != nullptr);
    CHECK(named(all, "left-0")->age_s.has_value());
    char data[8] = "";
    CHECK(rados_read(other.pool, theirs.c_str(), data, sizeof data, 0) == 6);
    rados_remove(other.pool, theirs.c_str());
    // Nor is one of its own left.
    rados_list_ctx_t listing = nullptr;
    REQUIRE(rados_nobjects_list_open(other.pool, &listing) == 0);
    const char* name = nullptr;
    while (rados_nobjects_list_next(listing, &name, nullptr, nullptr) == 0)
        CHECK_FALSE(std::string_view(name).starts_with("chopsticks_clock"));
    rados_nobjects_list_close(listing);
    other.remove("left-0");
}

TEST_CASE("cleanup leaves an image that a run reads, and so does another client") {
    const other_client other;
    other.remove("left-0");
    other.make("left-0", 8 << 20);
    other.mark("left-0", "dead-run");
    rbd_rig rig;
    rig.config.images = {"left-0"};
    rig.config.read_only = true;
    rig.will(rbd::block_read, 4 * kib);
    REQUIRE(rig.open_target().problem == "");
    const auto pool = rbd::open_image_cleanup(rbd::settings());
    pool->connect();
    const std::vector<rbd::run_image> all = pool->list();
    REQUIRE(named(all, "left-0") != nullptr);
    CHECK(named(all, "left-0")->stays.find("has it open") != std::string::npos);
    CHECK_FALSE(other.remove("left-0"));
    // It answers what other clients notify of: a snapshot does not wait for it.
    const std::int64_t began_ns = monotonic_ns();
    other.snapshot("left-0", "s");
    other.remove_snapshot("left-0", "s");
    CHECK(monotonic_ns() - began_ns < 5'000'000'000);
    CHECK(rig.close_target() == "");
    CHECK(other.remove("left-0"));
}

TEST_CASE("ledgers of images that are gone are removed, those of images that are there are not") {
    const other_client other;
    const auto pool = rbd::open_image_cleanup(rbd::settings());
    pool->connect();
    other.remove("rig-0");
    rbd_rig rig;
    rig.config.keep = true;
    rig.config.features = std::vector<std::string>{"layering"};
    rig.group.blocks.verify = true;
    rig.will(rbd::block_write, 4096);
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
