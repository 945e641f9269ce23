#include <doctest/doctest.h>

#include <chopsticks/core/suggest.hpp>

using namespace chopsticks;

TEST_CASE("nearest_finds_what_was_misspelt_and_nothing_far_away") {
    const std::vector<std::string_view> words = {"run", "sweep", "validate", "list"};
    CHECK(nearest("rnu", words) == "run");
    CHECK(nearest("vaildate", words) == "validate");
    CHECK(nearest("nothing_like_it", words).empty());
    CHECK(nearest("", words).empty());
}

TEST_CASE("nearest_does_not_mind_the_case_of_letters") {
    CHECK(nearest("GET", {"put", "get"}) == "get");
    CHECK(nearest("Lsit", {"get", "list"}) == "list");
    CHECK(nearest("getall", {"GetAll"}) == "GetAll");
}

TEST_CASE("suggestion_names_the_near_one_or_all") {
    CHECK(suggestion("PUTT", {"put", "get"}) == "did you mean \"put\"?");
    CHECK(suggestion("zzzzzzzz", {"put", "get"}) == "known are put, get");
    CHECK(suggestion(std::string(100'000, 'x'), {"put", "get"}) == "known are put, get");
}
