// The driver librbd against the cluster that CEPH_CONF names; ceph_rbd_test.py starts one.
#include <doctest/doctest.h>
#include <sched.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "rbd_driver_rig.hpp"
#include "rbd_other_client.hpp"

using namespace chopsticks;
using namespace chopsticks::test;

namespace {

constexpr std::uint64_t mib = 1024 * kib;

constexpr std::uint16_t all_codes[] = {
    rbd::block_read,    rbd::block_write,        rbd::block_flush,
    rbd::block_discard, rbd::block_write_zeroes, rbd::block_writesame,
};

void open(rbd_rig& rig) {
    const engine::target_state state = rig.open_target();
    REQUIRE(state.problem == "");
}

}  // namespace

TEST_CASE("every operation, both ways of completion, with and without verification") {
    for (const auto way : {rbd::completion_way::callback, rbd::completion_way::eventfd}) {
        for (const bool verify : {false, true}) {
            CAPTURE(verify);
            CAPTURE(static_cast<int>(way));
            rbd_rig rig(2);
            rig.config.completion = way;
            rig.config.count = 2;
            rig.group.blocks.verify = verify;
            rig.group.blocks.verify_bytes = 512;
            for (const std::uint16_t code : all_codes)
                rig.will(code, 64 * kib);
            const bool compare = way == rbd::completion_way::callback;
            if (compare) rig.will(rbd::block_compare_and_write, 512);
            open(rig);
            for (unsigned core = 0; core < 2; ++core) {
                CAPTURE(core);
                engine::session& s = rig.session(core);
                const std::uint64_t image = core;
                const auto ok = [&](engine::operation op) {
                    op.object = image;
                    const engine::outcome out = rig.run(s, op, core);
                    CHECK(describe(out) == "ok");
                    CHECK(out.sent_ns > 0);
                    CHECK(out.done_ns >= out.sent_ns);
                    CHECK(out.bytes == (rbd::carries_data(code_of(op)) ? op.length : 0));
                };
                ok(rbd_rig::io(rbd::block_read, 0, 64 * kib));
                ok(rbd_rig::io(rbd::block_write, 0, 64 * kib));
                ok(rbd_rig::io(rbd::block_read, 0, 64 * kib));
                ok(rbd_rig::io(rbd::block_write, 64 * kib, 64 * kib, image, 7));
                ok(rbd_rig::io(rbd::block_read, 64 * kib, 64 * kib, image, 5));
                ok(rbd_rig::io(rbd::block_flush, 0, 0));
                if (compare) ok(rbd_rig::io(rbd::block_compare_and_write, 4 * kib, 512));
                if (compare) ok(rbd_rig::io(rbd::block_compare_and_write, 4 * kib, 512));
                ok(rbd_rig::io(rbd::block_read, 0, 64 * kib));
                ok(rbd_rig::io(rbd::block_discard, 8 * kib, 4 * kib));
                if (compare) ok(rbd_rig::io(rbd::block_compare_and_write, 8 * kib, 512));
                ok(rbd_rig::io(rbd::block_write_zeroes, 16 * kib, 16 * kib));
                ok(rbd_rig::io(rbd::block_read, 0, 64 * kib));
                ok(rbd_rig::io(rbd::block_writesame, 128 * kib, 64 * kib));
                ok(rbd_rig::io(rbd::block_read, 128 * kib, 64 * kib));
            }
            const other_client other;
            CHECK(other.exists("rig-0"));
            CHECK(other.read("rig-0", 16 * kib, 16 * kib) == std::string(16 * kib, '\0'));
            const std::string same = other.read("rig-0", 128 * kib, 64 * kib);
            CHECK(same.substr(0, 512) == same.substr(64 * kib - 512));
            CHECK(same.substr(0, 512) != std::string(512, '\0'));
            CHECK(rig.close_target() == "");
            CHECK_FALSE(other.exists("rig-0"));
            CHECK_FALSE(other.exists("rig-1"));
        }
    }
}

TEST_CASE("a partial discard is carried out and not skipped") {
    rbd_rig rig;
    rig.will(rbd::block_write, 64 * kib);
    rig.will(rbd::block_discard, 4 * kib);
    open(rig);
    engine::session& s = rig.session();
    CHECK(describe(rig.run(s, rbd_rig::io(rbd::block_write, 0, 64 * kib))) == "ok");
    CHECK(describe(rig.run(s, rbd_rig::io(rbd::block_discard, 20 * kib, 4 * kib))) == "ok");
    const other_client other;
    const std::string data = other.read("rig-0", 0, 64 * kib);
    CHECK(data.substr(20 * kib, 4 * kib) == std::string(4 * kib, '\0'));
    CHECK(data.substr(16 * kib, 4 * kib) != std::string(4 * kib, '\0'));
    CHECK(data.substr(24 * kib, 4 * kib) != std::string(4 * kib, '\0'));
    CHECK(rig.close_target() == "");
}

