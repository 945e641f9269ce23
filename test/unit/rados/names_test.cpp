#include "rados/names.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace chopsticks::rados;

TEST_CASE("names_of_objects_are_numbers_and_nothing_else_is_one") {
    std::string name = "p/";
    append_suffix(name, 42);
    CHECK(name == "p/000000000000002a");
    CHECK(parse_suffix("000000000000002a") == 42);
    CHECK(parse_suffix("ffffffffffffffff") == ~0ULL);
    for (const char* const other : {"", "2a", "000000000000002A", "000000000000002a0",
                                    "00000000000000 a", "00000000000-002a"}) {
        CHECK_FALSE(parse_suffix(other).has_value());
    }
}

TEST_CASE("names_of_users_own_objects_have_two_numbers") {
    CHECK(log_suffix(3, 17) == "log-3-17");
    CHECK(is_log_suffix("log-3-17"));
    for (const char* const other : {"log-", "log-3", "log-3-", "log--17", "log-3-17x", "log-a-1"})
        CHECK_FALSE(is_log_suffix(other));
}

TEST_CASE("names_of_marks_and_kept_sets_lie_beside_those_of_runs") {
    CHECK(mark_name("p/", "run", "group") == "p/runs/run/group");
    CHECK(kept_prefix("p/", "set") == "p/kept/set/");
}

TEST_CASE("names_of_map_keys_sort_by_their_numbers") {
    CHECK(map_key(42) == "k0000002a");
    CHECK(map_key(255) < map_key(256));
    CHECK(parse_map_key(map_key(0xffff'ffff)) == 0xffff'ffff);
    CHECK_FALSE(parse_map_key("x0000002a").has_value());
    CHECK_FALSE(parse_map_key("k2a").has_value());
}
