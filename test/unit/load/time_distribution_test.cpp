#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/time_distribution.hpp>
#include <cmath>
#include <vector>

#include "statistics.hpp"

using chopsticks::random_stream;
using chopsticks::load::time_distribution;

namespace {

constexpr std::int64_t ms = 1'000'000;

const time_distribution all_kinds[] = {
    time_distribution::uniform(1 * ms, 3 * ms), time_distribution::exponential(2 * ms),
    time_distribution::lognormal(2 * ms, 0.5),  time_distribution::lognormal(2 * ms, 1.5),
    time_distribution::pareto(1 * ms, 2.5),
};

}  // namespace

TEST_CASE("time_distribution_draws_what_its_quantiles_say") {
    constexpr int bins = 50;
    constexpr int draws = 200'000;
    for (const time_distribution& d : all_kinds) {
        CAPTURE(d.describe());
        random_stream random(7);
        std::vector<double> seen(bins, 0);
        std::vector<double> bounds;
        for (int n = 1; n < bins; ++n)
            bounds.push_back(d.quantile_ns(static_cast<double>(n) / bins));
        for (int n = 0; n < draws; ++n) {
            const auto value = static_cast<double>(d.draw(random));
            const auto bin = std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
            ++seen[static_cast<std::size_t>(bin)];
        }
        CHECK(goodness::chi_square(seen, std::vector<double>(bins, draws / bins)) < 3.1);
    }
}

TEST_CASE("time_distribution_has_the_mean_that_it_says") {
    for (const time_distribution& d : all_kinds) {
        CAPTURE(d.describe());
        random_stream random(11);
        constexpr int draws = 1'000'000;
        double sum = 0;
        for (int n = 0; n < draws; ++n)
            sum += static_cast<double>(d.draw(random));
        CHECK(sum / draws == doctest::Approx(d.mean_ns()).epsilon(0.01));
    }
    CHECK(time_distribution::lognormal(2 * ms, 0.5).mean_ns() == doctest::Approx(2.26630e6));
    CHECK(time_distribution::pareto(1 * ms, 2.5).mean_ns() == doctest::Approx(1.66667e6));
}

TEST_CASE("time_distribution_knows_its_quantiles") {
    // Of the standard normal distribution: 2.326348 at 0.99.
    CHECK(time_distribution::lognormal(ms, 1).quantile_ns(0.99) ==
          doctest::Approx(1e6 * std::exp(2.326348)));
    CHECK(time_distribution::lognormal(ms, 1).quantile_ns(0.5) == doctest::Approx(1e6));
    CHECK(time_distribution::exponential(ms).quantile_ns(0.99) == doctest::Approx(4.60517e6));
    CHECK(time_distribution::pareto(ms, 2).quantile_ns(0.99) == doctest::Approx(1e7));
    CHECK(time_distribution::uniform(0, 4 * ms).quantile_ns(0.25) == doctest::Approx(1e6));
    CHECK(time_distribution::constant(ms).quantile_ns(0.1) == 1e6);
}

TEST_CASE("time_distribution_is_the_same_for_equal_seeds_and_never_longer_than_an_hour") {
    const auto tail = time_distribution::pareto(3'000'000 * ms, 1.01);
    random_stream one(3);
    random_stream two(3);
    bool cut = false;
    for (int n = 0; n < 10'000; ++n) {
        const std::int64_t drawn = tail.draw(one);
        CHECK(drawn == tail.draw(two));
        CHECK(drawn <= time_distribution::longest_ns);
        cut = cut || drawn == time_distribution::longest_ns;
    }
    CHECK(cut);
    CHECK(time_distribution().draw(one) == 0);
}
