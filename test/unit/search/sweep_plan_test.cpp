#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/search/sweep_plan.hpp>
#include <set>

namespace {

using namespace chopsticks;
using search::parse_numbers;
using values = std::vector<std::string>;

std::string refusal(const std::string& text, bool axis = false) {
    try {
        if (axis) {
            search::parse_axis(text, "--vary");
        } else {
            parse_numbers(text, "--rates");
        }
    } catch (const config_error& error) {
        return error.what();
    }
    return {};
}

TEST_CASE("sweep_plan_reads_ranges_and_lists") {
    CHECK(parse_numbers("1000:4000:1000", "") == values{"1000", "2000", "3000", "4000"});
    CHECK(parse_numbers("1000:4500:2000", "") == values{"1000", "3000"});
    CHECK(parse_numbers("0.1:0.3:0.1", "") == values{"0.1", "0.2", "0.3"});
    CHECK(parse_numbers("7:7:1", "") == values{"7"});
    CHECK(parse_numbers("geometric:500:4000:2", "") == values{"500", "1000", "2000", "4000"});
    CHECK(parse_numbers("geometric:100:400:1.5", "") == values{"100", "150", "225", "337.5"});
    CHECK(parse_numbers("1,2,4,...,32", "") == values{"1", "2", "4", "8", "16", "32"});
    CHECK(parse_numbers("10,20,...,50", "") == values{"10", "20", "30", "40", "50"});
    CHECK(parse_numbers("1, 3, 5, ..., 9, 100", "") == values{"1", "3", "5", "7", "9", "100"});
    CHECK(parse_numbers("8,4,2,...,0.5", "") == values{"8", "4", "2", "1", "0.5"});
    CHECK(parse_numbers("5", "") == values{"5"});
    CHECK(parse_numbers("1e3", "") == values{"1000"});
    CHECK(parse_numbers("1:10000:1", "").size() == 10000);
}

TEST_CASE("sweep_plan_refuses_what_cannot_be_meant") {
    const struct {
        const char* text;
        const char* says;
    } wrong[] = {
        {"", "empty"},
        {"a", "no number"},
        {"-1", "no number"},
        {"0", "no number"},
        {"inf", "no number"},
        {"1,,2", "no number"},
        {"1:2", "no range"},
        {"geometric:1:2", "no range"},
        {"linear:1:2:3", "no range"},
        {"10:1:1", "ends below"},
        {"1:10:0", "no number"},
        {"geometric:1:10:1", "never gets to its end"},
        {"1:1e9:1", "more than 10000"},
        {"1,...,4", "too few"},
        {"1,2,5,...,20", "no pattern"},
        {"1,2,4,...,33", "passes over"},
        {"1,2,4,...,2", "does not lead"},
        {"1,2,4,...", "does not end"},
        {"1,2,...,...,4", "two \"...\""},
        {"1,2,1", "twice"},
    };
    for (const auto& one : wrong) {
        CAPTURE(one.text);
        const std::string said = refusal(one.text);
        CAPTURE(said);
        CHECK(said.find(one.says) != std::string::npos);
        CHECK(said.find("--rates") == 0);
    }
}

TEST_CASE("sweep_plan_axis_leaves_commas_in_brackets_alone") {
    const auto [path, list] =
        search::parse_axis("groups.0.data.size=4KiB, {uniform: [1, 2]},'a,b'", "");
    CHECK(path == "groups.0.data.size");
    CHECK(list == values{"4KiB", "{uniform: [1, 2]}", "'a,b'"});
    CHECK(refusal("nothing", true).find("not of the form") != std::string::npos);
    CHECK(refusal("a=1,,2", true).find("empty value") != std::string::npos);
    CHECK(refusal("a=[1,2", true).find("bracket") != std::string::npos);
    CHECK(refusal("a=1,1", true).find("twice") != std::string::npos);
    // What is no path may be a secret.
    CHECK(refusal("p=", true).find("empty value") != std::string::npos);
}

TEST_CASE("sweep_plan_points_are_all_combinations_and_repeats") {
    const auto points = search::make_points({{"rate", {"1", "2", "3"}}, {"x", {"a", "b"}}}, 2);
    REQUIRE(points.size() == 12);
    std::set<std::pair<values, unsigned>> seen;
    for (std::size_t i = 0; i < points.size(); ++i) {
        CHECK(points[i].index == i);
        seen.insert({points[i].values, points[i].repeat});
    }
    CHECK(seen.size() == 12);
    CHECK(points[1].values == values{"1", "b"});
    CHECK(points[6].repeat == 2);
    CHECK_THROWS_AS(search::make_points({{"rate", parse_numbers("1:5000:1", "")}}, 3),
                    config_error);
}

TEST_CASE("sweep_plan_order_is_a_function_of_the_seed") {
    const auto points = search::make_points({{"rate", parse_numbers("1:50:1", "")}}, 1);
    const auto order = [&](std::uint64_t seed) {
        auto copy = points;
        search::shuffle(copy, seed);
        std::vector<std::size_t> out;
        for (const auto& p : copy)
            out.push_back(p.index);
        return out;
    };
    CHECK(order(1) == order(1));
    CHECK(order(1) != order(2));
    const auto shuffled = order(1);
    CHECK(std::set<std::size_t>(shuffled.begin(), shuffled.end()).size() == 50);
    // Each place is as likely for each point.
    double sum = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed)
        sum += static_cast<double>(order(seed)[0]);
    CHECK(sum / 2000 == doctest::Approx(24.5).epsilon(0.06));
}

}  // namespace
