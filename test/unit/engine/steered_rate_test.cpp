// Rates that are steered from outside, and what is said of loads that were.

#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "steered_run.hpp"

TEST_CASE("steered_open_loop_has_as_much_due_as_its_share_of_the_rate_sums_up_to") {
    for (const char* arrivals : {"constant", "poisson"}) {
        CAPTURE(arrivals);
        steered_run r(yaml(std::string("{open: {rate: 20000, max_in_flight: 64, arrivals: ") +
                               arrivals + "}}",
                           "", gets),
                      {0});
        r.share_at(0, 0.5);
        r.share_at(1000 * ms, 0.05);
        r.share_at(2000 * ms, 0);
        r.share_at(4000 * ms, 1);
        r.finish_at(5000 * ms);
        const auto result = r.go();
        REQUIRE(result.steered.has_value());
        const auto& changes = result.steered->changes;
        REQUIRE(changes.size() == 4);
        // By the times that the result tells.
        const double expected =
            20'000 * (0.5 * changes[1].at_s + 0.05 * (changes[2].at_s - changes[1].at_s) +
                      result.measure_s - changes[3].at_s);
        CHECK(result.steered->planned_tasks[0] == doctest::Approx(expected).epsilon(1e-9));
        CHECK(expected == doctest::Approx(31'000).epsilon(0.03));
        const auto intended = static_cast<double>(result.groups[0].intended);
        const bool even = std::string(arrivals) == "constant";
        // Of each core one may be missing, or five standard deviations of a Poisson count.
        CHECK(std::abs(intended - expected) <= (even ? 2 : 5 * std::sqrt(expected)));
        CHECK(result.groups[0].intended == result.groups[0].completed);
        CHECK(result.groups[0].shed == 0);
        CHECK(result.groups[0].backlog == 0);
        CHECK_FALSE(says_too_slow(r, result));
        // What would have been due in the pause is not, and does not come after it in a heap.
        r.within(changes[2].at_s + 0.05, changes[3].at_s,
                 [](const auto& s) { CHECK(s.groups[0].intended == 0); });
        // Cores know a little before its time of what will be wanted.
        r.within(changes[2].at_s + 0.05, changes[3].at_s - 0.05, [](const auto& s) {
            CHECK(s.groups[0].rate_wanted_per_s == 0);
            CHECK_FALSE(s.groups[0].users_wanted.has_value());
        });
        r.within(changes[3].at_s, result.measure_s - 0.05, [](const auto& s) {
            CHECK(s.groups[0].intended == doctest::Approx(20'000 * s.duration_s).epsilon(0.2));
            CHECK(s.groups[0].rate_wanted_per_s == doctest::Approx(20'000));
        });
        // Gaps are those that the rate of the moment expects.
        CHECK(result.pacing[0].planned.count() > 1000);
        CHECK(result.pacing[0].planned.mean() == doctest::Approx(1).epsilon(0.05));
        CHECK(result.pacing[0].issued.mean() == doctest::Approx(1).epsilon(0.05));
    }
}

TEST_CASE("steered_open_loop_loses_nothing_when_it_changes_every_millisecond") {
    for (const char* shape : {"", ", burst: {on: 30ms, off: 70ms}"}) {
        CAPTURE(shape);
        steered_run r(yaml(std::string("{open: {rate: 10000, max_in_flight: 512, queue_limit: "
                                       "100000, arrivals: constant") +
                               shape + "}}",
                           "", gets),
                      {0});
        random_stream random(3);
        for (std::int64_t t = 0; t < 3000; ++t)
            r.share_at(t * ms, t % 5 == 4 ? 0 : random.unit());
        r.finish_at(3000 * ms);
        const auto result = r.go();
        REQUIRE(result.steered.has_value());
        CHECK(result.steered->changes.size() > 50);
        const double planned = result.steered->planned_tasks[0];
        CHECK(planned > 5000);
        CHECK(std::abs(static_cast<double>(result.groups[0].intended) - planned) <= 3);
        CHECK_FALSE(says_too_slow(r, result));
        // None of the intervals is one of a constant load.
        CHECK(result.steady.throughput.batch_values == 0);
    }
}

TEST_CASE("steered_open_loop_of_a_core_that_hears_late_keeps_its_count") {
    // The machine stands still for 100 ms at a time: the core hears of changes long after they were
    // to be, and has worked off what was due by the plan before them.
    steered_run r(yaml("{open: {rate: 5000, max_in_flight: 512, queue_limit: 100000, arrivals: "
                       "constant}}",
                       "", gets),
                  {0});
    int operations = 0;
    r.run.state.at_end = [&](const engine::operation&, const engine::outcome&) {
        if (++operations % 500 == 0) virtual_clock::in_place()->skip(100 * ms);
    };
    for (std::int64_t t = 0; t < 40; ++t)
        r.share_at(t * 100 * ms, t % 3 == 0 ? 1 : 0.1 * static_cast<double>(t % 3));
    r.finish_at(4000 * ms);
    const auto result = r.go(1);
    REQUIRE(result.steered.has_value());
    // What was begun early by a plan that had meanwhile been changed, at most: a step of the
    // steering at the whole rate.
    CHECK(std::abs(static_cast<double>(result.groups[0].intended) -
                   result.steered->planned_tasks[0]) <= 5000 * 0.15);
    CHECK(result.groups[0].intended == result.groups[0].completed + result.groups[0].backlog);
}

TEST_CASE("steered_groups_go_each_their_own_way") {
    steered_run r(
        "name: t\nseed: 3\ngroups:\n"
        "  - {name: a, workload: s3, data: {objects: 50, size: 4KiB}, tasks: [get], load: "
        "{closed: {users: 2}}}\n"
        "  - {name: b, workload: s3, data: {objects: 50, size: 4KiB}, tasks: [get], load: "
        "{open: {rate: 4000, arrivals: constant}}}\n"
        "phases: {warmup: 50ms, measure: 300ms}\n",
        {10, 0});
    r.run.state.delay_ns = 1 * ms;
    r.share_at(0, 1, 1);
    r.users_at(500 * ms, 10, 0);
    r.count_at(990 * ms, 0);
    r.share_at(1000 * ms, 0, 1);
    r.users_at(1500 * ms, 0, 0);
    r.share_at(2000 * ms, 0.5, 1);
    r.finish_at(2500 * ms);
    const auto result = r.go();
    CHECK(r.alive == std::vector<std::uint64_t>{10});
    CHECK(result.groups[0].intended == doctest::Approx(10'000).epsilon(0.05));
    CHECK(result.groups[1].intended == doctest::Approx(5'000).epsilon(0.05));
    CHECK(result.steered->planned_tasks[0] == 0);
    r.within(0.05, 0.45, [](const auto& s) {
        CHECK(s.groups[0].issued == 0);
        CHECK(s.groups[1].issued > 0);
    });
    r.within(1.1, 1.5, [](const auto& s) {
        CHECK(s.groups[0].issued > 0);
        CHECK(s.groups[1].issued == 0);
    });
    r.within(1.6, 2.0, [](const auto& s) {
        CHECK(s.groups[0].issued == 0);
        CHECK(s.groups[1].issued == 0);
    });
}

TEST_CASE("steered_pause_is_no_outage_of_the_target") {
    for (const bool open : {false, true}) {
        CAPTURE(open);
        steered_run r(yaml(open ? "{open: {rate: 500}}" : "{closed: {users: 3}}", "", gets), {4});
        // From 1 s to 3 s nothing succeeds; from 3 s on nothing is wanted for ten seconds.
        r.run.state.delay_ns = 5 * ms;
        r.run.state.fail = [&r](const engine::operation&, engine::outcome& out) {
            const std::int64_t since_ns = r.begun_ns == 0 ? 0 : monotonic_ns() - r.begun_ns;
            if (since_ns < 1000 * ms || since_ns > 12'000 * ms) return false;
            out.fail(op_status::server_error, "InternalError", "it is down");
            return true;
        };
        r.users_at(0, 4);
        r.share_at(0, 1);
        r.users_at(3000 * ms, 0);
        r.share_at(3000 * ms, 0);
        r.users_at(13'000 * ms, 4);
        r.share_at(13'000 * ms, 1);
        r.finish_at(15'000 * ms);
        const auto result = r.go();
        REQUIRE(result.silences.size() == 1);
        REQUIRE(result.silences[0].outages.size() == 1);
        CHECK(result.silences[0].outages[0].start_s == doctest::Approx(1).epsilon(0.05));
        CHECK(result.silences[0].outage_s == doctest::Approx(2).epsilon(0.05));
    }
}

TEST_CASE("steered_throughput_is_that_of_the_longest_stretch_without_a_change") {
    steered_run r(yaml("{closed: {users: 3}}", "", gets), {40});
    r.run.state.delay_ns = 2 * ms;
    // 20,000 a second for 1 s, 5,000 for 4 s, 10,000 for 2 s; and nobody for 6 s.
    r.users_at(0, 40);
    r.users_at(1000 * ms, 10);
    r.users_at(5000 * ms, 20);
    r.users_at(7000 * ms, 0);
    r.users_at(13'000 * ms, 40);
    r.finish_at(13'500 * ms);
    const auto result = r.go();
    CHECK(result.steady.throughput.mean == doctest::Approx(5000).epsilon(0.02));
    CHECK_FALSE(result.steady.confident);
}

TEST_CASE("steered_processes_make_one_load_by_their_shares_of_it") {
    // Each has a quarter and three quarters of the rate, in a world with room for four.
    double planned = 0;
    std::uint64_t intended = 0;
    double measure_s = 0;
    std::vector<std::uint64_t> prepared;
    for (const auto& [first, share] : {std::pair{0U, 0.25}, {2U, 0.75}}) {
        steered_run r(
            yaml("{open: {rate: 8000, max_in_flight: 256, arrivals: constant}}", "", gets), {0});
        r.run.options.first_core = first;
        r.run.options.cores_in_all = 4;
        r.share_at(0, share);
        r.finish_at(2000 * ms);
        r.run.options.plan = &r.run.plan;
        r.run.options.cores = 2;
        r.run.options.seed = 3;
        r.run.options.interval_ns = 50 * ms;
        r.run.options.watcher = &r.run.seen;
        engine::group_setup setup;
        setup.group = r.run.plan.groups.data();
        setup.target = &r.run.driver;
        r.run.options.groups.push_back(setup);
        const virtual_clock clock;
        const auto run = engine::make_run(r.run.options, r.run.stop);
        REQUIRE((first == 0 ? run->open() : run->join({engine::target_state()})));
        REQUIRE(run->prepare());
        // What the other one would have made.
        for (std::uint64_t object = 0; object < 200; ++object)
            r.run.state.objects.emplace(object, 0);
        REQUIRE(run->load(monotonic_ns()));
        run->drain();
        run->clean();
        run->close();
        const auto result = run->finish();
        r.run.threads.clear();
        planned += result.steered->planned_tasks[0];
        intended += result.groups[0].intended;
        measure_s = result.measure_s;
        prepared.push_back(result.prepared);
        CHECK(result.groups[0].intended ==
              doctest::Approx(8000 * share * result.measure_s).epsilon(0.01));
        CHECK(r.run.state.wrong == 0);
        CHECK_FALSE(says_too_slow(r, result));
    }
    CHECK(planned == doctest::Approx(8000 * measure_s).epsilon(0.01));
    CHECK(static_cast<double>(intended) == doctest::Approx(planned).epsilon(0.001));
    CHECK(prepared == std::vector<std::uint64_t>{100, 100});
}

TEST_CASE("steered_scenario_that_says_itself_how_much_there_is_is_refused") {
    steered_run r(
        "name: t\nseed: 3\ngroups:\n"
        "  - {name: a, workload: s3, data: {objects: 5, size: 4KiB}, tasks: [get], load: "
        "{closed: {stages: [{duration: 1s, users: 2}]}}}\n",
        {4});
    r.users_at(0, 4);
    const auto result = r.go();
    CHECK(result.target_problem);
    CHECK(result.problem.find("group a has `stages`") != std::string::npos);
    CHECK(r.run.state.opened == 0);
}