TEST_CASE("verification: concurrent writers and readers of the same blocks agree") {
    for (const auto way : {rbd::completion_way::callback, rbd::completion_way::eventfd}) {
        rbd_rig rig;
        rig.config.completion = way;
        rig.group.blocks.verify = true;
        rig.will(rbd::block_write, 16 * kib);
        rig.will(rbd::block_read, 16 * kib);
        rig.will(rbd::block_discard, 16 * kib);
        open(rig);
        std::vector<engine::session*> sessions;
        for (int n = 0; n < 16; ++n)
            sessions.push_back(&rig.session());
        for (std::uint64_t round = 0; round < 60; ++round) {
            std::vector<std::unique_ptr<rbd_rig::pending>> all;
            for (std::uint64_t n = 0; n < sessions.size(); ++n) {
                const std::uint16_t code = n % 8 == 7   ? rbd::block_discard
                                           : n % 2 == 0 ? rbd::block_write
                                                        : rbd::block_read;
                const std::uint64_t offset = (n * 7 + round * 3) % 10 * 4 * kib;
                all.push_back(rig.begin(*sessions[n], rbd_rig::io(code, offset, 16 * kib)));
            }
            for (auto& p : all)
                CHECK(describe(rig.finish(*p)) == "ok");
        }
        CHECK(rig.close_target() == "");
    }
}

TEST_CASE("verification: a block that somebody else changed, restored or moved is corrupt") {
    rbd_rig rig;
    rig.config.features = std::vector<std::string>{"layering"};  // no lock to fight for
    rig.group.blocks.verify = true;
    rig.will(rbd::block_write, 4 * kib);
    rig.will(rbd::block_read, 16 * kib);
    open(rig);
    engine::session& s = rig.session();
    for (std::uint64_t n = 0; n < 4; ++n) {
        CHECK(describe(rig.run(s, rbd_rig::io(rbd::block_write, n * 4 * kib, 4 * kib))) == "ok");
    }
    const other_client other;
    const auto read = [&] { return rig.run(s, rbd_rig::io(rbd::block_read, 0, 16 * kib)); };
    const std::string original = other.read("rig-0", 0, 16 * kib);
    CHECK(describe(read()) == "ok");

    other.write("rig-0", 9 * kib, "altered");
    engine::outcome out = read();
    CHECK(out.status == op_status::corrupt);
    CHECK(std::string(out.example).find("rig-0 offset 8192: torn or altered") == 0);
    other.write("rig-0", 0, original);

    other.write("rig-0", 4 * kib, original.substr(0, 4 * kib));
    out = read();
    CHECK(out.status == op_status::corrupt);
    CHECK(std::string(out.example).find("rig-0 offset 4096: of another place") == 0);
    CHECK(std::string(out.example).find("expected version 1 of this run") != std::string::npos);
    CHECK(std::string(out.example).find("this one, offset 0") != std::string::npos);
    other.write("rig-0", 0, original);

    CHECK(describe(rig.run(s, rbd_rig::io(rbd::block_write, 0, 4 * kib))) == "ok");
    CHECK(describe(read()) == "ok");
    other.write("rig-0", 0, original.substr(0, 4 * kib));
    out = read();
    CHECK(out.status == op_status::corrupt);
    CHECK(std::string(out.example).find("rig-0 offset 0: stale") == 0);

    other.write("rig-0", 0, std::string(4 * kib, '\0'));
    out = read();
    CHECK(std::string(out.example).find("rig-0 offset 0: a lost write") == 0);
    CHECK(rig.close_target() == "");
}

TEST_CASE("compare_and_write tells where the image differs") {
    rbd_rig rig;
    rig.config.features = std::vector<std::string>{"layering"};
    rig.will(rbd::block_write, 4 * kib);
    rig.will(rbd::block_compare_and_write, 512);
    open(rig);
    engine::session& s = rig.session();
    CHECK(describe(rig.run(s, rbd_rig::io(rbd::block_write, 0, 4 * kib))) == "ok");
    const other_client other;
    other.write("rig-0", 600, "zz");
    const auto caw = rbd_rig::io(rbd::block_compare_and_write, 512, 512);
    const engine::outcome out = rig.run(s, caw);
    CHECK(out.status == op_status::io_error);
    CHECK(out.native == native_code::of_errno(EILSEQ));
    CHECK(std::string(out.code) == "EILSEQ");
    CHECK(std::string(out.example).find("differs at 600") != std::string::npos);
    CHECK(rig.close_target() == "");
}

