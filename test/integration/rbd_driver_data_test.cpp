// What the driver librbd knows of its data from one run to the next, and what proves that an image
// is its own; against the cluster that CEPH_CONF names.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "rbd_driver_rig.hpp"
#include "rbd_other_client.hpp"

using namespace chopsticks;
using namespace chopsticks::test;

namespace {

constexpr std::uint64_t blocks = 64;

/// A run of its own over 64 blocks of an image that is kept.
struct kept_run {
    explicit kept_run(const char* id, bool reads = true) {
        rig.config.prefix = "kept-";
        rig.config.keep = true;
        rig.config.image_bytes = blocks * 4 * kib;
        rig.config.object_bytes = 64 * kib;
        rig.config.features = std::vector<std::string>{"layering"};  // no lock to fight for
        rig.group.blocks.verify = true;
        rig.options.run_id = id;
        rig.will(rbd::block_write, 4 * kib);
        if (reads) rig.will(rbd::block_read, 4 * kib);
    }
    engine::target_state open() { return rig.open_target(); }
    void write(std::uint64_t block) {
        CHECK(describe(rig.run(s(), rbd_rig::io(rbd::block_write, block * 4 * kib, 4 * kib))) ==
              "ok");
    }
    std::string read(std::uint64_t block) {
        return describe(rig.run(s(), rbd_rig::io(rbd::block_read, block * 4 * kib, 4 * kib)));
    }
    /// Blocks that are not what they should be.
    std::vector<std::uint64_t> wrong() {
        std::vector<std::uint64_t> found;
        for (std::uint64_t b = 0; b < blocks; ++b)
            if (read(b) != "ok") found.push_back(b);
        return found;
    }
    engine::session& s() {
        if (session == nullptr) session = &rig.session();
        return *session;
    }
    rbd_rig rig;
    engine::session* session = nullptr;
};

/// The image written whole by one run, and partly by a second one.
void write_twice() {
    {
        kept_run first("first");
        REQUIRE(first.open().problem == "");
        for (std::uint64_t b = 0; b < blocks; ++b)
            first.write(b);
        CHECK(first.rig.seal_data() == "");
        CHECK(first.rig.close_target() == "");
    }
    kept_run second("second");
    REQUIRE(second.open().problem == "");
    for (std::uint64_t b = 10; b < 20; ++b)
        second.write(b);
    CHECK(second.wrong().empty());
    CHECK(second.rig.close_target() == "");
}

std::vector<std::uint64_t> wrong_now() {
    kept_run later("later");
    REQUIRE(later.open().problem == "");
    const std::vector<std::uint64_t> found = later.wrong();
    CHECK(later.rig.found_wrong().places == found.size());
    CHECK(later.rig.close_target() == "");
    return found;
}

using list = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("across runs: zeroed, rolled back and restored blocks are each told, and no others") {
    const other_client other;
    other.remove("kept-0");
    write_twice();
    CHECK(wrong_now() == list{});
    const std::string all = other.read("kept-0", 0, blocks * 4 * kib);
    for (const std::uint64_t b : {0, 15, 63})
        other.write("kept-0", b * 4 * kib, std::string(4 * kib, '\0'));
    {
        kept_run run("looks");
        REQUIRE(run.open().problem == "");
        CHECK(run.read(15).find("kept-0 offset 61440: a lost write; expected version 1 of run "
                                "second, found zeros") != std::string::npos);
        CHECK(run.rig.close_target() == "");
    }
    CHECK(wrong_now() == list{0, 15, 63});
    other.write("kept-0", 0, all);
    CHECK(wrong_now() == list{});

    other.snapshot("kept-0", "before");
    {
        kept_run run("third");
        REQUIRE(run.open().problem == "");
        for (const std::uint64_t b : {3, 12})
            run.write(b);
        CHECK(run.rig.close_target() == "");
    }
    CHECK(wrong_now() == list{});
    const std::string newest = other.read("kept-0", 0, blocks * 4 * kib);
    other.roll_back("kept-0", "before");
    CHECK(wrong_now() == list{3, 12});
    other.write("kept-0", 0, newest);
    CHECK(wrong_now() == list{});
    // A block of another place that is whole, and one of nobody.
    other.write("kept-0", 8 * kib, newest.substr(0, 4 * kib));
    other.write("kept-0", 16 * kib, std::string(4 * kib, 'x'));
    CHECK(wrong_now() == list{2, 4});
    other.remove_snapshot("kept-0", "before");
    other.remove("kept-0");
}

TEST_CASE("across runs: what a run that was cut off had under way may be old or new") {
    const other_client other;
    other.remove("kept-0");
    write_twice();
    const std::string before = other.read("kept-0", 0, blocks * 4 * kib);
    // Not closed before the next run has begun, as by a kill. Nothing locks its images.
    kept_run killed("killed");
    REQUIRE(killed.open().problem == "");
    const std::string ledger = other.ledger_object("kept-0");
    std::uint64_t first_size = 0;
    rados_stat(other.pool, ledger.c_str(), &first_size, nullptr);
    for (const std::uint64_t b : {5, 15})
        killed.write(b);
    const std::string after = other.read("kept-0", 0, blocks * 4 * kib);
    // The keeper writes a second late at most; then these are expected.
    for (int n = 0; n < 600; ++n) {
        std::uint64_t size = 0;
        rados_stat(other.pool, ledger.c_str(), &size, nullptr);
        if (size > first_size) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    killed.write(25);
    kept_run next("next");
    const engine::target_state state = next.open();
    REQUIRE(state.problem == "");
    bool told = false;
    for (const std::string& note : state.notes)
        told |= note.find("was last written by a run that was killed (killed)") < note.size();
    CHECK(told);
    CHECK(next.wrong() == list{});
    CHECK(next.rig.close_target() == "");
    // Block 25 may be old or new; what was in the ledger is expected.
    other.write("kept-0", 0, before);
    const list found = wrong_now();
    for (const std::uint64_t b : found)
        CHECK((b == 5 || b == 15 || b == 25));
    CHECK(std::find(found.begin(), found.end(), 5) != found.end());
    CHECK(std::find(found.begin(), found.end(), 15) != found.end());
    other.write("kept-0", 0, after);
    for (const std::uint64_t b : wrong_now())
        CHECK(b == 25);
    killed.rig.close_target();
    CHECK(other.remove("kept-0"));
}

TEST_CASE("a ledger that is gone, damaged or shorter is told, and never taken for none") {
    const other_client other;
    other.remove("kept-0");
    write_twice();
    const std::string object = other.ledger_object("kept-0");
    std::string bytes(1 << 16, '\0');
    const int size = rados_read(other.pool, object.c_str(), bytes.data(), bytes.size(), 0);
    REQUIRE(size > 0);
    const auto put = [&](std::string content) {
        REQUIRE(rados_write_full(other.pool, object.c_str(), content.data(), content.size()) == 0);
    };
    const auto refused = [&] {
        kept_run run("later");
        const std::string problem = run.open().problem;
        run.rig.close_target();
        return problem;
    };
    bytes.resize(static_cast<std::size_t>(size));
    std::string damaged = bytes;
    damaged[40] ^= 1;
    put(damaged);
    CHECK(refused().find("is not known: it is damaged") < 100);
    put(bytes.substr(0, bytes.size() - 1));
    CHECK(refused().find("was left with") != std::string::npos);
    rados_remove(other.pool, object.c_str());
    CHECK(refused().find("rbd image-meta remove rbd/kept-0 chopsticks.filled") !=
          std::string::npos);
    put(bytes);
    CHECK(refused() == "");
    other.remove("kept-0");
}

TEST_CASE("a run that only writes reads back what it wrote, and finds what is wrong") {
    const other_client other;
    other.remove("kept-0");
    kept_run run("writer", false);
    REQUIRE(run.open().problem == "");
    for (std::uint64_t b = 0; b < 40; ++b)
        run.write(b);
    for (const std::uint64_t b : {7, 8, 39})
        other.write("kept-0", b * 4 * kib, std::string(4 * kib, '\0'));
    CHECK(run.rig.check_data() == "");
    const engine::wrong_data found = run.rig.found_wrong();
    CHECK(found.checked == 40);
    CHECK(found.places == 3);
    REQUIRE(found.examples.size() == 3);
    CHECK(found.examples[0].find("kept-0 offset 28672: a lost write") == 0);
    CHECK(found.examples[2].find("kept-0 offset 159744: a lost write") == 0);
    CHECK(run.rig.close_target() == "");
    other.remove("kept-0");
}

TEST_CASE("an image of the run's name that this run did not make is left alone") {
    const other_client other;
    for (const bool same_image : {false, true}) {
        CAPTURE(same_image);
        rbd_rig rig;
        rig.config.features = std::vector<std::string>{"layering"};
        rig.will(rbd::block_write, 4 * kib);
        REQUIRE(rig.open_target().problem == "");
        REQUIRE(rig.left_behind().size() == 1);
        CHECK(rig.left_behind()[0].name == "rbd/rig-0");
        CHECK(rig.left_behind()[0].remove_with == "rbd rm rbd/rig-0");
        if (same_image) {
            other.set_metadata("rig-0", "chopsticks.run", "another");
        } else {
            other.rename("rig-0", "rig-moved");
            other.make("rig-0", 1 << 20);
        }
        const std::string said = rig.close_target();
        CHECK(said.find("it was left alone") != std::string::npos);
        CHECK(other.exists("rig-0"));
        // This run's own is still there, under either name.
        const std::string ours = same_image ? "rbd/rig-0" : "rbd/rig-moved";
        REQUIRE(rig.left_behind().size() == 1);
        CHECK(rig.left_behind()[0].name == ours);
        CHECK(rig.left_behind()[0].exact);
        CHECK(rig.left_behind()[0].remove_with == "rbd rm " + ours);
        other.remove("rig-0");
        other.remove("rig-moved");
    }
}

TEST_CASE("an image that is not at its name any more is found by its id, or is not left") {
    const other_client other;
    const auto left_after = [&](const std::function<void()>& what, std::string& said) {
        rbd_rig rig;
        rig.config.features = std::vector<std::string>{"layering"};
        rig.will(rbd::block_write, 4 * kib);
        REQUIRE(rig.open_target().problem == "");
        what();
        said = rig.close_target();
        return rig.left_behind();
    };
    std::string said;
    auto left = left_after([&] { other.rename("rig-0", "rig-moved"); }, said);
    CHECK(said.find("was renamed to rbd/rig-moved") != std::string::npos);
    REQUIRE(left.size() == 1);
    CHECK(left[0].name == "rbd/rig-moved");
    CHECK(other.remove("rig-moved"));

    left = left_after([&] { REQUIRE(rbd_trash_move(other.pool, "rig-0", 0) == 0); }, said);
    CHECK(said.find("was moved to the trash") != std::string::npos);
    REQUIRE(left.size() == 1);
    const std::string command = left[0].remove_with;
    REQUIRE(command.starts_with("rbd trash rm rbd/"));
    CHECK(rbd_trash_remove(other.pool, command.substr(17).c_str(), false) == 0);

    // Removed by somebody, who made another of that name: nothing of the run's is left.
    left = left_after(
        [&] {
            other.rename("rig-0", "rig-moved");
            other.make("rig-0", 1 << 20);
            REQUIRE(rbd_trash_move(other.pool, "rig-moved", 0) == 0);
            rbd_trash_image_info_t trash[8];
            std::size_t count = 8;
            REQUIRE(rbd_trash_list(other.pool, trash, &count) >= 0);
            for (std::size_t n = 0; n < count; ++n)
                rbd_trash_remove(other.pool, trash[n].id, true);
            rbd_trash_list_cleanup(trash, count);
        },
        said);
    // A watcher keeps it in the trash as long as the run has it open.
    REQUIRE(left.size() <= 1);
    CHECK(said.empty() == left.empty());
    for (const engine::leftover& one : left)
        rbd_trash_remove(other.pool, one.remove_with.substr(17).c_str(), true);
    CHECK(other.exists("rig-0"));
    other.remove("rig-0");
}

TEST_CASE("what a snapshot or a clone of others keeps is told with commands that work") {
    const other_client other;
    rbd_rig rig;
    rig.config.source = rbd::image_source::clone;
    rig.will(rbd::block_read, 4 * kib);
    REQUIRE(rig.open_target().problem == "");
    // In the order in which they can be removed.
    std::vector<engine::leftover> left = rig.left_behind();
    REQUIRE(left.size() == 3);
    CHECK(left[0].name == "rbd/rig-0");
    CHECK(left[1].kind == "snapshot");
    const std::string parent = left[2].name;
    CHECK(left[1].name == parent + "@chopsticks");
    rbd_image_options_t stock = nullptr;
    rbd_image_options_create(&stock);
    REQUIRE(rbd_clone3(other.pool, parent.substr(4).c_str(), "chopsticks", other.pool, "rig-moved",
                       stock) == 0);
    rbd_image_options_destroy(stock);
    CHECK(rig.close_target() != "");
    left = rig.left_behind();
    REQUIRE(left.size() == 2);
    CHECK(left[0].remove_with.starts_with("rbd children " + parent + "@chopsticks"));
    CHECK(left[1].remove_with.starts_with("rbd snap ls " + parent));
    CHECK(other.remove("rig-moved"));
    other.with(parent.substr(4).c_str(), [](rbd_image_t image) {
        rbd_snap_unprotect(image, "chopsticks");
        CHECK(rbd_snap_remove(image, "chopsticks") == 0);
    });
    CHECK(other.remove(parent.substr(4).c_str()));
}

TEST_CASE("no image has the run's name before it has its mark") {
    const other_client other;
    rbd_rig rig;
    rig.will(rbd::block_write, 4 * kib);
    // The name is taken as soon as this run wants to give it.
    other.make("rig-0", 32 << 20);
    const std::string problem = rig.open_target().problem;
    CHECK(problem.find("was not made by Chopsticks") != std::string::npos);
    CHECK(rig.close_target() == "");
    CHECK(other.exists("rig-0"));
    other.remove("rig-0");
    rbd_rig again;
    again.will(rbd::block_write, 4 * kib);
    REQUIRE(again.open_target().problem == "");
    CHECK(other.metadata("rig-0", "chopsticks.run") == "rig-run");
    CHECK_FALSE(other.exists("rig-0.making.rig-run"));
    CHECK(again.close_target() == "");
}
