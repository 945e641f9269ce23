#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <cmath>
#include <vector>

using chopsticks::random_stream;
using chopsticks::load::level_curve;
using chopsticks::load::modulation;
using chopsticks::load::rate_curve;

namespace {

level_curve steps_and_ramps() {
    level_curve levels(100);
    levels.append({{2'000'000'000, 300, 1'000'000'000},
                   {500'000'000, 5000, 0},
                   {1'000'000'000, 0, 0},
                   {2'000'000'000, 50, 2'000'000'000},
                   {1'000'000'000, 20, 500'000'000}});
    return levels;
}

const std::vector<modulation> curve_modulations = {
    {},
    {modulation::kind::burst, 3e8, 0.25, 0},
    {modulation::kind::burst, 1.7e8, 1, 5e7},
    {modulation::kind::sine, 4.1e8, 1, 1e7},
    {modulation::kind::sine, 7e9, 0.5, 0},
};

/// The area by Simpson's rule on pieces so small that no step of the rate is missed by much.
double added_up(const rate_curve& curve, double to_ns) {
    constexpr int n = 400'000;
    const double h = to_ns / n;
    double sum = 0;
    for (int i = 0; i < n; ++i) {
        const double t = i * h;
        sum += h / 6 * (curve.rate(t) + 4 * curve.rate(t + h / 2) + curve.rate(t + h * (1 - 1e-9)));
    }
    return sum / 1e9;
}

}  // namespace

TEST_CASE("rate_curve_areas_of_plain_shapes_are_exact") {
    const rate_curve curve(steps_and_ramps());
    CHECK(curve.count(0) == 0);
    CHECK(curve.count(1e9) == doctest::Approx(200).epsilon(1e-12));
    CHECK(curve.count(2e9) == doctest::Approx(500).epsilon(1e-12));
    CHECK(curve.count(2.5e9) == doctest::Approx(3000).epsilon(1e-12));
    CHECK(curve.count(3.5e9) == doctest::Approx(3000).epsilon(1e-12));
    CHECK(curve.count(5.5e9) == doctest::Approx(3050).epsilon(1e-12));
    CHECK(curve.count(6e9) == doctest::Approx(3067.5).epsilon(1e-12));
    CHECK(curve.count(16.5e9) == doctest::Approx(3277.5).epsilon(1e-12));
}

TEST_CASE("rate_curve_bursts_and_sines_keep_the_mean") {
    // Over whole periods the level is the mean, also on a ramp for bursts of a constant line.
    const rate_curve burst(level_curve(1000), {modulation::kind::burst, 1e8, 0.1, 0});
    CHECK(burst.count(1e9) == doctest::Approx(1000).epsilon(1e-12));
    CHECK(burst.count(1e7) == doctest::Approx(100).epsilon(1e-12));
    CHECK(burst.count(9e7) == doctest::Approx(100).epsilon(1e-12));
    CHECK(burst.rate(5e6) == doctest::Approx(10'000));
    CHECK(burst.rate(5e7) == 0);
    const rate_curve sine(level_curve(1000), {modulation::kind::sine, 1e9, 0.5, 0});
    CHECK(sine.count(3e9) == doctest::Approx(3000).epsilon(1e-12));
    CHECK(sine.count(0.5e9) == doctest::Approx(500 + 500 / M_PI).epsilon(1e-12));
    CHECK(sine.rate(0.25e9) == doctest::Approx(1500));
}

TEST_CASE("rate_curve_area_is_the_integral_of_its_rate") {
    for (const modulation& around : curve_modulations) {
        const rate_curve curve(steps_and_ramps(), around);
        for (const double to : {0.3e9, 1.7e9, 2.4e9, 3.1e9, 5e9, 7.3e9}) {
            CHECK(curve.count(to) == doctest::Approx(added_up(curve, to)).epsilon(1e-4));
        }
    }
}

TEST_CASE("rate_curve_cursor_inverts_the_area") {
    for (const modulation& around : curve_modulations) {
        const rate_curve curve(steps_and_ramps(), around);
        rate_curve::cursor times(curve);
        rate_curve::cursor areas(curve);
        random_stream random(1);
        double area = 0;
        double last = 0;
        while (area < 3400) {
            const double t = times.time_of(area);
            REQUIRE(t >= last);
            REQUIRE(std::abs(curve.count(t) - area) < 1e-8);
            REQUIRE(std::abs(areas.area_at(t) - area) < 1e-8);
            last = t;
            area += random.exponential() * 0.5;
        }
    }
}

TEST_CASE("rate_curve_cursor_far_out_has_not_strayed") {
    // Four months of bursts: each comes from the closed form, so that nothing adds up.
    const rate_curve curve(level_curve(10), {modulation::kind::burst, 1e13, 0.5, 0});
    rate_curve::cursor times(curve);
    for (int i = 0; i < 1000; ++i) {
        const double t = times.time_of(i * 1e5 + 5e4);
        REQUIRE(t == doctest::Approx(i * 1e13 + 2.5e12).epsilon(1e-14));
    }
}

TEST_CASE("level_curve_says_when_a_level_is_reached") {
    level_curve users(0);
    users.line_to(10, 1000);  // up
    users.hold(1000);
    users.line_to(4, 600);  // down
    users.hold(400);
    users.line_to(20, 0);  // a step
    CHECK(users.at(0) == 0);
    CHECK(users.at(500) == doctest::Approx(5));
    CHECK(users.at(1500) == 10);
    CHECK(users.at(2300) == doctest::Approx(7));
    CHECK(users.at(2700) == 4);
    CHECK(users.at(3000) == 20);
    CHECK(users.first_at_least(5, 0) == doctest::Approx(500));
    CHECK(users.first_at_least(5, 800) == 800);
    CHECK(users.first_at_least(5, 2700) == 3000);
    CHECK(users.first_at_least(4, 2700) == 2700);
    CHECK(std::isinf(users.first_at_least(21, 0)));
}
