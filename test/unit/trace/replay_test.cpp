// A recording as a schedule: gaps kept, order restored, everything else counted.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <chopsticks/trace/replay.hpp>
#include <chrono>
#include <map>
#include <set>

#include "temporary.hpp"

using namespace chopsticks;
using namespace chopsticks::trace;

namespace {

/// Their places in options_for().
constexpr std::uint16_t put = 0;
constexpr std::uint16_t get = 1;

replay_options options_for(const std::string& file) {
    replay_options o;
    o.file = file;
    o.objects = 1000;
    o.kinds = {{"put", dealing::by_key},
               {"get", dealing::by_key},
               {"head", dealing::by_key},
               {"delete", dealing::by_key},
               {"list", dealing::in_turn}};
    return o;
}

std::string rgw_line(std::int64_t wall_ns, const std::string& operation, const std::string& key,
                     const std::string& status = "200") {
    std::string time = format_utc(wall_ns);
    const std::string micros = std::to_string(1'000'000 + wall_ns / 1000 % 1'000'000).substr(1);
    time = time.substr(0, 20) + micros + "Z";
    return "{\"bucket\":\"b\",\"object\":\"" + key + "\",\"time\":\"" + time +
           "\",\"operation\":\"" + operation + "\",\"uri\":\"GET /b/" + key +
           " HTTP/1.1\",\"http_status\":\"" + status +
           "\",\"bytes_sent\":10,\"bytes_received\":0,\"object_size\":10}\n";
}

struct replayed {
    std::vector<std::vector<planned_operation>> cores;
    replay_figures figures;
    std::int64_t end_ns = 0;

    std::vector<planned_operation> all() const {
        // What is due at the same time stays in the order of the cores.
        std::multimap<std::int64_t, planned_operation> by_time;
        for (const auto& core : cores) {
            for (const planned_operation& op : core)
                by_time.emplace(op.due_ns, op);
        }
        std::vector<planned_operation> out;
        for (const auto& [due_ns, op] : by_time)
            out.push_back(op);
        return out;
    }
};

/// Takes everything as fast as it comes, up to `most` operations.
replayed drain(const replay_options& options, std::size_t most = SIZE_MAX) {
    replayed out;
    replay_feed feed(options);
    out.cores.resize(options.cores);
    feed.start();
    std::size_t count = 0;
    for (bool any = true; any && count < most;) {
        any = false;
        const unsigned here = options.own_cores > 0 ? options.own_cores : options.cores;
        for (unsigned core = options.first_core; core < options.first_core + here; ++core) {
            replay_lane& lane = feed.lane(core);
            while (const planned_operation* op = lane.front(0)) {
                out.cores[core].push_back(*op);
                lane.pop();
                ++count;
            }
            any |= !lane.ended();
        }
        if (any) std::this_thread::yield();
    }
    out.end_ns = feed.end_ns();
    feed.stop();
    out.figures = feed.figures();
    return out;
}

constexpr std::int64_t day_ns = 1'795'000'000'000'000'000;

}  // namespace

TEST_CASE("objects that share a line are all read, and the line counts once") {
    const temporary_directory dir;
    std::string text;
    for (int i = 0; i < 6; ++i) {
        std::string line = rgw_line(day_ns + i * 1'000'000, "get_obj", "k" + std::to_string(i));
        // The first line holds three, the second one and a half of nothing, the third two.
        if (i == 0 || i == 1 || i == 4) line.pop_back();
        text += line;
        if (i == 3) text += "{\"bucket\":\n";
    }
    const replayed r = drain(options_for(dir.file("rgw.log", text)));
    CHECK(r.figures.operations == 6);
    CHECK(r.figures.read.malformed == 1);
    CHECK(r.figures.read.malformed_lines == std::vector<std::uint64_t>{3});
}

