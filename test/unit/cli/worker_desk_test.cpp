// What a master's orders and notes come to at a worker, on a clock that stands still.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "worker_desk.hpp"

namespace chopsticks::cli {
std::atomic<int> stop_level{0};
}  // namespace chopsticks::cli

namespace {

using namespace chopsticks;
using namespace chopsticks::cli;
using locust::message;

constexpr std::int64_t desk_second = 1'000'000'000;
constexpr std::uint32_t whole = engine::load_control::whole_rate;

/// A session without a wire; the test is the master, and the thread that gives the desk its turns.
struct wire final : locust::session_access {
    explicit wire(worker_desk& d) : desk(d) {
        desk.attach(*this);
        talk.connected(monotonic_ns());
        hear("ack", {{"index", 0}});
        turn();
    }
    void with_session(const std::function<void(locust::session&, std::int64_t)>& what) override {
        const std::lock_guard lock(mutex);
        what(talk, monotonic_ns());
    }
    void hear(const std::string& type, const json& data) {
        {
            const std::lock_guard lock(mutex);
            talk.receive(locust::encode(type, data, talk.node()), monotonic_ns());
        }
        turn();
    }
    void spawn(const locust::user_counts& users) {
        hear("spawn", {{"timestamp", ++spawns}, {"user_classes_count", users}});
    }
    void go(const std::string& phase, json more = json::object()) {
        more["run"] = "r1";
        more["phase"] = phase;
        hear("chopsticks_go", more);
    }
    void turn() {
        std::vector<locust::order> orders;
        {
            const std::lock_guard lock(mutex);
            desk.on_turn(talk);
            talk.tick(monotonic_ns());
            locust::order one;
            while (talk.next_order(one))
                orders.push_back(one);
        }
        for (const locust::order& one : orders)
            desk.on_order(one);
        const std::lock_guard lock(mutex);
        for (std::string f = talk.next_frame(); !f.empty(); f = talk.next_frame())
            sent.push_back(*locust::decode(f).value);
    }
    void lose_master() {
        {
            const std::lock_guard lock(mutex);
            talk.disconnected(monotonic_ns());
        }
        turn();
    }
    /// What was sent of a type since the last look.
    std::vector<message> said(const std::string& type) {
        turn();
        std::vector<message> out;
        for (const message& one : sent) {
            if (one.type == type) out.push_back(one);
        }
        std::erase_if(sent, [&](const message& one) { return one.type == type; });
        return out;
    }

    worker_desk& desk;
    std::mutex mutex;
    locust::session talk{"host_1"};
    std::vector<message> sent;
    double spawns = 0;
};

/// A desk, and the groups of a run: one in a closed loop, one in an open one.
struct office {
    explicit office(without_master lost = without_master::go_on) : desk(2, lost, true) {
        groups[0].name = "front";
        groups[1].name = "rate";
        groups[1].open.emplace();
    }
    void begin(const std::string& run) {
        world_plan plan;
        plan.run = run;
        plan.run_id = "own";
        plan.first_core = 3;
        desk.begin(plan, groups, control);
    }

    const virtual_clock clock;
    worker_desk desk;
    wire master{desk};
    std::vector<scenario::group> groups{2};
    engine::load_control control{{10, 0}};
};

}  // namespace

TEST_CASE("desk_says_who_it_is_once_it_is_acknowledged_and_of_which_run") {
    office o;
    auto hello = o.master.said("chopsticks_worker");
    REQUIRE(hello.size() == 1);
    CHECK(hello[0].data["cores"] == 2);
    CHECK(hello[0].data["run"] == "");
    o.begin("r1");
    CHECK(o.master.said("chopsticks_worker").empty());
    // Another master may be there now.
    o.master.lose_master();
    o.master.talk.connected(monotonic_ns());
    o.master.hear("ack", {{"index", 0}});
    hello = o.master.said("chopsticks_worker");
    REQUIRE(hello.size() == 1);
    CHECK(hello[0].data["run"] == "r1");
    CHECK(hello[0].data["first_core"] == 3);
    CHECK(hello[0].data["run_id"] == "own");
}

