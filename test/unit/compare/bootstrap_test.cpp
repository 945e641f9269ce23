// Of simulated runs whose percentiles are known.

#include <doctest/doctest.h>

#include <chopsticks/compare/bootstrap.hpp>
#include <cmath>
#include <vector>

#include "simulated.hpp"

using namespace chopsticks;
using compare::estimate;
using compare::simulated::intervals;
using doctest::Approx;

namespace {

// Standard normal quantiles: NIST/SEMATECH e-Handbook, table 1.3.6.7.1.
const std::vector<double> percentiles = {50, 95, 99};
const std::vector<double> normal_quantiles = {0, 1.6449, 2.3263};

}  // namespace

TEST_CASE("bootstrap_is_the_same_for_the_same_seed") {
    random_stream random(41);
    const auto run = intervals(random, 60, 100, 0, 0.1, 0.3, 0.4);
    const auto once = compare::log_percentiles(run, percentiles, 7);
    const auto again = compare::log_percentiles(run, percentiles, 7);
    const auto other = compare::log_percentiles(run, percentiles, 8);
    for (std::size_t k = 0; k < percentiles.size(); ++k) {
        CHECK(once[k].value == again[k].value);
        CHECK(once[k].standard_error == again[k].standard_error);
        CHECK(once[k].standard_error != other[k].standard_error);
        CHECK(once[k].standard_error == Approx(other[k].standard_error).epsilon(0.25));
    }
}

TEST_CASE("bootstrap_intervals_hold_the_true_percentile_as_often_as_they_say") {
    random_stream random(42);
    constexpr int times = 300;
    for (const auto& [n, correlation] :
         {std::pair<std::size_t, double>{60, 0.0}, {120, 0.5}, {300, 0.9}}) {
        CAPTURE(correlation);
        std::vector<int> held(percentiles.size());
        for (int i = 0; i < times; ++i) {
            const auto run = intervals(random, n, 250, 0, 0.1, correlation, 0.3);
            const auto found =
                compare::log_percentiles(run, percentiles, static_cast<std::uint64_t>(i));
            for (std::size_t k = 0; k < percentiles.size(); ++k) {
                // The level and the operations vary independently of each other.
                const double truth =
                    std::log(1e6) + normal_quantiles[k] * std::sqrt(0.1 * 0.1 + 0.3 * 0.3);
                const auto range = found[k].at(0.95);
                held[k] += range.low <= truth && truth <= range.high ? 1 : 0;
            }
        }
        for (std::size_t k = 0; k < percentiles.size(); ++k) {
            CAPTURE(percentiles[k]);
            CHECK(held[k] >= 0.93 * times);
            CHECK(held[k] <= 0.995 * times);
        }
    }
}

TEST_CASE("bootstrap_knows_no_percentile_better_than_a_bucket") {
    std::vector<stats::histogram> run;
    for (int i = 0; i < 50; ++i) {
        run.emplace_back(2);
        run.back().record_n(1'000'000, 100);
    }
    const auto found = compare::log_percentiles(run, percentiles, 1);
    CHECK(found[0].standard_error == Approx(0.01 / std::sqrt(12)));
    CHECK(found[0].value == Approx(std::log(1e6)).epsilon(0.001));
}

TEST_CASE("bootstrap_of_few_intervals_says_nothing_of_the_error") {
    random_stream random(43);
    auto run = intervals(random, 29, 50, 0, 0.1, 0, 0.3);
    // Intervals without values do not count.
    for (int i = 0; i < 20; ++i)
        run.emplace_back(2);
    CHECK(compare::log_percentiles(run, percentiles, 1)[2].freedom == 0);
    CHECK(compare::log_percentiles(run, percentiles, 1)[2].value > std::log(1e6));
    CHECK(compare::log_percentiles({}, percentiles, 1)[0].freedom == 0);
    run.push_back(run.front());
    CHECK(compare::log_percentiles(run, percentiles, 1)[2].freedom > 0);
}

TEST_CASE("bootstrap_of_many_intervals_is_that_of_their_sums") {
    random_stream random(44);
    const auto run = intervals(random, 1200, 20, 0, 0.1, 0.5, 0.3);
    std::vector<stats::histogram> tens;
    for (std::size_t i = 0; i < run.size(); ++i) {
        if (i % 10 == 0) {
            tens.push_back(run[i]);
        } else {
            tens.back().add(run[i]);
        }
    }
    const auto fine = compare::log_percentiles(run, percentiles, 1);
    const auto coarse = compare::log_percentiles(tens, percentiles, 1);
    for (std::size_t k = 0; k < percentiles.size(); ++k)
        CHECK(fine[k].standard_error == coarse[k].standard_error);
}