TEST_CASE("the gaps of a recording are kept, divided by the speed") {
    const temporary_directory dir;
    random_stream random(9);
    std::vector<std::int64_t> times;
    std::string text;
    std::int64_t t = day_ns;
    for (int i = 0; i < 30'000; ++i) {
        t += 1000 * static_cast<std::int64_t>(random.below(5000));
        times.push_back(t);
        text += rgw_line(t, "get_obj", "k" + std::to_string(random.below(500)));
    }
    replay_options o = options_for(dir.file("rgw.log", text));
    for (const double speed : {1.0, 2.0, 0.3}) {
        for (const unsigned cores : {1U, 3U}) {
            o.speed = speed;
            o.cores = cores;
            const replayed r = drain(o);
            CHECK(r.figures.format == recording_format::rgw);
            CHECK(r.figures.operations == times.size());
            CHECK(r.figures.out_of_order == 0);
            CHECK(r.figures.read.malformed == 0);
            CHECK(r.figures.complete);
            const auto all = r.all();
            REQUIRE(all.size() == times.size());
            for (std::size_t i = 0; i < times.size(); ++i) {
                const double due = static_cast<double>(times[i] - times[0]) / speed;
                REQUIRE(std::abs(static_cast<double>(all[i].due_ns) - due) <= 0.5);
            }
            CHECK(r.end_ns == all.back().due_ns);
            CHECK(r.figures.length_ns == all.back().due_ns);
            for (unsigned core = 0; core < cores; ++core) {
                std::int64_t before = 0;
                for (const planned_operation& op : r.cores[core]) {
                    REQUIRE(op.due_ns >= before);
                    REQUIRE(op.key % 1000 % cores == core);
                    before = op.due_ns;
                }
            }
        }
    }
}

TEST_CASE("processes that share a recording are each handed their cores' part of it") {
    const temporary_directory dir;
    random_stream random(5);
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        const bool list = random.below(4) == 0;
        text += rgw_line(day_ns + i * 1'000'000LL, list ? "list_bucket" : "get_obj",
                         "k" + std::to_string(random.below(500)));
    }
    replay_options o = options_for(dir.file("rgw.log", text));
    o.cores = 3;
    const replayed whole = drain(o);
    std::uint64_t operations = 0;
    for (const auto& [first, own] : {std::pair{0U, 2U}, {2U, 1U}}) {
        o.first_core = first;
        o.own_cores = own;
        const replayed part = drain(o);
        operations += part.figures.operations;
        // All of them end with the recording, not with their part of it.
        CHECK(part.end_ns == whole.end_ns);
        for (unsigned core = first; core < first + own; ++core) {
            REQUIRE(part.cores[core].size() == whole.cores[core].size());
            for (std::size_t i = 0; i < part.cores[core].size(); ++i) {
                REQUIRE(part.cores[core][i].due_ns == whole.cores[core][i].due_ns);
                REQUIRE(part.cores[core][i].key == whole.cores[core][i].key);
            }
        }
    }
    CHECK(operations == whole.figures.operations);
}

TEST_CASE("what stands out of place within the window is put in order, beyond it counted") {
    const temporary_directory dir;
    const auto at = [](double s) { return day_ns + static_cast<std::int64_t>(s * 1e9); };
    std::string text;
    // One that took 5 s and one that took 25 s stand behind what began after them.
    for (const double s : {0.0, 2.0, 3.0, 1.0, 6.0, 20.0, 26.0, 4.0, 27.0})
        text += rgw_line(at(s), "get_obj", "k");
    const replayed r = drain(options_for(dir.file("x", text)));
    std::vector<double> due;
    for (const auto& op : r.cores[0])
        due.push_back(static_cast<double>(op.due_ns) / 1e9);
    CHECK(due == std::vector<double>{0, 1, 2, 3, 6, 6, 20, 26, 27});
    CHECK(r.figures.out_of_order == 1);
}