TEST_CASE("desk_hands_users_over_at_once_and_alone_all_of_a_rate") {
    office o;
    o.master.spawn({{"front", 4}, {"rate", 1}, {"unknown", 7}});
    const desk_event event = o.desk.wait_for_work();
    CHECK(event.what == desk_event::kind::users);
    o.begin("");
    CHECK(o.control.wanted_users(0) == 4);
    CHECK(o.control.wanted_rate_share(1) == whole);
    // Until they are there nothing is said of them, whatever else the thread does meanwhile.
    o.master.turn();
    CHECK(o.master.said("spawning_complete").empty());
    o.master.spawn({{"front", 6}, {"rate", 0}});
    CHECK(o.control.wanted_users(0) == 6);
    CHECK(o.control.wanted_rate_share(1) == 0);
    // More than it can have are cut, and what there is is told.
    o.master.spawn({{"front", 99}, {"rate", 1}});
    CHECK(o.control.wanted_users(0) == 10);
    for (int i = 0; i < 10; ++i)
        o.control.user_came(0);
    o.master.turn();
    const auto complete = o.master.said("spawning_complete");
    REQUIRE(complete.size() == 1);
    CHECK(complete[0].data["user_classes_count"] == json{{"front", 10}, {"rate", 1}});
    o.master.hear("stop", nullptr);
    CHECK(o.control.finished());
}

