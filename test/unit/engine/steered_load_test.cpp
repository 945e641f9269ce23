// Loads of which somebody outside says, while they go, how many users there are to be.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "steered_run.hpp"

TEST_CASE("steered_closed_loop_has_as_many_users_as_are_wanted_up_down_to_none_and_up_again") {
    steered_run r(yaml("{closed: {users: 3}}"), {60});
    r.run.state.delay_ns = 2 * ms;
    r.users_at(1000 * ms, 10);
    r.count_at(1190 * ms);
    r.users_at(1200 * ms, 60);
    r.count_at(1390 * ms);
    r.users_at(1400 * ms, 7);
    r.count_at(1590 * ms);
    r.users_at(1600 * ms, 0);
    r.count_at(1990 * ms);
    r.users_at(2000 * ms, 25);
    r.count_at(2290 * ms);
    r.finish_at(2300 * ms);
    const auto result = r.go();
    CHECK(r.alive == std::vector<std::uint64_t>{10, 60, 7, 0, 25});
    CHECK(r.control.users_alive(0) == 0);
    CHECK_FALSE(result.interrupted);
    CHECK(result.problem.empty());
    CHECK(result.left_behind == 0);
    CHECK(r.run.state.wrong == 0);
    CHECK(r.run.state.objects.empty());

    // It is measured from the first wish to the end, the pause too.
    CHECK(result.warmup_s == 0);
    CHECK(model_run::ok(result.warmup) == 0);
    CHECK(result.measure_s == doctest::Approx(1.3).epsilon(0.03));
    CHECK(result.groups[0].intended == result.groups[0].completed);

    // Each interval tells what was wanted at its end, and how many there were.
    r.within(0.05, 0.15, [](const auto& s) {
        CHECK(s.groups[0].users_wanted == 10);
        CHECK(s.groups[0].users == 10);
        CHECK(s.groups[0].in_flight_max <= 10);
    });
    r.within(0.25, 0.35, [](const auto& s) { CHECK(s.groups[0].users == 60); });
    r.within(0.45, 0.55, [](const auto& s) {
        CHECK(s.groups[0].users == 7);
        CHECK(s.groups[0].in_flight_max <= 7);
        // Five hundred tasks a second each.
        CHECK(s.groups[0].issued == doctest::Approx(7 * 500 * s.duration_s).epsilon(0.1));
    });
    r.within(0.65, 0.95, [](const auto& s) {
        CHECK(s.groups[0].users_wanted == 0);
        CHECK(s.groups[0].users == 0);
        CHECK(s.groups[0].issued == 0);
    });
    r.within(1.05, 1.25, [](const auto& s) { CHECK(s.groups[0].users == 25); });
    r.within(0, 9, [](const auto& s) { CHECK_FALSE(s.groups[0].rate_wanted_per_s.has_value()); });
    CHECK_FALSE(result.groups[0].users_wanted.has_value());

    REQUIRE(result.steered.has_value());
    std::vector<std::uint64_t> users;
    for (const auto& change : result.steered->changes)
        users.push_back(change.users);
    CHECK(users == std::vector<std::uint64_t>{10, 60, 7, 0, 25});
    CHECK(result.steered->changes[0].at_s == 0);
    CHECK(result.steered->changes[3].at_s == doctest::Approx(0.6).epsilon(0.05));
    CHECK(result.steered->changes_dropped == 0);
    CHECK(result.steered->users_cut == std::vector<std::uint64_t>{0});
}

TEST_CASE("steered_closed_loop_never_has_more_users_than_it_can_have_and_tells_of_it") {
    steered_run r(yaml("{closed: {users: 3}}", "", gets), {8});
    r.run.state.delay_ns = 1 * ms;
    r.users_at(100 * ms, 500);
    r.count_at(400 * ms);
    r.finish_at(410 * ms);
    const auto result = r.go(3);
    CHECK(r.alive == std::vector<std::uint64_t>{8});
    CHECK(result.groups[0].in_flight_max == 8);
    REQUIRE(result.steered.has_value());
    CHECK(result.steered->users_cut == std::vector<std::uint64_t>{492});
    CHECK(result.steered->changes.front().users == 8);
}

TEST_CASE("steered_closed_loop_moves_thousands_of_users") {
    steered_run r(yaml("{closed: {users: 1}}", "", gets), {5000});
    r.run.state.delay_ns = 20 * ms;
    r.users_at(10 * ms, 1);
    r.users_at(100 * ms, 5000);
    r.count_at(290 * ms);
    r.users_at(300 * ms, 2);
    r.count_at(390 * ms);
    r.users_at(400 * ms, 4999);
    r.count_at(490 * ms);
    r.finish_at(500 * ms);
    const auto result = r.go();
    CHECK(r.alive == std::vector<std::uint64_t>{5000, 2, 4999});
    CHECK(result.groups[0].in_flight_max == 5000);
    CHECK(r.control.users_alive(0) == 0);
}

