// Groups of block devices: which bytes the engine works on, and what it makes of failures.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <map>
#include <memory>
#include <set>

#include "model_disks.hpp"
#include "model_target.hpp"

namespace {

using namespace chopsticks;
struct disk_run {
    explicit disk_run(const std::string& tasks, const std::string& blocks = "{}",
                      const std::string& load = "{closed: {users: 8}}")
        : plan(scenario::parse_scenario(
              "name: d\nseed: 5\ngroups:\n  - workload: rbd\n    blocks: " + blocks +
                  "\n    tasks: " + tasks + "\n    load: " + load +
                  "\nphases: {warmup: 20ms, measure: 200ms, drain: 5s}\n",
              "d.yaml")),
          driver(disks) {}

    engine::run_result go(unsigned cores) {
        set_up(cores);
        const virtual_clock clock;
        return engine::execute(options, stop);
    }

    /// As one of several processes. `targets`: what the leader found, who sets it.
    void go_along(unsigned cores, std::vector<engine::target_state>& targets) {
        set_up(cores);
        const virtual_clock clock;
        const auto run = engine::make_run(options, stop);
        REQUIRE((options.leads() ? run->open() : run->join(targets)));
        if (options.leads()) targets = run->targets();
        REQUIRE(run->prepare());
        REQUIRE(run->seal());
        REQUIRE(run->load(clock.now_ns() + engine::load_notice_ns));
        run->drain();
        run->clean();
        run->close();
        CHECK(run->finish().problem == "");
    }

    void set_up(unsigned cores) {
        options.plan = &plan;
        options.cores = cores;
        options.seed = plan.seed;
        options.interval_ns = 50'000'000;
        for (const auto& g : plan.groups) {
            engine::group_setup setup;
            setup.group = &g;
            setup.target = &driver;
            options.groups.push_back(setup);
        }
    }

    /// What a core of this process did, in its order: operation, image, offset, length.
    std::vector<std::array<std::uint64_t, 4>> done_by(unsigned core) const {
        std::vector<std::array<std::uint64_t, 4>> out;
        for (const auto* some : {&disks.before_load, &disks.accesses}) {
            for (const disk_access& a : *some) {
                if (a.core == core) out.push_back({a.code, a.image, a.offset, a.length});
            }
        }
        return out;
    }

    scenario::scenario plan;
    model_disks disks;
    disk_driver driver;
    engine::run_options options;
    std::atomic<int> stop{0};
};

/// Every byte of every image once.
bool covers_once(std::vector<disk_access> writes, const std::vector<std::uint64_t>& images) {
    std::sort(writes.begin(), writes.end(), [](const auto& a, const auto& b) {
        return std::pair(a.image, a.offset) < std::pair(b.image, b.offset);
    });
    std::vector<std::uint64_t> at(images.size());
    for (const disk_access& w : writes) {
        if (w.offset != at[w.image]) return false;
        at[w.image] += w.length;
    }
    return at == images;
}

}  // namespace

TEST_CASE("blocks_prefill_writes_every_byte_once_whatever_the_sizes") {
    const std::vector<std::vector<std::uint64_t>> all = {
        {1'000'003}, {262'144}, {100'000, 70'001}, {8192, 12288, 300'007, 4096, 9000}};
    for (const auto& images : all) {
        for (unsigned cores = 1; cores <= 3; ++cores) {
            CAPTURE(images.size());
            CAPTURE(cores);
            disk_run r("[read]", "{prefill_block: 8KiB}");
            r.plan.phase.prepare_concurrency = 7;
            r.disks.images = images;
            const auto result = r.go(cores);
            REQUIRE(result.problem == "");
            CHECK(covers_once(r.disks.before_load, images));
            CHECK(result.prepared == r.disks.before_load.size());
            CHECK(result.prepare_failed == 0);
            for (const auto& w : r.disks.before_load)
                CHECK(w.code == rbd::block_write);
            CHECK(r.disks.out_of_bounds == 0);
            CHECK(r.disks.accesses.size() > 50);
            CHECK(result.left_behind == 0);
        }
    }
}