TEST_CASE("desk_in_a_world_has_the_share_of_a_rate_that_it_is_given") {
    office o;
    o.begin("r1");
    o.master.spawn({{"front", 4}, {"rate", 1}});
    CHECK(o.control.wanted_users(0) == 4);
    CHECK(o.control.wanted_rate_share(1) == 0);
    o.master.hear("chopsticks_shares", {{"run", "r1"}, {"shares", {{"rate", 250'000}}}});
    CHECK(o.control.wanted_rate_share(1) == 250'000);
    o.master.hear("chopsticks_shares", {{"run", "r1"}, {"shares", {{"rate", 1ULL << 60}}}});
    CHECK(o.control.wanted_rate_share(1) == whole);
    o.master.hear("chopsticks_shares", {{"run", "r1"}, {"shares", {{"rate", 500'000}}}});
    // Those of another run, of no group, and what are none.
    for (const json& data : {json(), json(7), json{{"run", "r1"}}, json{{"run", 5}, {"shares", 5}},
                             json{{"run", "r2"}, {"shares", {{"rate", 1}}}},
                             json{{"run", "r1"}, {"shares", {{"other", 1}}}},
                             json{{"run", "r1"}, {"shares", {{"rate", -1}}}},
                             json{{"run", "r1"}, {"shares", {{"rate", "all"}}}},
                             json{{"run", "r1"}, {"shares", json::array({1})}}})
        o.master.hear("chopsticks_shares", data);
    CHECK(o.control.wanted_rate_share(1) == 500'000);
}

TEST_CASE("desk_lets_phases_begin_when_the_master_says_so") {
    office o;
    o.begin("r1");
    o.master.hear("chopsticks_go", {{"run", "another"}, {"phase", "open"}});
    o.master.hear("chopsticks_go", {{"run", 7}, {"phase", json::array()}});
    o.master.hear("chopsticks_go", nullptr);
    o.master.go("prepare");
    o.master.go("open", {{"more", 5}});
    const auto open = o.desk.wait_for_go("open");
    REQUIRE(open);
    CHECK((*open)["more"] == 5);
    CHECK(o.desk.wait_for_go("prepare"));
    o.desk.say_phase("prepare", {{"ok", true}});
    const auto told = o.master.said("chopsticks_phase");
    REQUIRE(told.size() == 1);
    CHECK(told[0].data == json{{"run", "r1"}, {"phase", "prepare"}, {"ok", true}});

    // One that waits is woken.
    auto load = std::async(std::launch::async, [&] { return o.desk.wait_for_go("load"); });
    o.master.go("load");
    CHECK(load.get());

    // Given up: no further phase, but those that come in any case.
    o.master.go("give_up");
    CHECK(o.control.finished());
    CHECK_FALSE(o.desk.wait_for_go("load"));
    auto close = std::async(std::launch::async, [&] { return o.desk.wait_for_go("close", true); });
    o.master.go("close");
    CHECK(close.get());
}

TEST_CASE("desk_alone_waits_for_nobody_between_phases") {
    office o;
    o.begin("");
    CHECK(o.desk.wait_for_go("open"));
    o.desk.say_phase("open", {{"ok", true}});
    o.desk.say_result("{}", "");
    CHECK(o.master.said("chopsticks_phase").empty());
    CHECK(o.master.said("chopsticks_result").empty());
}

TEST_CASE("desk_without_a_master_goes_on_or_stops_and_cleans_up_in_either_case") {
    for (const without_master lost : {without_master::go_on, without_master::stop}) {
        office o(lost);
        o.begin("r1");
        o.master.spawn({{"front", 2}, {"rate", 1}});
        o.master.lose_master();
        auto& clock = *virtual_clock::in_place();
        clock.skip(59 * desk_second);
        o.master.turn();
        CHECK_FALSE(o.control.finished());
        clock.skip(2 * desk_second);
        o.master.turn();
        CHECK(o.control.finished() == (lost == without_master::stop));
        CHECK(o.control.wanted_users(0) == 2);
        // What it says meanwhile waits for a master.
        o.desk.say_phase("drain", {{"ok", true}});
        CHECK(o.master.said("chopsticks_phase").empty());
        // Nobody is waited for at the end, nor between two phases.
        CHECK_FALSE(o.desk.wait_for_go("clean", true));
        CHECK_FALSE(o.desk.wait_for_go("prepare"));
        o.desk.say_result("text", "");
        o.desk.end();
        o.master.talk.connected(monotonic_ns());
        o.master.hear("ack", {{"index", 0}});
        CHECK(o.master.said("chopsticks_phase").size() == 1);
        const auto result = o.master.said("chopsticks_result");
        REQUIRE(result.size() == 1);
        CHECK(result[0].data["text"] == "text");
    }
}

TEST_CASE("desk_ends_a_load_that_no_master_wants_any_more") {
    // The master never comes back; another one comes, and has no run; the same one comes, and wants
    // users again.
    enum class next : std::uint8_t { never, without_run, wants };
    for (const next what : {next::never, next::without_run, next::wants}) {
        office o;
        o.begin("r1");
        o.master.spawn({{"front", 2}, {"rate", 1}});
        o.master.lose_master();
        o.master.turn();
        auto& clock = *virtual_clock::in_place();
        if (what != next::never) {
            clock.skip(300 * desk_second);
            o.master.talk.connected(monotonic_ns());
            o.master.hear("ack", {{"index", 0}});
            if (what == next::wants) o.master.spawn({{"front", 2}, {"rate", 1}});
            clock.skip(299 * desk_second);
        } else {
            clock.skip(599 * desk_second);
        }
        o.master.turn();
        CHECK_FALSE(o.control.finished());
        clock.skip(2 * desk_second);
        o.master.turn();
        CHECK(o.control.finished() == (what != next::wants));
        if (what == next::wants) continue;
        // A master that is there and knows nothing of the run is not waited for at its end.
        CHECK_FALSE(o.desk.wait_for_go("prepare"));
        CHECK_FALSE(o.desk.wait_for_go("clean", true));
    }
}

TEST_CASE("desk_whose_master_was_away_while_it_prepares_is_wanted_however_long_it_takes") {
    office o;
    o.begin("r1");
    o.master.lose_master();
    o.master.turn();
    o.master.talk.connected(monotonic_ns());
    o.master.hear("ack", {{"index", 0}});
    virtual_clock::in_place()->skip(3600 * desk_second);
    o.master.turn();
    CHECK_FALSE(o.control.finished());
    o.master.spawn({{"front", 2}, {"rate", 1}});
    o.master.turn();
    CHECK_FALSE(o.control.finished());
}

TEST_CASE("desk_that_finds_its_master_again_in_time_does_not_stop") {
    office o(without_master::stop);
    o.begin("r1");
    for (int i = 0; i < 5; ++i) {
        o.master.lose_master();
        virtual_clock::in_place()->skip(50 * desk_second);
        o.master.turn();
        o.master.talk.connected(monotonic_ns());
        o.master.hear("ack", {{"index", 0}});
    }
    CHECK_FALSE(o.control.finished());
}

TEST_CASE("desk_survives_a_master_that_floods_and_takes_only_so_much") {
    office o;
    const json wrong[] = {nullptr, 5, "text", json::array({1}), {{"run", "r1"}, {"phase", 7}}};
    for (const char* type : {"chopsticks_plan", "chopsticks_go", "chopsticks_shares",
                             "chopsticks_clock", "chopsticks_worker", "other"}) {
        for (const json& data : wrong)
            o.master.hear(type, data);
    }
    for (int i = 0; i < 3000; ++i)
        o.master.hear("chopsticks_plan", {{"run", i}});
    std::size_t plans = 0;
    for (;; ++plans) {
        // Users are an event only where no plan waits.
        if (plans == 1000) o.master.spawn({{"front", 1}});
        if (o.desk.wait_for_work().what != desk_event::kind::plan) break;
    }
    CHECK(plans == 1000);
    o.begin("r1");
    for (int i = 0; i < 3000; ++i)
        o.master.go("x");
    for (int i = 0; i < 1000; ++i)
        REQUIRE(o.desk.wait_for_go("x"));
    o.master.hear("stop", nullptr);
    CHECK_FALSE(o.desk.wait_for_go("x"));
    o.master.hear("quit", nullptr);
    CHECK(o.desk.quits());
    CHECK(o.desk.wait_for_work().what == desk_event::kind::quit);
}

TEST_CASE("desk_tells_the_busiest_core_and_what_was_done") {
    office o;
    o.begin("r1");
    o.master.spawn({{"front", 1}, {"rate", 0}});
    const stats::layout names{{"front/get"}, {"here"}};
    engine::interval one(names);
    one.cores.resize(2);
    one.cores[0].span_ns = one.cores[1].span_ns = 1000;
    one.cores[0].busy_ns = 200;
    one.cores[1].busy_ns = 930;
    one.figures.by_operation[0].ok_count = 3;
    one.figures.by_operation[0].response.record_n(1'000'000, 3);
    o.desk.add(one, names);
    virtual_clock::in_place()->skip(4 * desk_second);
    o.master.turn();
    const auto beats = o.master.said("heartbeat");
    REQUIRE_FALSE(beats.empty());
    CHECK(beats.back().data["current_cpu_usage"].get<double>() == doctest::Approx(93));
    CHECK(beats.back().data["current_memory_usage"].get<std::uint64_t>() > 1'000'000);
    std::uint64_t told = 0;
    for (const message& m : o.master.said("stats"))
        told += m.data["stats_total"]["num_requests"].get<std::uint64_t>();
    CHECK(told == 3);
    CHECK(o.master.said("chopsticks_alive").size() >= 1);
}

TEST_CASE("desk_answers_what_time_it_is") {
    office o;
    o.master.hear("chopsticks_clock", {{"sent", 12.5}});
    const auto answer = o.master.said("chopsticks_clock");
    REQUIRE(answer.size() == 1);
    CHECK(answer[0].data["sent"] == 12.5);
    CHECK(answer[0].data["wall_s"].get<double>() ==
          doctest::Approx(static_cast<double>(wall_ns()) / 1e9));
}