TEST_CASE("compare_and_write is refused where its end would not be told") {
    rbd_rig rig;
    rig.config.completion = rbd::completion_way::eventfd;
    rig.will(rbd::block_compare_and_write, 512);
    CHECK_THROWS_AS(rig.session(), config_error);
}

TEST_CASE("many images, each way of sharing connections; library threads are not pinned") {
    for (const auto sharing :
         {rbd::connection_sharing::per_core, rbd::connection_sharing::per_images,
          rbd::connection_sharing::shared}) {
        rbd_rig rig(2);
        rig.config.count = 8;
        rig.config.image_bytes = 8 * mib;
        rig.config.connections = sharing;
        rig.config.images_per_connection = 3;
        rig.will(rbd::block_write, 4 * kib);
        const engine::target_state state = rig.open_target();
        REQUIRE(state.problem == "");
        CHECK(state.extents == std::vector<std::uint64_t>(8, 8 * mib));
        CHECK_FALSE(state.data_ready);
        std::vector<engine::operation> ops;
        for (std::uint64_t n = 0; n < 64; ++n)
            ops.push_back(rbd_rig::io(rbd::block_write, n / 8 * 4 * kib, 4 * kib, n % 8));
        for (const engine::outcome& out : rig.run_all(ops))
            CHECK(describe(out) == "ok");
        cpu_set_t mine;
        REQUIRE(::sched_getaffinity(0, sizeof mine, &mine) == 0);
        int threads = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
            cpu_set_t theirs;
            const int id = std::stoi(entry.path().filename().string());
            if (::sched_getaffinity(id, sizeof theirs, &theirs) != 0) continue;
            ++threads;
            CHECK(CPU_EQUAL(&mine, &theirs));
        }
        CHECK(threads > 5);
        CHECK(rig.close_target() == "");
    }
}

TEST_CASE("kept images are known again; what they hold is ready and verified") {
    {
        rbd_rig rig;
        rig.config.keep = true;
        rig.group.blocks.verify = true;
        rig.group.blocks.prefill = true;
        rig.config.image_bytes = 8 * mib;
        rig.will(rbd::block_write, 4 * kib);
        open(rig);
        engine::session& s = rig.session();
        for (std::uint64_t at = 0; at < 8 * mib; at += 4 * mib) {
            CHECK(describe(rig.run(s, rbd_rig::io(rbd::block_write, at, 4 * mib))) == "ok");
        }
        CHECK(rig.seal_data() == "");
        CHECK(rig.close_target() == "");
    }
    const other_client other;
    REQUIRE(other.exists("rig-0"));
    {
        rbd_rig rig;
        rig.options.run_id = "the next run";
        rig.group.blocks.verify = true;
        rig.group.blocks.prefill = true;
        rig.will(rbd::block_read, 4 * kib);
        const engine::target_state state = rig.open_target();
        REQUIRE(state.problem == "");
        CHECK(state.data_ready);
        engine::session& s = rig.session();
        const auto read = rbd_rig::io(rbd::block_read, 4 * mib, 64 * kib);
        CHECK(describe(rig.run(s, read)) == "ok");
        other.write("rig-0", 4 * mib + 5000, "!");
        CHECK(rig.run(s, read).status == op_status::corrupt);
        CHECK(rig.close_target() == "");
        // It was not this run that made it.
        CHECK(other.exists("rig-0"));
    }
    other.remove("rig-0");
}

TEST_CASE("an image that others made is not written without consent, and never removed") {
    const other_client other;
    other.make("theirs", 8 * mib);
    other.write("theirs", 0, "precious");
    {
        rbd_rig rig;
        rig.config.images = {"theirs"};
        rig.will(rbd::block_write, 4 * kib);
        CHECK(rig.open_target().problem.find("overwrite_existing") != std::string::npos);
        CHECK(rig.close_target() == "");
    }
    {
        rbd_rig rig;
        rig.config.images = {"theirs"};
        rig.group.blocks.prefill = true;
        rig.will(rbd::block_read, 4 * kib);
        const engine::target_state state = rig.open_target();
        CHECK(state.problem == "");
        CHECK(state.data_ready);
        CHECK(describe(rig.run(rig.session(), rbd_rig::io(rbd::block_read, 0, 4 * kib))) == "ok");
        CHECK(rig.close_target() == "");
    }
    CHECK(other.read("theirs", 0, 8) == "precious");
    {
        rbd_rig rig;
        rig.config.images = {"theirs"};
        rig.config.overwrite_existing = true;
        rig.will(rbd::block_write, 4 * kib);
        open(rig);
        CHECK(describe(rig.run(rig.session(), rbd_rig::io(rbd::block_write, 0, 4 * kib))) == "ok");
        CHECK(rig.close_target() == "");
    }
    CHECK(other.read("theirs", 0, 8) != "precious");
    CHECK(other.exists("theirs"));
    other.remove("theirs");
}
