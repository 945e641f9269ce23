// Of series whose correlation is known: by how much the variance grows, and how often the error
// holds what it says.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/compare/autocorrelation.hpp>
#include <cmath>
#include <vector>

#include "simulated.hpp"

using namespace chopsticks;
using compare::estimate;
using compare::simulated::series;
using doctest::Approx;

namespace {

compare::series_estimate of(const std::vector<double>& values) {
    return compare::ratio_of_sums(values, std::vector<double>(values.size(), 1.0));
}

}  // namespace

TEST_CASE("autocorrelation_long_run_variance_is_that_of_an_independent_computation") {
    // numpy, by the formulas of the two papers: r = (r1 + 1 / n) / (1 - 3 / n) with r1 = d[1:] @
    // d[:-1] / (d @ d); e = d[1:] - r * d[:-1]; mean over j = 1..B of (sqrt(2 / m) * e @ cos(pi * j
    // * (arange(m) + .5) / m))**2, divided by (1 - r)**2; B = int(.41 * n**(2 / 3)).
    std::vector<double> few;
    for (int i = 0; i < 48; ++i)
        few.push_back(10 + 3 * std::sin(i * 0.7) + ((i * 7919) % 101) / 25.0 + (i % 13) * 0.2);
    CHECK(of(few).mean.value == Approx(13.161827294929887));
    CHECK(of(few).mean.standard_error == Approx(0.16579247602895214));
    CHECK(of(few).mean.freedom == 5);
    CHECK(of(few).inflation == 1);
    // A slow wave under what looks like noise: the 33 means of 6 values each see it.
    std::vector<double> many;
    for (int i = 0; i < 200; ++i)
        many.push_back(10 + 3 * std::sin(i * 0.05) + ((i * 7919) % 101) / 10.0);
    CHECK(of(many).mean.standard_error == Approx(8.640533570868035));
    CHECK(of(many).mean.freedom == 4);
}

TEST_CASE("autocorrelation_inflation_is_that_of_an_autoregression") {
    // Theory: (1 + r) / (1 - r).
    random_stream random(31);
    for (const auto& [correlation, expected] : {std::pair{0.0, 1.0}, {0.5, 3.0}, {0.8, 9.0}}) {
        std::vector<double> found(41);
        for (double& one : found)
            one = of(series(random, 2000, 100, 5, correlation)).inflation;
        // The median: in one of ten the batches happen to show twice as much.
        std::nth_element(found.begin(), found.begin() + 20, found.end());
        CHECK(found[20] == Approx(expected).epsilon(0.12));
    }
}

TEST_CASE("autocorrelation_of_a_true_null_finds_a_difference_as_often_as_it_says") {
    // Two runs of 300 intervals that differ by chance only.
    random_stream random(32);
    constexpr int times = 4000;
    for (const double correlation : {0.0, 0.5, 0.9}) {
        CAPTURE(correlation);
        int apart = 0;
        int held = 0;
        for (int i = 0; i < times; ++i) {
            const estimate base = of(series(random, 300, 100, 5, correlation)).mean;
            const estimate same = of(series(random, 300, 100, 5, correlation)).mean;
            apart += difference(base, same).p_apart(0) <= 0.05 ? 1 : 0;
            const auto range = base.at(0.95);
            held += range.low <= 100 && 100 <= range.high ? 1 : 0;
        }
        CHECK(apart >= 0.03 * times);
        CHECK(apart <= 0.07 * times);
        CHECK(held >= 0.93 * times);
    }
}

TEST_CASE("autocorrelation_sees_a_slow_wave_under_noise") {
    // Half the variance is a wave that takes 20 intervals to forget, half is noise: what a flush
    // every minute does. Taken as an autoregression alone, one null in four would be rejected.
    random_stream random(33);
    constexpr int times = 2000;
    int apart = 0;
    for (int i = 0; i < times; ++i) {
        estimate sides[2];
        for (estimate& side : sides) {
            std::vector<double> values = series(random, 300, 100, 5, 0.95);
            for (double& x : values)
                x += 5 * random.normal();
            side = of(values).mean;
        }
        apart += difference(sides[0], sides[1]).p_apart(0) <= 0.05 ? 1 : 0;
    }
    CHECK(apart <= 0.07 * times);
}

TEST_CASE("autocorrelation_ratio_has_the_error_of_the_ratio") {
    // Time over operations: both go up and down together, which cancels.
    random_stream random(34);
    std::vector<double> operations;
    std::vector<double> times;
    for (int i = 0; i < 400; ++i) {
        operations.push_back(1000 + 400 * std::sin(i * 0.3));
        times.push_back(operations.back() * (2 + 0.1 * random.normal()));
    }
    const estimate found = compare::ratio_of_sums(times, operations).mean;
    CHECK(found.value == Approx(2).epsilon(0.01));
    CHECK(found.standard_error == Approx(0.1 / std::sqrt(400)).epsilon(0.4));
}

TEST_CASE("autocorrelation_of_few_values_or_of_nothing_says_nothing_of_the_error") {
    const std::vector<double> few(29, 5.0);
    CHECK(of(few).mean.value == 5);
    CHECK(of(few).mean.freedom == 0);
    CHECK(of({}).mean.freedom == 0);
    const std::vector<double> none(40, 0.0);
    CHECK(compare::ratio_of_sums(none, none).mean.freedom == 0);
    const std::vector<double> even(40, 5.0);
    CHECK(of(even).mean.standard_error == 0);
    CHECK(of(even).mean.freedom > 0);
    CHECK(of(even).inflation == 1);
}

TEST_CASE("block_length_grows_with_the_correlation_up_to_a_fifth") {
    random_stream random(35);
    // Theory for r = 0.5 and 1000 values: (1.5 * (1 / 0.75)^2 * 1000)^(1/3) = 13.9.
    CHECK(compare::block_length(series(random, 1000, 0, 1, 0.5)) >= 11);
    CHECK(compare::block_length(series(random, 1000, 0, 1, 0.5)) <= 17);
    CHECK(compare::block_length(series(random, 1000, 0, 1, 0)) <= 4);
    CHECK(compare::block_length(series(random, 60, 0, 1, 0.99)) == 12);
    CHECK(compare::block_length(std::vector<double>(50, 1.0)) == 1);
    CHECK(compare::block_length(std::vector<double>(3, 1.0)) == 1);
}
