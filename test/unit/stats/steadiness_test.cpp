// Against series whose transient, mean and correlation are known.

#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/steadiness.hpp>
#include <cmath>
#include <numbers>
#include <vector>

using namespace chopsticks;

namespace {

double normal_value(random_stream& random) {
    const double radius = std::sqrt(2 * random.exponential());
    return radius * std::cos(2 * std::numbers::pi * random.unit());
}

/// mean + a first-order autoregressive process of the given correlation and overall deviation.
std::vector<double> related(random_stream& random, std::size_t n, double mean, double deviation,
                            double correlation) {
    std::vector<double> out(n);
    double state = normal_value(random);
    for (double& x : out) {
        x = mean + deviation * state;
        state =
            correlation * state + std::sqrt(1 - correlation * correlation) * normal_value(random);
    }
    return out;
}

}  // namespace

TEST_CASE("truncation_cuts_a_step_exactly") {
    std::vector<double> series(10, 50.0);
    series.resize(40, 100.0);
    const stats::truncation found = stats::find_truncation(series);
    CHECK(found.cut == 10);
    CHECK(found.steady);
}

TEST_CASE("truncation_of_an_even_series_cuts_nothing") {
    const std::vector<double> series(30, 7.0);
    CHECK(stats::find_truncation(series).cut == 0);
    CHECK(stats::find_truncation(series).steady);
}

TEST_CASE("truncation_never_calls_a_trend_steady") {
    std::vector<double> series;
    for (int i = 0; i < 200; ++i) {
        series.push_back(1000 + 5.0 * i);
        if (series.size() >= stats::steady_values_least)
            CHECK_FALSE(stats::find_truncation(series).steady);
    }
}

TEST_CASE("truncation_never_calls_growth_that_gets_faster_steady") {
    std::vector<double> series;
    for (int i = 0; i < 60; ++i) {
        series.push_back(100 + std::pow(1.1, i));
        if (series.size() >= stats::steady_values_least)
            CHECK_FALSE(stats::find_truncation(series).steady);
    }
}

TEST_CASE("truncation_needs_values") {
    const std::vector<double> series(stats::steady_values_least - 1, 7.0);
    CHECK_FALSE(stats::find_truncation(series).steady);
    CHECK_FALSE(stats::find_truncation({}).steady);
}

TEST_CASE("truncation_finds_the_end_of_a_noisy_warm_up") {
    // An exponential approach with a time constant of 10 values: after 30 of them 5 % are left,
    // after 50 less than the noise.
    random_stream random(3);
    int cut_too_little = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<double> series;
        for (int i = 0; i < 150; ++i) {
            series.push_back(1000 * (1 - std::exp(-i / 10.0)) + 20 * normal_value(random));
        }
        const stats::truncation found = stats::find_truncation(series);
        CHECK(found.cut >= 15);
        if (found.cut < 25) ++cut_too_little;
    }
    CHECK(cut_too_little < 20);
}

TEST_CASE("truncation_mostly_calls_noise_steady") {
    random_stream random(4);
    int steady = 0;
    int trends = 0;
    for (int round = 0; round < 500; ++round) {
        const stats::truncation found = stats::find_truncation(related(random, 30, 100, 10, 0));
        steady += found.steady ? 1 : 0;
        trends += std::abs(found.trend) > 1.96 ? 1 : 0;
    }
    CHECK(steady > 350);
    // One in twenty, and rather more for the cut that goes after chance.
    CHECK(trends < 75);
}

TEST_CASE("confidence_needs_twenty_values") {
    const std::vector<double> series(19, 5.0);
    CHECK_FALSE(stats::confidence_of_mean(series).usable);
    CHECK(stats::confidence_of_mean(series).mean == doctest::Approx(5.0));
    CHECK(std::isinf(stats::confidence_of_mean(series).relative()));
}

TEST_CASE("confidence_covers_the_mean_of_independent_values") {
    random_stream random(5);
    int covered = 0;
    int usable = 0;
    for (int round = 0; round < 2000; ++round) {
        const auto c = stats::confidence_of_mean(related(random, 200, 1000, 50, 0));
        if (!c.usable) continue;
        ++usable;
        covered += std::abs(c.mean - 1000) <= c.half_width ? 1 : 0;
    }
    // The test of independence is wrong one time in ten.
    CHECK(usable > 1700);
    CHECK(usable < 1900);
    // 95 %, and what 1800 rounds leave to chance (4 standard errors: 2 %).
    CHECK(covered > 0.93 * usable);
    CHECK(covered < 0.97 * usable);
}

TEST_CASE("confidence_covers_the_mean_of_related_values_where_it_is_usable") {
    // A correlation of 0.9 makes the interval of the plain standard error cover a third of the
    // time.
    random_stream random(6);
    int covered = 0;
    int usable = 0;
    for (int round = 0; round < 1000; ++round) {
        const auto c = stats::confidence_of_mean(related(random, 4000, 1000, 50, 0.9));
        if (!c.usable) continue;
        ++usable;
        covered += std::abs(c.mean - 1000) <= c.half_width ? 1 : 0;
    }
    CHECK(usable > 800);
    CHECK(covered > 0.92 * usable);
}

TEST_CASE("confidence_of_few_related_values_is_mostly_refused") {
    random_stream random(7);
    int usable = 0;
    for (int round = 0; round < 1000; ++round) {
        usable += stats::confidence_of_mean(related(random, 40, 1000, 50, 0.9)).usable ? 1 : 0;
    }
    CHECK(usable < 100);
}

TEST_CASE("confidence_watch_stops_where_the_mean_is_known") {
    // The mean at the stop is within the target nearly as often as the level says, for independent
    // and for related values.
    random_stream random(8);
    for (const double correlation : {0.0, 0.5, 0.8}) {
        CAPTURE(correlation);
        int within = 0;
        constexpr int rounds = 300;
        for (int round = 0; round < rounds; ++round) {
            const std::vector<double> all = related(random, 20000, 1000, 50, correlation);
            stats::confidence_watch watch(0.01);
            std::size_t n = 1;
            while (n < all.size() && !watch.enough(std::span(all).first(n)))
                ++n;
            REQUIRE(n < all.size());
            double mean = 0;
            for (std::size_t i = 0; i < n; ++i)
                mean += all[i] / static_cast<double>(n);
            within += std::abs(mean - 1000) <= 10 ? 1 : 0;
        }
        CHECK(within > 0.88 * rounds);
    }
}

TEST_CASE("confidence_of_an_even_rate_is_exact") {
    const std::vector<double> series(40, 2000.0);
    const auto c = stats::confidence_of_mean(series);
    CHECK(c.usable);
    CHECK(c.relative() == 0);
}