TEST_CASE("malformed, refused and unmapped operations are counted and never fatal") {
    const temporary_directory dir;
    std::string text = "[\n";
    for (int i = 0; i < 100; ++i) {
        text += rgw_line(day_ns + i * 1'000'000, "get_obj", "k" + std::to_string(i));
        if (i % 10 == 3) text += "{\"broken\n";
        if (i % 10 == 4) text += rgw_line(day_ns + i, "get_obj", "none", "404");
        if (i % 10 == 5) text += rgw_line(day_ns + i, "get_lifecycle", "");
    }
    text += std::string(1 << 20, 'x') + "\n";
    text += rgw_line(day_ns + 200'000'000, "get_obj", "last");
    text += "{\"cut off";
    const replay_options o = options_for(dir.file("x", text));
    const replayed r = drain(o);
    CHECK(r.figures.operations == 101);
    CHECK(r.figures.read.malformed == 12);
    CHECK(r.figures.read.malformed_lines == std::vector<std::uint64_t>{6, 19, 32, 45, 58});
    CHECK(r.figures.refused == 10);
    CHECK(r.figures.unmapped == 10);
    CHECK(r.figures.read.lines == 100 + 30 + 1 + 1 + 1);

    const recording_survey look = survey(o);
    CHECK(look.whole);
    CHECK(look.operations == 101);
    CHECK(look.length_s == doctest::Approx(0.2));
    CHECK(look.by_kind.size() == 5);
    CHECK(look.by_kind[get] == 101);
    CHECK(look.read.malformed == 12);
}

TEST_CASE("operations of a second are spread over it where a log knows no better") {
    const temporary_directory dir;
    const auto line = [](int second, int i) {
        return "o b [23/Nov/2026:19:28:" + std::to_string(second) +
               " +0000] ip r id REST.GET.OBJECT k" + std::to_string(i) +
               " \"GET /b/k HTTP/1.1\" 200 - 10 10 1 1 \"-\" \"-\" -\n";
    };
    std::string text;
    for (const int second : {10, 12, 10, 12, 10, 12, 10, 13})
        text += line(second, 1);
    const replayed r = drain(options_for(dir.file("x", text)));
    CHECK(r.figures.format == recording_format::s3_access_log);
    std::vector<double> due;
    for (const auto& op : r.cores[0])
        due.push_back(static_cast<double>(op.due_ns) / 1e9);
    const std::vector<double> wanted{0, 0.25, 0.5, 0.75, 2, 2 + 1 / 3.0, 2 + 2 / 3.0, 3};
    REQUIRE(due.size() == wanted.size());
    for (std::size_t i = 0; i < due.size(); ++i)
        CHECK(due[i] == doctest::Approx(wanted[i]).epsilon(1e-8));
}

TEST_CASE("an operation log is replayed by its intended instants, one group or all") {
    const temporary_directory dir;
    const std::string path = dir.path() + "/x.oplog";
    op_log_header h;
    h.operations = {"a/get", "b/put", "b/read"};
    h.endpoints = {"e"};
    {
        op_log_writer log(path, 2);
        log.begin(h, 1000);
        for (std::int64_t i = 0; i < 3000; ++i) {
            op_record r;
            r.op = static_cast<std::uint16_t>(i % 3);
            r.object = static_cast<std::uint64_t>(i);
            r.has_object = true;
            r.size = 77;
            r.intended_ns = 5'000 + i * 1'000'000;
            r.done_ns = r.intended_ns + 50'000'000;
            r.status = i == 3   ? op_status::client_error
                       : i == 6 ? op_status::timeout
                                : op_status::ok;
            log.lane(static_cast<unsigned>(i % 2)).add(r);
        }
        log.finish();
    }
    replay_options o = options_for(path);
    replayed r = drain(o);
    CHECK(r.figures.format == recording_format::chopsticks);
    CHECK(r.figures.operations == 1999);
    CHECK(r.figures.unmapped == 1000);
    CHECK(r.figures.refused == 1);
    CHECK_FALSE(r.figures.read.truncated);
    for (const planned_operation& op : r.all()) {
        const auto i = static_cast<std::int64_t>(op.key);
        REQUIRE(op.due_ns == i * 1'000'000);
        REQUIRE(op.size == 77);
        REQUIRE(op.kind == (i % 3 == 0 ? get : put));
    }
    o.group = "b";
    r = drain(o);
    CHECK(r.figures.operations == 1000);

    // Cut off, as after a kill: the rest still counts.
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
    r = drain(options_for(path));
    CHECK(r.figures.read.truncated);
    CHECK(r.figures.operations > 500);
}

