// Recorded block I/O: every operation once, at its place and never beyond it, and what did not fit
// is counted.

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>

#include "model_disks.hpp"

namespace {

using namespace chopsticks;
/// Operation's code, image, offset, length.
using block_io = std::tuple<std::uint16_t, std::uint64_t, std::uint64_t, std::uint64_t>;

/// Removed with all that is in it.
struct scratch_directory {
    scratch_directory() {
        std::string name = std::filesystem::temp_directory_path() / "chopsticks-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~scratch_directory() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

const std::vector<std::string> names = {"read",    "write",        "flush",
                                        "discard", "write_zeroes", "writesame"};

void write_log(const std::string& path, const std::vector<trace::op_record>& records) {
    trace::op_log_writer log(path, 1);
    trace::op_log_header h;
    for (const std::string& name : names)
        h.operations.push_back("disks/" + name);
    h.endpoints = {"e"};
    log.begin(h, 0);
    for (const trace::op_record& r : records)
        log.lane(0).add(r);
    log.finish();
}

/// The records of a log, with their times from its first one.
std::vector<trace::op_record> read_log(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    trace::op_log_decoder decoder;
    decoder.push(bytes);
    std::vector<trace::op_record> out;
    trace::op_record r;
    while (decoder.next(r) == trace::op_log_decoder::step::record)
        out.push_back(r);
    return out;
}

/// Random I/O in sectors over images of so many bytes. The operation's index is its code.
std::vector<trace::op_record> random_records(std::size_t count, std::uint64_t images,
                                             std::uint64_t bytes, std::int64_t gap_ns) {
    random_stream random(count + images);
    std::vector<trace::op_record> out;
    for (std::size_t i = 0; i < count; ++i) {
        trace::op_record r;
        r.op = static_cast<std::uint16_t>(random.below(names.size()));
        r.has_object = true;
        r.object = random.below(images);
        r.intended_ns = static_cast<std::int64_t>(i) * gap_ns;
        r.done_ns = r.intended_ns + 1;
        if (r.op != rbd::block_flush) {
            r.length = 512 * (1 + random.below(64));
            r.offset = random.below((bytes - r.length) / 512 + 1) * 512;
        }
        out.push_back(r);
    }
    return out;
}

struct replay_run {
    replay_run(const std::string& log, const std::string& replay, const std::string& more = "")
        : plan(scenario::parse_scenario(
              "name: d\nseed: 5\ngroups:\n  - workload: rbd\n" + more +
                  "    load: {replay: {file: " + log + replay +
                  "}}\nphases: {prepare: false, warmup: 0s, measure: 20s, drain: 5s}\n",
              "d.yaml")),
          driver(disks) {
        feed_options.file = log;
        feed_options.speed = plan.groups[0].open->replay->speed;
        feed_options.kinds = engine::replay_kinds(plan.groups[0]);
    }

    engine::run_result go(unsigned cores, const std::string& op_log = "") {
        options.plan = &plan;
        options.cores = cores;
        options.seed = plan.seed;
        options.interval_ns = 50'000'000;
        feed_options.cores = cores;
        feed_options.objects = disks.images.size();
        trace::replay_feed feed(feed_options);
        engine::group_setup setup;
        setup.group = plan.groups.data();
        setup.target = &driver;
        setup.replay = &feed;
        options.groups.push_back(setup);
        std::unique_ptr<trace::op_log_writer> log;
        if (!op_log.empty()) log = std::make_unique<trace::op_log_writer>(op_log, cores);
        options.op_log = log.get();
        // The reader, which knows no such clock, has read all before the load begins.
        const virtual_clock clock;
        engine::run_result result = engine::execute(options, stop);
        if (log) log->finish();
        figures = feed.figures();
        return result;
    }

    /// Sorted.
    std::vector<block_io> accesses() const {
        std::vector<block_io> out;
        for (const auto* list : {&disks.before_load, &disks.accesses}) {
            for (const disk_access& a : *list)
                out.emplace_back(a.code, a.image, a.offset, a.length);
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    scenario::scenario plan;
    model_disks disks;
    disk_driver driver;
    engine::run_options options;
    trace::replay_options feed_options;
    trace::replay_figures figures;
    std::atomic<int> stop{0};
};

std::vector<block_io> sorted_accesses(const std::vector<trace::op_record>& records) {
    std::vector<block_io> out;
    for (const trace::op_record& r : records)
        out.emplace_back(r.op, r.object, r.offset, r.length);
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace

TEST_CASE("block_replay_does_what_was_recorded_once_at_its_place_and_time") {
    const scratch_directory dir;
    const std::string log = dir.path / "a.oplog";
    // An odd size, and I/O up to its last byte.
    constexpr std::uint64_t bytes = 24'000'000 + 1000;
    std::vector<trace::op_record> records = random_records(1500, 3, bytes, 200'000);
    trace::op_record last = records.back();
    last.op = rbd::block_read;
    last.offset = bytes - 1000;
    last.length = 1000;
    records.push_back(last);
    write_log(log, records);
    for (const unsigned cores : {1U, 2U}) {
        CAPTURE(cores);
        replay_run r(log, ", speed: 2");
        r.disks.images = {bytes, bytes, bytes};
        const std::string again = dir.path / ("b" + std::to_string(cores) + ".oplog");
        const auto result = r.go(cores, again);
        REQUIRE(result.problem == "");
        CHECK(r.disks.out_of_bounds == 0);
        CHECK(r.accesses() == sorted_accesses(records));
        CHECK(r.figures.operations == records.size());
        CHECK(r.figures.unmapped == 0);
        CHECK(r.figures.moved == 0);
        CHECK(result.groups[0].intended == records.size());
        CHECK(result.groups[0].completed == records.size());
        CHECK(result.groups[0].shed + result.groups[0].shed_late == 0);
        // The log of the replay has the same operations at half the gaps.
        std::map<std::int64_t, block_io> by_time;
        for (const trace::op_record& one : read_log(again)) {
            by_time[one.intended_ns] = {one.op, one.object, one.offset, one.length};
            REQUIRE(one.has_object);
        }
        // The last two are due at once.
        REQUIRE(by_time.size() == records.size() - 1);
        std::size_t i = 0;
        for (const auto& [intended_ns, what] : by_time) {
            const trace::op_record& from = records[i++];
            REQUIRE(intended_ns == from.intended_ns / 2);
            if (i + 1 == records.size()) break;
            REQUIRE(what == block_io(from.op, from.object, from.offset, from.length));
        }
        if (cores == 1) continue;
        // The same place is always the same core's, and both have their part.
        std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> core_of;
        std::map<unsigned, std::size_t> count;
        const auto& list = r.disks.before_load.empty() ? r.disks.accesses : r.disks.before_load;
        for (const disk_access& a : list) {
            const auto [at, first] = core_of.try_emplace({a.image, a.offset >> 22}, a.core);
            CHECK(at->second == a.core);
            ++count[a.core];
        }
        CHECK(count[0] > records.size() / 3);
        CHECK(count[1] > records.size() / 3);
    }
}

TEST_CASE("block_replay_on_fewer_and_smaller_images_stays_within_them_and_says_so") {
    const scratch_directory dir;
    const std::string log = dir.path / "a.oplog";
    const std::vector<trace::op_record> records = random_records(1500, 5, 4 << 20, 100'000);
    write_log(log, records);
    struct smaller {
        std::string blocks;
        std::vector<std::uint64_t> images;
        std::uint64_t used;  // 0: all
    };
    const std::vector<smaller> all = {
        {"", {1 << 20, 300'001}, 0},
        {"    blocks: {extent: 64KiB}\n", {1 << 20, 1 << 20, 70'000}, 65536},
        {"    blocks: {extent: 512}\n", {1 << 20}, 512},
        {"", {700, 20'000, 4 << 20, 512, 1 << 20, 1 << 20}, 0},
    };
    for (const smaller& one : all) {
        CAPTURE(one.blocks);
        CAPTURE(one.images.size());
        replay_run r(log, "", one.blocks);
        r.disks.images = one.images;
        const auto result = r.go(one.images.size() > 2 ? 2 : 1);
        REQUIRE(result.problem == "");
        CHECK(r.disks.out_of_bounds == 0);
        std::vector<block_io> wanted;
        std::uint64_t moved = 0;
        for (const trace::op_record& from : records) {
            const std::uint64_t image = from.object % one.images.size();
            load::block_place place{image, from.offset, from.length};
            const std::uint64_t used = one.used > 0 ? one.used : one.images[image];
            if (from.op != rbd::block_flush) place = load::fit_block(place, used);
            wanted.emplace_back(from.op, image, place.offset, place.length);
            moved +=
                image != from.object || place.offset != from.offset || place.length != from.length
                    ? 1
                    : 0;
            REQUIRE(place.offset + place.length <= used);
        }
        std::sort(wanted.begin(), wanted.end());
        CHECK(r.accesses() == wanted);
        CHECK(r.figures.moved == moved);
        CHECK(moved > 500);
        CHECK(result.groups[0].completed == records.size());
    }
}

TEST_CASE("block_replay_draws_places_or_lengths_where_it_is_told_to") {
    const scratch_directory dir;
    const std::string log = dir.path / "a.oplog";
    const std::vector<trace::op_record> records = random_records(800, 2, 1 << 20, 100'000);
    write_log(log, records);
    const std::string tasks =
        "    tasks: [{op: read, block: 16KiB, offsets: {hot_set: {fraction: 2%, share: 100%}}}, "
        "{op: write, block: 2KiB}, flush]\n";
    std::multimap<std::uint16_t, std::uint64_t> recorded_lengths;
    std::uint64_t wanted = 0;
    for (const trace::op_record& r : records) {
        if (r.op > rbd::block_flush) continue;
        ++wanted;
        recorded_lengths.emplace(r.op, r.length);
    }
    SUBCASE("places") {
        replay_run r(log, ", keys: data_set", tasks);
        r.disks.images = {1 << 20, 1 << 20};
        REQUIRE(r.go(2).problem == "");
        CHECK(r.disks.out_of_bounds == 0);
        std::multimap<std::uint16_t, std::uint64_t> lengths;
        std::map<std::pair<std::uint64_t, std::uint64_t>, int> reads;
        for (const auto& [code, image, offset, length] : r.accesses()) {
            lengths.emplace(code, length);
            if (code == rbd::block_read) ++reads[{image, offset / 16384}];
        }
        const auto ordered = [](const std::multimap<std::uint16_t, std::uint64_t>& all) {
            std::vector<std::pair<std::uint16_t, std::uint64_t>> out(all.begin(), all.end());
            std::sort(out.begin(), out.end());
            return out;
        };
        CHECK(ordered(lengths) == ordered(recorded_lengths));
        // The two hot places, one of each core, not the recorded ones all over the images.
        CHECK(reads.size() < 8);
        CHECK(r.figures.unmapped == records.size() - wanted);
    }
    SUBCASE("lengths") {
        replay_run r(log, ", sizes: data_set", tasks);
        r.disks.images = {1 << 20, 1 << 20};
        REQUIRE(r.go(2).problem == "");
        std::vector<block_io> expected;
        for (const trace::op_record& from : records) {
            if (from.op > rbd::block_flush) continue;
            load::block_place place{from.object, from.offset, from.length};
            if (from.op == rbd::block_read) place.length = 16384;
            if (from.op == rbd::block_write) place.length = 2048;
            if (from.op != rbd::block_flush) place = load::fit_block(place, 1 << 20);
            expected.emplace_back(from.op, place.image, place.offset, place.length);
        }
        std::sort(expected.begin(), expected.end());
        CHECK(r.accesses() == expected);
    }
    SUBCASE("limit") {
        replay_run r(log, ", size_limit: 1KiB");
        r.disks.images = {1 << 20, 1 << 20};
        REQUIRE(r.go(1).problem == "");
        std::uint64_t cut = 0;
        for (const trace::op_record& from : records)
            cut += from.length > 1024 ? 1 : 0;
        for (const auto& [code, image, offset, length] : r.accesses())
            CHECK(length <= 1024);
        CHECK(r.figures.moved == cut);
        CHECK(cut > 100);
    }
}

TEST_CASE("block_replay_sheds_what_is_late_if_it_shall_and_counts_what_waited") {
    const scratch_directory dir;
    const std::string log = dir.path / "a.oplog";
    // All at once, and one at a time may be under way.
    std::vector<trace::op_record> records = random_records(400, 1, 1 << 20, 0);
    trace::op_record last = records.back();
    last.intended_ns = 600'000'000;
    records.push_back(last);
    write_log(log, records);
    for (const bool shed : {false, true}) {
        replay_run r(log,
                     std::string(", max_in_flight: 1") + (shed ? ", late: {shed_after: 5ms}" : ""));
        r.disks.images = {1 << 20};
        const auto result = r.go(1);
        REQUIRE(result.problem == "");
        const engine::load_figures& load = result.groups[0];
        CHECK(load.intended == records.size());
        CHECK(load.issued + load.shed + load.shed_late + load.backlog == load.intended);
        CHECK(load.shed == 0);
        CHECK(load.queued >= 399);
        // One takes 100 us at least.
        if (shed) {
            CHECK(load.shed_late > 300);
            CHECK(load.issued >= 2);
        } else {
            CHECK(load.shed_late == 0);
        }
        CHECK(r.accesses().size() == load.completed);
    }
}

TEST_CASE("block_replay_on_images_of_no_sector_is_one_clear_problem") {
    const scratch_directory dir;
    const std::string log = dir.path / "a.oplog";
    write_log(log, random_records(10, 1, 1 << 20, 0));
    replay_run r(log, "");
    r.disks.images = {1 << 20, 511};
    const auto result = r.go(1);
    CHECK(result.problem.find("image 1 of 2 (511 B) is smaller than a block of 512") !=
          std::string::npos);
    CHECK(r.accesses().empty());
}
