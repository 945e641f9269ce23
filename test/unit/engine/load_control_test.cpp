// What whoever steers a load and the cores tell each other.

#include <doctest/doctest.h>

#include <chopsticks/engine/load_control.hpp>
#include <cstdint>
#include <thread>
#include <vector>

using namespace chopsticks;

TEST_CASE("load_control_begins_with_nobody") {
    const engine::load_control control(3);
    CHECK(control.groups() == 3);
    for (std::size_t g = 0; g < 3; ++g) {
        CHECK(control.wanted_users(g) == 0);
        CHECK(control.wanted_rate_share(g) == 0);
        CHECK(control.users_alive(g) == 0);
    }
}

TEST_CASE("load_control_keeps_the_last_wish_of_each_group") {
    engine::load_control control(2);
    control.want_users(0, 7);
    control.want_users(1, ~0ULL);
    control.want_users(0, 5);
    control.want_rate_share(1, 250'000);
    CHECK(control.wanted_users(0) == 5);
    CHECK(control.wanted_users(1) == ~0ULL);
    CHECK(control.wanted_rate_share(0) == 0);
    CHECK(control.wanted_rate_share(1) == 250'000);
    // A wish is none for what there is.
    CHECK(control.users_alive(0) == 0);
}

TEST_CASE("load_control_gives_no_more_than_all_of_a_rate") {
    engine::load_control control(1);
    control.want_rate_share(0, engine::load_control::whole_rate);
    CHECK(control.wanted_rate_share(0) == 1'000'000);
    control.want_rate_share(0, ~0U);
    CHECK(control.wanted_rate_share(0) == 1'000'000);
    control.want_rate_share(0, 0);
    CHECK(control.wanted_rate_share(0) == 0);
}

TEST_CASE("load_control_loses_no_user_of_any_core") {
    engine::load_control control(2);
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