TEST_CASE("operations of block devices are dealt by place, those of objects are left to others") {
    const temporary_directory dir;
    const std::string path = dir.path() + "/x.oplog";
    op_log_header h;
    h.operations = {"d/read",
                    "d/write",
                    "d/flush",
                    "d/discard",
                    "d/write_zeroes",
                    "d/writesame",
                    "d/compare_and_write",
                    "o/get"};
    h.endpoints = {"e"};
    random_stream random(4);
    std::vector<op_record> records;
    for (std::int64_t i = 0; i < 6000; ++i) {
        op_record r;
        r.op = static_cast<std::uint16_t>(random.below(8));
        r.has_object = true;
        r.object = random.below(5);
        r.intended_ns = i * 1000;
        if (r.op != 2) {
            r.offset = random.below(1 << 16) * 4096;
            r.length = 4096 * (1 + random.below(4));
        }
        // Of an image without a number, or of no byte, nothing can be repeated.
        if (i % 1000 == 7) r.has_object = false;
        if (i % 1000 == 8) r.length = 0;
        records.push_back(r);
    }
    {
        op_log_writer log(path, 1);
        log.begin(h, 0);
        for (const op_record& r : records)
            log.lane(0).add(r);
        log.finish();
    }
    replay_options o;
    o.file = path;
    o.objects = 3;
    std::uint64_t replayable = 0;
    // All that the log has but its last, which is none of the tasks.
    for (std::size_t i = 0; i < 6; ++i) {
        const std::string& named = h.operations[i];
        o.kinds.push_back(
            {named.substr(named.find('/') + 1), i == 2 ? dealing::by_extent : dealing::by_place});
    }
    for (const op_record& r : records)
        replayable += r.op < 6 && r.has_object && (r.op == 2 || r.length > 0) ? 1 : 0;
    CHECK(survey(o).operations == replayable);
    for (const bool whole : {false, true}) {
        o.whole_images = whole;
        o.cores = 3;
        const replayed r = drain(o);
        CHECK(r.figures.operations == replayable);
        CHECK(r.figures.unmapped == records.size() - replayable);
        std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> core_of;
        for (unsigned core = 0; core < o.cores; ++core) {
            // As even as random places are.
            if (!whole) CHECK(r.cores[core].size() > replayable / 3 * 8 / 10);
            for (const planned_operation& op : r.cores[core]) {
                const op_record& from = records[static_cast<std::size_t>(op.due_ns / 1000)];
                REQUIRE(op.kind == from.op);
                REQUIRE(op.key == from.object);
                REQUIRE(op.offset == from.offset);
                REQUIRE(op.length == from.length);
                const std::uint64_t place = whole ? 0 : op.offset >> 22;
                const auto [at, first] = core_of.try_emplace({op.key % 3, place}, core);
                REQUIRE(at->second == core);
                if (whole) REQUIRE(op.key % 3 % 3 == core);
            }
        }
    }
}

TEST_CASE("block devices are not replayed from a log of objects") {
    const temporary_directory dir;
    replay_options o;
    o.file = dir.file("x", rgw_line(day_ns, "get_obj", "k"));
    o.kinds = {{"read", dealing::by_place}};
    CHECK_THROWS_WITH_AS(survey(o), doctest::Contains("rgw, which has no operations of block"),
                         config_error);
}

