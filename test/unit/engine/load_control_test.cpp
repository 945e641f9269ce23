// What whoever steers a load and the cores tell each other.

#include <doctest/doctest.h>

#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using namespace chopsticks;

TEST_CASE("load_control_begins_with_nobody") {
    const engine::load_control control({5, 0, 7});
    CHECK(control.groups() == 3);
    CHECK(control.users_most(0) == 5);
    CHECK(control.users_most(2) == 7);
    CHECK_FALSE(control.finished());
    for (std::size_t g = 0; g < 3; ++g) {
        CHECK(control.wanted_users(g) == 0);
        CHECK(control.wanted_rate_share(g) == 0);
        CHECK(control.users_alive(g) == 0);
        CHECK(control.users_cut(g) == 0);
    }
}

TEST_CASE("load_control_keeps_the_last_wish_of_each_group") {
    engine::load_control control({10, ~0ULL});
    CHECK(control.want_users(0, 7));
    CHECK(control.want_users(1, ~0ULL));
    CHECK(control.want_users(0, 5));
    control.want_rate_share(1, 250'000);
    CHECK(control.wanted_users(0) == 5);
    CHECK(control.wanted_users(1) == ~0ULL);
    CHECK(control.wanted_rate_share(0) == 0);
    CHECK(control.wanted_rate_share(1) == 250'000);
    // A wish is none for what there is.
    CHECK(control.users_alive(0) == 0);
}

TEST_CASE("load_control_tells_of_users_beyond_what_there_can_be") {
    engine::load_control control({10, 10});
    CHECK(control.want_users(0, 10));
    CHECK(control.users_cut(0) == 0);
    CHECK_FALSE(control.want_users(0, 17));
    CHECK(control.wanted_users(0) == 10);
    CHECK_FALSE(control.want_users(0, 11));
    CHECK(control.want_users(0, 3));
    CHECK(control.wanted_users(0) == 3);
    CHECK(control.users_cut(0) == 7);
    CHECK(control.users_cut(1) == 0);
}

TEST_CASE("load_control_ends_a_load_once_and_for_all") {
    engine::load_control control({1});
    control.finish();
    control.want_users(0, 1);
    CHECK(control.finished());
}

TEST_CASE("load_control_gives_no_more_than_all_of_a_rate") {
    engine::load_control control({0});
    control.want_rate_share(0, engine::load_control::whole_rate);
    CHECK(control.wanted_rate_share(0) == 1'000'000);
    control.want_rate_share(0, ~0U);
    CHECK(control.wanted_rate_share(0) == 1'000'000);
    control.want_rate_share(0, 0);
    CHECK(control.wanted_rate_share(0) == 0);
}

TEST_CASE("load_control_loses_no_user_of_any_core") {
    engine::load_control control({4, 4});
    {
        std::vector<std::jthread> cores;
        for (unsigned core = 0; core < 4; ++core) {
            cores.emplace_back([&control, core] {
                for (unsigned i = 0; i < 20'000; ++i) {
                    control.user_came(0);
                    if (i >= core) control.user_left(0);
                    control.user_came(1);
                    control.user_left(1);
                }
            });
        }
    }
    // Core n kept its first n users.
    CHECK(control.users_alive(0) == 0 + 1 + 2 + 3);
    CHECK(control.users_alive(1) == 0);
}

TEST_CASE("steering_takes_no_scenario_that_says_itself_how_much_load_there_is") {
    const auto problem = [](const std::string& load, const std::string& rest = "",
                            const std::string& phases = "measure: 1s") {
        const auto plan = scenario::parse_scenario(
            "name: t\nseed: 3\ngroups:\n  - workload: s3\n    data: {objects: 2, size: 4KiB}\n"
            "    tasks: [{op: get, weight: 1}]\n    load: " +
                load + "\nphases: {" + phases + "}\n" + rest,
            "test.yaml");
        return engine::steering_problem(plan);
    };
    CHECK(problem("{closed: {users: 2, spawn_rate: 1}}", "", "warmup: 1s, measure: 1s") == "");
    CHECK(problem("{open: {rate: 20}}", "stop: {operations: 10}\n") == "");
    const std::string users = "{closed: {stages: [{duration: 1s, users: 2}]}}";
    CHECK(problem(users, "", "warmup: 1s").find("`stages`") != std::string::npos);
    const std::string rates = "{open: {stages: [{duration: 1s, rate: 2}]}}";
    CHECK(problem(rates, "", "warmup: 1s").find("`stages`") != std::string::npos);
    CHECK(problem("{closed: {users: 2}}", "stop: {confident: 5%}\n").find("`stop.confident`") !=
          std::string::npos);
    CHECK(problem("{closed: {users: 2}}", "", "steady_within: 9s, measure: 1s")
              .find("`phases.steady_within`") != std::string::npos);
}