TEST_CASE("blocks_of_two_processes_are_those_of_two_cores") {
    const auto make = [] {
        auto r = std::make_unique<disk_run>("[write, read]", "{prefill_block: 8KiB}");
        r->disks.images = {1'000'003, 262'144};
        return r;
    };
    const auto whole = make();
    REQUIRE(whole->go(2).problem == "");
    std::vector<engine::target_state> targets;
    for (unsigned core = 0; core < 2; ++core) {
        const auto one = make();
        one->options.first_core = core;
        one->options.cores_in_all = 2;
        one->go_along(1, targets);
        REQUIRE(one->done_by(0).size() > 100);
        CHECK(one->done_by(0) == whole->done_by(core));
    }
}

TEST_CASE("blocks_prefill_keeps_to_the_extent_and_repeats_what_failed") {
    disk_run r("[write]", "{extent: 64KiB, prefill_block: 4KiB}");
    r.disks.images = {1 << 20, 1 << 20};
    std::map<std::uint64_t, int> tries;
    r.disks.fail = [&](const engine::operation& op, engine::outcome& out) {
        if (r.disks.sealed || ++tries[op.object << 32 | op.offset] > 1) return false;
        out.fail(op_status::io_error, "EIO", "once");
        return true;
    };
    const auto result = r.go(2);
    REQUIRE(result.problem == "");
    CHECK(covers_once(r.disks.before_load, {65536, 65536}));
    CHECK(result.prepared == 32);
    CHECK(result.prepare_failed == 0);
    for (const auto& a : r.disks.accesses)
        CHECK(a.offset + a.length <= 65536);
}

TEST_CASE("blocks_prefill_that_cannot_be_done_ends_the_run_with_the_targets_words") {
    disk_run r("[read]");
    r.disks.images = {1 << 20};
    r.disks.fail = [](const engine::operation&, engine::outcome& out) {
        out.fail(op_status::io_error, "ENOSPC", "write at offset 0 of a: No space left on device");
        out.native = native_code::of_errno(ENOSPC);
        return true;
    };
    const auto result = r.go(2);
    CHECK(result.problem.find("No space left on device") != std::string::npos);
    CHECK(r.disks.accesses.empty());
}

TEST_CASE("blocks_are_not_filled_where_they_are_ready_or_shall_not_be") {
    disk_run ready("[read]");
    ready.disks.images = {1 << 20};
    ready.disks.data_ready = true;
    ready.disks.notes = {"found a filled image"};
    const auto result = ready.go(2);
    CHECK(result.prepared == 0);
    CHECK(ready.disks.before_load.empty());
    CHECK(ready.disks.accesses.size() > 50);
    CHECK(result.notes == std::vector<std::string>{"found a filled image"});

    disk_run off("[read]", "{prefill: false}");
    off.disks.images = {1 << 20};
    CHECK(off.go(2).prepared == 0);
    CHECK_FALSE(off.disks.sealed);
    CHECK(off.disks.before_load.size() > 50);
}

TEST_CASE("blocks_of_two_cores_are_never_the_same") {
    for (const char* tasks :
         {"[{op: read, block: 4KiB}, {op: write, block: {table: {4KiB: 1, 16KiB: 1}}}]",
          "[{op: write, pattern: sequential}, {op: read, pattern: sequential_shared}]",
          "[{op: discard, block: 8KiB, align: 4KiB}, {op: write_zeroes, offsets: {zipf: 1}}]"}) {
        for (const auto& images : {std::vector<std::uint64_t>{500'001},
                                   std::vector<std::uint64_t>{100'000, 200'000, 300'000, 50'000}}) {
            CAPTURE(tasks);
            CAPTURE(images.size());
            disk_run r(tasks, "{prefill: false}");
            r.disks.images = images;
            REQUIRE(r.go(3).problem == "");
            // By image: the span of each core.
            std::map<std::uint64_t, std::map<unsigned, std::pair<std::uint64_t, std::uint64_t>>>
                spans;
            std::vector<disk_access> accesses = r.disks.before_load;
            accesses.insert(accesses.end(), r.disks.accesses.begin(), r.disks.accesses.end());
            REQUIRE(accesses.size() > 50);
            for (const auto& a : accesses) {
                const auto [at, fresh] =
                    spans[a.image].try_emplace(a.core, a.offset, a.offset + a.length);
                at->second.first = std::min(at->second.first, a.offset);
                at->second.second = std::max(at->second.second, a.offset + a.length);
            }
            CHECK(r.disks.out_of_bounds == 0);
            for (const auto& [image, cores] : spans) {
                std::uint64_t end = 0;
                if (images.size() > 3) CHECK(cores.size() == 1);
                for (const auto& [core, span] : cores) {
                    CHECK(span.first >= end);
                    end = span.second;
                }
            }
        }
    }
}

TEST_CASE("blocks_sequential_users_go_on_where_they_were_and_round_again") {
    disk_run r("[{op: read, block: 4KiB, pattern: sequential}]", "{prefill: false}",
               "{closed: {users: 1}}");
    r.disks.images = {4096 * 5 + 1000};
    REQUIRE(r.go(1).problem == "");
    const auto& list = r.disks.before_load.empty() ? r.disks.accesses : r.disks.before_load;
    REQUIRE(list.size() > 12);
    for (std::size_t i = 0; i < list.size(); ++i) {
        CHECK(list[i].offset == i % 6 * 4096);
        CHECK(list[i].length == (i % 6 == 5 ? 1000 : 4096));
    }
}

TEST_CASE("blocks_sequence_of_steps_stays_on_its_block") {
    disk_run r("[{steps: [{op: read, block: 8KiB}, {op: write, pieces: 4}, flush]}]",
               "{prefill: false}", "{closed: {users: 1}}");
    r.disks.images = {1 << 20, 1 << 20};
    REQUIRE(r.go(1).problem == "");
    const auto& list = r.disks.before_load.empty() ? r.disks.accesses : r.disks.before_load;
    REQUIRE(list.size() > 9);
    std::set<std::uint64_t> places;
    for (std::size_t i = 0; i + 2 < list.size(); i += 3) {
        CHECK(list[i].code == rbd::block_read);
        CHECK(list[i + 1].code == rbd::block_write);
        CHECK(list[i + 2].code == rbd::block_flush);
        CHECK(list[i + 1].offset == list[i].offset);
        CHECK(list[i + 1].image == list[i].image);
        CHECK(list[i + 1].length == 8192);
        CHECK(list[i + 1].pieces == 4);
        CHECK(list[i + 1].version > list[i].version);
        CHECK(list[i + 2].image == list[i].image);
        CHECK(list[i + 2].length == 0);
        places.insert(list[i].image << 32 | list[i].offset);
    }
    CHECK(places.size() > 3);
}

TEST_CASE("blocks_failures_are_counted_with_their_errno_and_no_bytes") {
    disk_run r("[read]");
    r.disks.images = {1 << 20};
    std::uint64_t count = 0;
    r.disks.fail = [&](const engine::operation&, engine::outcome& out) {
        if (!r.disks.sealed || ++count % 2 == 0) return false;
        out.fail(op_status::io_error, "EIO", "read at offset 0 of a: Input/output error");
        out.native = native_code::of_errno(EIO);
        return true;
    };
    const auto result = r.go(2);
    REQUIRE(result.problem == "");
    const stats::figures& f = result.measured.by_operation[0];
    CHECK(f.ok_count > 20);
    CHECK(f.failed_count > 20);
    CHECK(f.bytes == f.ok_count * 4096);
    REQUIRE(f.errors.size() == 1);
    CHECK(f.errors[0].status == op_status::io_error);
    CHECK(f.errors[0].native == native_code::of_errno(EIO));
    CHECK(f.errors[0].code == "EIO");
}

TEST_CASE("blocks_users_who_are_shut_out_do_not_storm") {
    disk_run r("[read]");
    r.disks.images = {1 << 20};
    r.disks.fail = [&](const engine::operation&, engine::outcome& out) {
        if (!r.disks.sealed) return false;
        out.fail(op_status::io_error, "ESHUTDOWN", "read at offset 0 of a: cannot send");
        return true;
    };
    const auto result = r.go(1);
    const std::uint64_t failed =
        result.warmup.by_operation[0].failed_count + result.measured.by_operation[0].failed_count;
    // 8 users, 220 ms: from 10 us on their pauses double, which leaves room for 15 each. Without
    // pauses it would be one every 0.1 ms.
    CHECK(failed >= 8 * 5);
    CHECK(failed <= 8 * 16);
}

TEST_CASE("blocks_images_that_cannot_serve_are_one_clear_problem") {
    const auto problem = [](std::vector<std::uint64_t> images, const std::string& blocks,
                            unsigned cores) {
        disk_run r("[{op: read, block: 64KiB}]", blocks);
        r.disks.images = std::move(images);
        const auto result = r.go(cores);
        CHECK(result.target_problem == !result.problem.empty());
        CHECK(r.disks.accesses.empty() == !result.problem.empty());
        return result.problem;
    };
    CHECK(problem({}, "{}", 1).find("no image") != std::string::npos);
    CHECK(problem({1 << 20, 65535}, "{}", 1)
              .find("image 1 of 2 (63.999 KiB) is smaller than a block") != std::string::npos);
    CHECK(problem({1 << 20}, "{extent: 2MiB}", 1).find("smaller than `blocks.extent` (2 MiB)") !=
          std::string::npos);
    CHECK(problem({131071}, "{}", 2).find("too small to be shared by 2 cores: they need 128 KiB") !=
          std::string::npos);
    CHECK(problem({131072}, "{}", 2).empty());
    CHECK(problem({65536, 65536}, "{}", 2).empty());
}

TEST_CASE("blocks_and_objects_run_under_one_clock_with_figures_of_their_own") {
    const auto plan = scenario::parse_scenario(
        "name: h\nseed: 5\ngroups:\n"
        "  - workload: s3\n    data: {objects: 50, size: 1KiB}\n    tasks: [get]\n"
        "    load: {closed: {users: 4}}\n"
        "  - workload: rbd\n    tasks: [write]\n    load: {open: {rate: 2000}}\n"
        "phases: {warmup: 50ms, measure: 300ms, drain: 5s}\n",
        "h.yaml");
    model_state objects;
    objects.delay_ns = 200'000;
    model_driver object_driver(objects);
    model_disks disks;
    disks.images = {1 << 20};
    disk_driver disk(disks);
    engine::run_options options;
    options.plan = &plan;
    options.cores = 2;
    options.seed = 5;
    options.interval_ns = 50'000'000;
    for (std::size_t i = 0; i < 2; ++i) {
        engine::group_setup setup;
        setup.group = &plan.groups[i];
        setup.target = i == 0 ? static_cast<engine::driver*>(&object_driver) : &disk;
        options.groups.push_back(setup);
    }
    std::atomic<int> stop{0};
    const virtual_clock clock;
    const auto result = engine::execute(options, stop);
    REQUIRE(result.problem == "");
    REQUIRE(result.names.operations == std::vector<std::string>{"s3/get", "rbd/write"});
    CHECK(result.measured.by_operation[0].ok_count == result.groups[0].completed);
    CHECK(result.measured.by_operation[1].ok_count == result.groups[1].completed);
    CHECK(result.measured.by_operation[0].ok_count > 50);
    // Of a Poisson process with a mean of 600.
    CHECK(result.groups[1].intended > 450);
    CHECK(result.groups[1].intended < 750);
    // The objects, and of the image one write for each core.
    CHECK(result.prepared == 50 + 2);
    CHECK(objects.wrong == 0);
    CHECK(result.left_behind == 0);
}
