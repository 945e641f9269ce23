// A worker's talk with a master, message by message, at times of the test.

#include <doctest/doctest.h>

#include <chopsticks/locust/session.hpp>
#include <string>
#include <vector>

namespace {

using namespace chopsticks;
using namespace chopsticks::locust;

constexpr std::int64_t second = 1'000'000'000;

/// A session, and what it sent since the last look.
struct talk {
    session worker{"host_1"};
    std::int64_t now = 100 * second;

    std::vector<message> sent() {
        std::vector<message> out;
        for (std::string frame = worker.next_frame(); !frame.empty(); frame = worker.next_frame()) {
            decoded got = decode(frame);
            REQUIRE(got.value);
            CHECK(got.value->node == "host_1");
            out.push_back(std::move(*got.value));
        }
        return out;
    }
    std::string types() {
        std::string out;
        for (const message& one : sent())
            out += (out.empty() ? "" : " ") + one.type;
        return out;
    }
    void hear(const char* type, const json& data) {
        worker.receive(encode(type, data, "host_1"), now);
    }
    std::string orders() {
        constexpr const char* words[] = {"users", "stop", "quit", "note", "reopen"};
        std::string out;
        order one;
        while (worker.next_order(one)) {
            out += (out.empty() ? "" : " ") + std::string(words[static_cast<int>(one.what)]);
            for (const auto& [name, count] : one.users)
                out += ":" + name + "=" + std::to_string(count);
            if (one.what == order::kind::note) out += ":" + one.content.type;
        }
        return out;
    }
    void pass(std::int64_t ns) {
        now += ns;
        worker.tick(now);
    }
    void spawn(double at, const user_counts& counts) {
        hear("spawn", {{"timestamp", at}, {"user_classes_count", counts}, {"host", nullptr}});
    }
    /// As a worker that was acknowledged and told to spawn.
    void run(const user_counts& counts) {
        worker.connected(now);
        hear("ack", {{"index", 0}});
        spawn(1, counts);
        worker.users_alive(counts, true, now);
        worker.tick(now);
        sent();
        orders();
    }
    void count(std::uint64_t operations) {
        stats::totals some(names, 2);
        some.by_operation[0].ok_count = operations;
        some.by_operation[0].response.record_n(1'000'000, operations);
        worker.figures().add(some, names, 1000);
    }
    stats::layout names{{"front/get"}, {"here"}};
};

TEST_CASE("session_says_ready_every_five_seconds_until_it_is_acknowledged") {
    talk t;
    t.worker.tick(t.now);
    CHECK(t.types().empty());
    t.worker.connected(t.now);
    auto first = t.sent();
    REQUIRE(first.size() == 1);
    CHECK(first[0].type == "client_ready");
    CHECK(first[0].data == -1);
    t.pass(4 * second);
    CHECK(t.types().empty());
    t.pass(second);
    CHECK(t.types() == "client_ready");
    t.hear("ack", {{"index", 7}});
    CHECK(t.worker.acknowledged());
    auto beat = t.sent();
    REQUIRE(beat.size() == 1);
    CHECK(beat[0].type == "heartbeat");
    CHECK(beat[0].data["state"] == "ready");
    CHECK(beat[0].data.contains("current_cpu_usage"));
    t.pass(second);
    CHECK(t.types() == "heartbeat");
    // Of a master before 2.11, which has no index.
    talk old;
    old.worker.connected(old.now);
    old.hear("ack", nullptr);
    CHECK(old.worker.acknowledged());
}

TEST_CASE("session_tells_spawning_and_its_end_when_all_users_are_there") {
    talk t;
    t.worker.connected(t.now);
    t.hear("ack", {{"index", 0}});
    t.sent();
    t.spawn(1, {{"front", 3}, {"back", 0}});
    CHECK(t.orders() == "users:back=0:front=3");
    CHECK(t.types() == "spawning");
    t.worker.users_alive({{"front", 2}, {"back", 0}}, false, t.now);
    t.pass(second);
    auto waits = t.sent();
    REQUIRE(waits.size() == 1);
    CHECK(waits[0].data["state"] == "spawning");
    t.worker.users_alive({{"front", 3}, {"back", 0}}, true, t.now);
    auto done = t.sent();
    REQUIRE(done.size() == 1);
    CHECK(done[0].type == "spawning_complete");
    CHECK(done[0].data["user_count"] == 3);
    CHECK(done[0].data["user_classes_count"] == json{{"front", 3}, {"back", 0}});
    t.pass(second);
    auto beat = t.sent();
    REQUIRE(beat.size() == 1);
    CHECK(beat[0].data["state"] == "running");
    // Down again.
    t.spawn(2, {{"front", 1}, {"back", 0}});
    CHECK(t.orders() == "users:back=0:front=1");
    CHECK(t.types() == "spawning");
    t.pass(second);
    for (const message& one : t.sent())
        CHECK(one.type != "spawning_complete");
    t.worker.users_alive({{"front", 1}, {"back", 0}}, true, t.now);
    CHECK(t.types() == "spawning_complete");
}

TEST_CASE("session_drops_spawns_that_are_older_and_those_that_are_none") {
    talk t;
    t.run({{"front", 1}});
    t.spawn(1, {{"front", 9}});
    t.spawn(0.5, {{"front", 9}});
    CHECK(t.worker.refused().stale == 2);
    for (const json& data :
         {json(), json(5), json{{"timestamp", 2}},
          json{{"timestamp", "2"}, {"user_classes_count", json::object()}},
          json{{"timestamp", 2}, {"user_classes_count", {{"front", -1}}}},
          json{{"timestamp", 2}, {"user_classes_count", {{"front", 1.5}}}},
          json{{"timestamp", 2}, {"user_classes_count", {{"front", 1ULL << 60}}}},
          json{{"timestamp", 2}, {"user_classes_count", json::array({1})}}})
        t.hear("spawn", data);
    CHECK(t.worker.refused().wrong == 8);
    CHECK(t.orders().empty());
    CHECK(t.types().empty());
}

TEST_CASE("session_reports_every_three_seconds_and_the_rest_before_it_says_stopped") {
    talk t;
    t.run({{"front", 2}});
    t.count(5);
    t.pass(3 * second);
    std::uint64_t told = 0;
    for (const message& one : t.sent()) {
        if (one.type != "stats") continue;
        told += one.data["stats"][0]["num_requests"].get<std::uint64_t>();
        CHECK(one.data["user_count"] == 2);
    }
    CHECK(told == 5);
    t.hear("stop", nullptr);
    CHECK(t.orders() == "stop");
    CHECK(t.types().empty());
    t.pass(second);
    for (const message& one : t.sent())
        CHECK(one.data["state"] == "running");
    t.count(4);
    t.worker.load_ended(t.now);
    auto end = t.sent();
    REQUIRE(end.size() == 2);
    CHECK(end[0].type == "stats");
    CHECK(end[0].data["stats_total"]["num_requests"] == 4);
    CHECK(end[1].type == "client_stopped");
    // Nothing while it cleans up: the master has it no more.
    t.pass(10 * second);
    CHECK(t.types().empty());
    t.worker.say("chopsticks_result", {{"piece", 1}});
    CHECK(t.types() == "chopsticks_result");
    t.worker.run_over(t.now);
    CHECK(t.types() == "client_ready");
    t.hear("ack", {{"index", 0}});
    CHECK(t.types() == "heartbeat");
    // And again.
    t.spawn(5, {{"front", 1}});
    CHECK(t.orders() == "users:front=1");
}

TEST_CASE("session_stops_at_once_where_the_load_had_ended_by_itself") {
    talk t;
    t.run({{"front", 2}});
    t.count(1);
    t.worker.load_ended(t.now);
    CHECK(t.types() == "stats");
    t.hear("stop", nullptr);
    CHECK(t.orders() == "stop");
    CHECK(t.types() == "stats client_stopped");
    t.hear("stop", nullptr);
    CHECK(t.worker.refused().stale == 1);
}

TEST_CASE("session_without_a_load_takes_part_in_a_stop") {
    talk t;
    t.worker.connected(t.now);
    t.hear("ack", {{"index", 0}});
    t.sent();
    t.hear("stop", nullptr);
    CHECK(t.types() == "client_stopped client_ready");
}

TEST_CASE("session_gives_all_there_is_to_a_master_that_quits") {
    talk t;
    t.run({{"front", 2}});
    t.count(3);
    t.hear("quit", nullptr);
    CHECK(t.types() == "stats");
    CHECK(t.orders() == "quit");
}

TEST_CASE("session_says_nothing_but_ready_to_a_master_that_may_not_know_it") {
    talk t;
    t.run({{"front", 2}});
    t.count(3);
    t.worker.disconnected(t.now);
    CHECK(t.worker.lost_since_ns() == t.now);
    t.pass(20 * second);
    t.worker.say("chopsticks_phase", {{"phase", "load"}});
    t.worker.users_alive({{"front", 1}}, true, t.now);
    CHECK(t.types().empty());
    t.worker.connected(t.now);
    CHECK(t.types() == "client_ready");
    t.pass(4 * second);
    CHECK(t.types().empty());
    t.hear("ack", {{"index", 0}});
    CHECK(t.worker.lost_since_ns() == 0);
    // What it did meanwhile is told; a heartbeat that said "ready" would be taken for the truth.
    auto then = t.sent();
    REQUIRE(then.size() == 3);
    CHECK(then[0].type == "chopsticks_phase");
    CHECK(then[1].data["state"] == "running");
    CHECK(then[2].data["stats_total"]["num_requests"] == 3);
    // Never again while it runs.
    t.hear("ack", {{"index", 0}});
    CHECK(t.worker.refused().stale == 1);
    t.pass(60 * second);
    for (const message& one : t.sent())
        CHECK(one.type != "client_ready");
}

TEST_CASE("session_heeds_a_new_master_whose_clock_is_behind") {
    talk t;
    t.run({{"front", 2}});
    t.spawn(1000, {{"front", 3}});
    CHECK(t.orders() == "users:front=3");
    t.spawn(999, {{"front", 4}});
    CHECK(t.orders().empty());
    t.worker.disconnected(t.now);
    t.worker.connected(t.now);
    t.hear("ack", {{"index", 0}});
    t.spawn(500, {{"front", 5}});
    CHECK(t.orders() == "users:front=5");
    t.spawn(500, {{"front", 6}});
    CHECK(t.orders().empty());
}

TEST_CASE("session_looks_for_a_master_that_no_longer_answers") {
    talk t;
    t.run({{"front", 2}});
    // One that never answered a heartbeat is a master before 2.19.
    t.pass(300 * second);
    CHECK(t.orders().empty());
    t.hear("heartbeat", nullptr);
    t.pass(59 * second);
    CHECK(t.orders().empty());
    t.pass(second);
    CHECK(t.orders() == "reopen");
    CHECK(t.worker.lost_since_ns() == t.now);
    t.hear("reconnect", nullptr);
    CHECK(t.orders() == "reopen");
}

TEST_CASE("session_survives_every_message_in_every_state_and_those_of_others") {
    const json some[] = {nullptr,
                         5,
                         "text",
                         json::array(),
                         json::object(),
                         {{"index", "x"}},
                         {{"timestamp", 9}, {"user_classes_count", {{"front", 1}}}}};
    for (int state = 0; state < 6; ++state) {
        for (const char* type : {"ack", "spawn", "stop", "quit", "heartbeat", "reconnect",
                                 "spawning_complete", "update_user_class", "locustfile", "x", ""}) {
            for (const json& data : some) {
                talk t;
                if (state == 1) t.worker.connected(t.now);
                if (state > 1) t.run({{"front", 1}});
                if (state == 3) t.hear("stop", nullptr);
                if (state == 4) t.worker.load_ended(t.now);
                if (state == 5) t.worker.disconnected(t.now);
                t.hear(type, data);
                t.hear(type, data);
                t.pass(5 * second);
                t.sent();
                t.orders();
                t.worker.run_over(t.now);
                t.sent();
            }
        }
    }
    talk t;
    t.run({{"front", 1}});
    t.worker.receive(encode("quit", nullptr, "other_1"), t.now);
    for (int i = 0; i < 1000; ++i)
        t.worker.receive("\x93\xff", t.now);
    CHECK(t.orders().empty());
    CHECK(t.worker.refused().of_others == 1);
    CHECK(t.worker.refused().malformed == 1000);
    // Told, and not a thousand times.
    const auto lines = t.worker.take_log();
    CHECK(lines.size() > 2);
    CHECK(lines.size() < 20);
}

}  // namespace