TEST_CASE("steered_user_that_thinks_is_gone_and_back_at_once") {
    steered_run r(yaml("{closed: {users: 1, think_time: 60s}}", "", gets), {50});
    r.users_at(0, 50);
    r.count_at(390 * ms);
    r.users_at(400 * ms, 20);
    r.count_at(490 * ms);
    r.users_at(500 * ms, 30);
    r.count_at(590 * ms);
    r.users_at(600 * ms, 0);
    r.count_at(690 * ms);
    // The last task of each was at the beginning: they have not been asked to do more.
    r.users_at(90'000 * ms, 50);
    r.count_at(90'090 * ms);
    r.finish_at(90'100 * ms);
    const auto result = r.go();
    CHECK(r.alive == std::vector<std::uint64_t>{50, 20, 30, 0, 50});
    CHECK(result.groups[0].intended == 100);
}

TEST_CASE("steered_user_ends_its_sequence_before_it_goes") {
    steered_run r(
        yaml("{closed: {users: 1}}", "", "      - {name: cycle, steps: [put, get, delete]}\n"),
        {16});
    r.run.state.delay_ns = 10 * ms;
    for (std::int64_t t = 0; t < 1000; t += 37)
        r.users_at(t * ms, t % 2 == 0 ? 16 : 3);
    r.finish_at(1100 * ms);
    const auto result = r.go();
    REQUIRE(result.measured.by_operation.size() == 3);
    CHECK(result.measured.by_operation[0].ok_count > 100);
    CHECK(result.measured.by_operation[0].ok_count == result.measured.by_operation[1].ok_count);
    CHECK(result.measured.by_operation[0].ok_count == result.measured.by_operation[2].ok_count);
    CHECK(r.run.state.wrong == 0);
}

TEST_CASE("steered_load_that_is_stopped_while_nobody_is_wanted_ends_and_cleans_up") {
    for (const bool interrupt : {false, true}) {
        for (const bool open : {false, true}) {
            CAPTURE(interrupt);
            CAPTURE(open);
            steered_run r(yaml(open ? "{open: {rate: 2000}}" : "{closed: {users: 3}}"), {40});
            r.users_at(0, 40);
            r.share_at(0, 1);
            r.users_at(300 * ms, 0);
            r.share_at(300 * ms, 0);
            r.at(700 * ms, [&r, interrupt] {
                if (interrupt) r.run.stop = 1;
                if (!interrupt) r.control.finish();
            });
            const auto result = r.go();
            CHECK(result.interrupted == interrupt);
            CHECK(result.measure_s == doctest::Approx(0.7).epsilon(0.06));
            CHECK(result.left_behind == 0);
            CHECK(r.run.state.objects.empty());
            CHECK(r.control.users_alive(0) == 0);
        }
    }
}

TEST_CASE("steered_load_that_nobody_ever_wants_ends_without_one") {
    for (const bool interrupt : {false, true}) {
        CAPTURE(interrupt);
        steered_run r(yaml("{closed: {users: 3}}"), {40});
        r.at(3500 * ms, [&r, interrupt] {
            if (interrupt) r.run.stop = 1;
            if (!interrupt) r.control.finish();
        });
        const auto result = r.go();
        CHECK(result.interrupted == interrupt);
        CHECK(result.load_start_ns == 0);
        CHECK(result.measure_s == 0);
        CHECK(result.left_behind == 0);
        CHECK(r.run.state.objects.empty());
        CHECK_FALSE(engine::invalid_reasons(result, r.run.options).empty());
        // Meanwhile it says what it waits for.
        REQUIRE(r.run.seen.waits.size() >= 3);
        CHECK(r.run.seen.waits.back().what == "for users, or a rate, to be wanted");
    }
}

TEST_CASE("steered_load_does_all_its_operations_on_the_cores_that_have_users") {
    steered_run r(yaml("{closed: {users: 3}}", "stop: {operations: 101}\n", gets), {9});
    r.run.state.delay_ns = 2 * ms;
    r.users_at(0, 1);
    const auto result = r.go(4);
    CHECK(result.groups[0].intended == 101);
    CHECK(model_run::ok(result.measured) == 101);
}

TEST_CASE("steered_load_ends_where_nobody_is_left_to_do_its_last_operations") {
    // Core 0 does its half, most of it alone; then the user of the other core is sent away.
    steered_run r(yaml("{closed: {users: 3}}", "stop: {operations: 400}\n", gets), {9});
    r.run.state.delay_ns = 2 * ms;
    r.users_at(0, 1);
    r.users_at(3000 * ms, 2);
    // Long enough for core 0 to be through, and not for core 1.
    r.users_at(3000 * ms + 380 * ms, 1);
    r.at(3000 * ms + 379 * ms, [&r] { r.alive.push_back(r.control.users_alive(0)); });
    const auto result = r.go(2);
    CHECK(result.groups[0].intended <= 400);
    CHECK(result.groups[0].intended >= 200);
    CHECK_FALSE(result.interrupted);
}

TEST_CASE("steered_load_ends_when_its_operations_are_used_up_wherever_its_users_are") {
    steered_run r(yaml("{closed: {users: 3}}", "stop: {operations: 1001}\n", gets), {9});
    r.run.state.delay_ns = 2 * ms;
    // Each of them takes some of the limit before it is sent away.
    for (std::int64_t t = 0; t < 100; ++t)
        r.users_at(t * 30 * ms, t % 9 + 1);
    const auto result = r.go(4);
    CHECK(result.groups[0].intended == 1001);
    CHECK(model_run::ok(result.measured) == 1001);
    CHECK_FALSE(result.interrupted);
}