TEST_CASE("a looped recording goes on with its mean gap between the rounds") {
    const temporary_directory dir;
    std::string text;
    for (int i = 0; i < 11; ++i)
        text += rgw_line(day_ns + i * 100'000'000LL, "get_obj", "k");
    replay_options o = options_for(dir.file("x", text));
    o.loop = true;
    const replayed r = drain(o, 40'000);
    CHECK(r.figures.rounds > 3000);
    CHECK(r.figures.length_ns == 1'000'000'000);
    for (std::size_t i = 0; i < 40'000; ++i)
        REQUIRE(r.cores[0][i].due_ns == static_cast<std::int64_t>(i) * 100'000'000);
}

TEST_CASE("what comes late because of the reader is told from what is due later") {
    const temporary_directory dir;
    replay_options o = options_for(dir.file(
        "x", rgw_line(day_ns, "get_obj", "a") + rgw_line(day_ns + 1'000'000, "get_obj", "b")));
    replay_feed feed(o);
    replay_lane& lane = feed.lane(0);
    CHECK(lane.front(0) == nullptr);  // nothing was read yet
    CHECK_FALSE(lane.ended());
    feed.start();
    while (!feed.primed())
        std::this_thread::yield();
    CHECK(lane.front(700) != nullptr);
    lane.pop();
    CHECK(lane.front(9'000'000) != nullptr);  // waited in the queue: not the reader's fault
    lane.pop();
    CHECK(lane.front(9'000'000) == nullptr);
    CHECK(lane.ended());
    CHECK(feed.end_ns() == 1'000'000);
    feed.stop();
    CHECK(feed.figures().late == 1);
    CHECK(feed.figures().lateness_max_ns == 700);
}

TEST_CASE("files that are no recording are refused with the way to mend it") {
    const temporary_directory dir;
    CHECK_THROWS_AS(survey(options_for(dir.path())), config_error);
    CHECK_THROWS_AS(survey(options_for(dir.path() + "/none")), config_error);
    CHECK_THROWS_AS(survey(options_for("/dev/zero")), config_error);
    CHECK_THROWS_AS(survey(options_for(dir.file("a", ""))), config_error);
    CHECK_THROWS_AS(survey(options_for(dir.file("b", "\n\n  \n"))), config_error);
    CHECK_THROWS_AS(survey(options_for(dir.file("c", "hello\n"))), config_error);
    CHECK_THROWS_AS(survey(options_for(dir.file("d", "CHOPOPL\n\x7f"))), config_error);
    CHECK_THROWS_AS(survey(options_for(dir.file("e", rgw_line(day_ns, "get_lifecycle", "")))),
                    config_error);
}

TEST_CASE("memory does not grow with the file") {
    const temporary_directory dir;
    const std::string path = dir.path() + "/big";
    constexpr std::int64_t lines = 600'000;
    {
        std::ofstream out(path);
        for (std::int64_t i = 0; i < lines; ++i)
            out << rgw_line(day_ns + i * 1000, "get_obj", "k" + std::to_string(i));
    }
    const auto resident = [] {
        std::ifstream in("/proc/self/statm");
        std::uint64_t total = 0;
        std::uint64_t pages = 0;
        in >> total >> pages;
        return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    };
    [[maybe_unused]] const std::uint64_t before = resident();
    replay_feed feed(options_for(path));
    feed.start();
    std::int64_t count = 0;
    std::uint64_t most = 0;
    std::int64_t due = -1;
    while (!feed.lane(0).ended()) {
        const planned_operation* op = feed.lane(0).front(0);
        if (op == nullptr) {
            std::this_thread::yield();
            continue;
        }
        REQUIRE(op->due_ns > due);
        due = op->due_ns;
        feed.lane(0).pop();
        if (++count % 50'000 == 0) most = std::max(most, resident());
    }
    CHECK(count == lines);
    CHECK(std::filesystem::file_size(path) > 100'000'000);
    // The whole of it lies within the sort window: the limit on the number is what counts.
#ifndef CHOPSTICKS_SANITIZED  // sanitizers keep what was freed for a while
    CHECK(most - before < 60'000'000);
#endif
}
