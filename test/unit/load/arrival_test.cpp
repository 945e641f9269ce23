#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/load/arrival.hpp>
#include <cmath>
#include <vector>

#include "statistics.hpp"

using chopsticks::load::arrival_kind;
using chopsticks::load::arrival_schedule;
using chopsticks::load::rate_curve;

TEST_CASE("arrival_constant_over_cores_is_evenly_spaced") {
    constexpr unsigned cores = 3;
    std::vector<double> all;
    for (unsigned core = 0; core < cores; ++core) {
        arrival_schedule s(arrival_kind::constant, rate_curve(1000), core, cores, 7);
        for (int i = 0; i < 1000; ++i)
            all.push_back(s.next());
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
        REQUIRE(all[i] == doctest::Approx(static_cast<double>(i) * 1e6).epsilon(1e-12));
    }
}

TEST_CASE("arrival_constant_after_many_arrivals_has_not_strayed") {
    // A gap that no double holds exactly; a running sum would be off by now.
    arrival_schedule s(arrival_kind::constant, rate_curve(3e6), 0, 1, 0);
    double due = 0;
    for (int i = 0; i <= 3'000'000; ++i)
        due = s.next();
    CHECK(std::abs(due - 1e9) < 1e-6);
}

TEST_CASE("arrival_poisson_gaps_are_exponential") {
    for (const unsigned core : {0U, 1U}) {
        arrival_schedule s(arrival_kind::poisson, rate_curve(2e6), core, 2, 42);
        std::vector<double> gaps;
        double last = 0;
        for (int i = 0; i < 100'000; ++i) {
            const double due = s.next();
            REQUIRE(due >= last);
            gaps.push_back(due - last);
            last = due;
        }
        CHECK(goodness::ks(gaps, [](double x) { return -std::expm1(-x / 1000.0); }) < 1.95);
    }
}

TEST_CASE("arrival_poisson_counts_in_windows_are_poisson") {
    // Gaps of the right shape could still depend on each other; then counts would be too even or
    // too bursty. Their index of dispersion is 1 +- sqrt(2 / windows) for a Poisson process.
    arrival_schedule s(arrival_kind::poisson, rate_curve(1e6), 0, 1, 1);
    constexpr int windows = 20'000;
    std::vector<double> counts(windows, 0);
    for (double due = s.next(); due < windows * 50'000.0; due = s.next()) {
        ++counts[static_cast<std::size_t>(due / 50'000.0)];
    }
    double mean = 0;
    for (const double c : counts)
        mean += c / windows;
    double variance = 0;
    for (const double c : counts)
        variance += (c - mean) * (c - mean) / (windows - 1);
    CHECK(mean == doctest::Approx(50).epsilon(0.003));
    CHECK(variance / mean == doctest::Approx(1).epsilon(0.04));
}

TEST_CASE("arrival_poisson_mean_gap_is_right_to_a_thousandth_of_its_share") {
    // The standard error of the mean of n exponential gaps is 1 / sqrt(n): 0.03 % for 1e7.
    arrival_schedule s(arrival_kind::poisson, rate_curve(4e6), 2, 4, 5);
    double due = 0;
    constexpr int n = 10'000'000;
    for (int i = 0; i < n; ++i)
        due = s.next();
    CHECK(due / n == doctest::Approx(1000).epsilon(0.001));
}

TEST_CASE("arrival_poisson_sum_of_many_gaps_loses_nothing") {
    // The same gaps, added up with 11 bits more. Plain doubles would be a thousand times worse.
    arrival_schedule s(arrival_kind::poisson, rate_curve(1e6), 0, 1, 8);
    chopsticks::random_stream same(chopsticks::mix64(8, 0));
    long double exact = 0;
    long double worst = 0;
    for (int i = 0; i < 5'000'000; ++i) {
        exact += same.exponential() * 1000;
        worst = std::max(worst, std::abs(exact - static_cast<long double>(s.next())));
    }
    CHECK(worst < 4e-6L);  // a due time of 5 s, rounded to a double twice
}

TEST_CASE("arrival_cores_and_seeds_give_different_streams") {
    arrival_schedule a(arrival_kind::poisson, rate_curve(1e6), 0, 2, 9);
    arrival_schedule b(arrival_kind::poisson, rate_curve(1e6), 1, 2, 9);
    arrival_schedule c(arrival_kind::poisson, rate_curve(1e6), 0, 2, 10);
    arrival_schedule again(arrival_kind::poisson, rate_curve(1e6), 0, 2, 9);
    const double first = a.next();
    CHECK(first != b.next());
    CHECK(first != c.next());
    CHECK(first == again.next());
}

namespace {

using chopsticks::load::level_curve;
using chopsticks::load::modulation;

/// A ramp, a spike, silence and a ramp down, each with what the case says around it.
rate_curve eventful(modulation around = {}) {
    level_curve levels(2e6);
    levels.append({{10'000'000, 4e6, 5'000'000},
                   {1'000'000, 40e6, 0},
                   {5'000'000, 0, 0},
                   {10'000'000, 1e6, 10'000'000},
                   {10'000'000, 3e6, 0}});
    return rate_curve(levels, around);
}

const std::vector<modulation> modulations = {
    {},
    {modulation::kind::burst, 700'000, 0.3, 123},
    {modulation::kind::sine, 900'000, 1, -77},
};

}  // namespace

TEST_CASE("arrival_constant_counts_in_any_span_are_the_area_to_within_one") {
    for (const modulation& around : modulations) {
        const rate_curve curve = eventful(around);
        std::vector<double> due;
        for (unsigned core = 0; core < 3; ++core) {
            arrival_schedule s(arrival_kind::constant, curve, core, 3, 1);
            for (double t = s.next(); t < 36e6; t = s.next())
                due.push_back(t);
        }
        std::sort(due.begin(), due.end());
        chopsticks::random_stream random(3);
        for (int i = 0; i < 20'000; ++i) {
            double from = random.unit() * 36e6;
            double to = random.unit() * 36e6;
            if (from > to) std::swap(from, to);
            const auto n = std::lower_bound(due.begin(), due.end(), to) -
                           std::lower_bound(due.begin(), due.end(), from);
            REQUIRE(std::abs(static_cast<double>(n) - (curve.count(to) - curve.count(from))) <
                    1 + 1e-6);
        }
    }
}

TEST_CASE("arrival_poisson_on_any_curve_is_unit_exponential_in_its_area") {
    for (const modulation& around : modulations) {
        const rate_curve curve = eventful(around);
        std::vector<double> gaps;
        for (std::uint64_t seed = 0; seed < 2; ++seed) {
            arrival_schedule s(arrival_kind::poisson, curve, 1, 2, seed);
            double last_due = 0;
            double last = 0;
            for (double t = s.next(); t < 36e6; t = s.next()) {
                REQUIRE(t >= last_due);
                REQUIRE((t <= 11e6 || t >= 16e6));  // the silence
                const double area = curve.count(t) / 2;
                gaps.push_back(area - last);
                last = area;
                last_due = t;
            }
        }
        CHECK(gaps.size() > 60'000);
        CHECK(goodness::ks(gaps, [](double x) { return -std::expm1(-x); }) < 1.95);
    }
}

TEST_CASE("arrival_poisson_counts_on_a_curve_have_the_area_as_their_mean") {
    const rate_curve curve = eventful({modulation::kind::sine, 900'000, 0.5, 0});
    const double expected = curve.count(30e6) - curve.count(3e6);
    double seen = 0;
    constexpr int runs = 200;
    for (std::uint64_t seed = 0; seed < runs; ++seed) {
        arrival_schedule s(arrival_kind::poisson, curve, 0, 1, seed);
        for (double t = s.next(); t < 30e6; t = s.next())
            seen += t >= 3e6 ? 1 : 0;
    }
    // The deviation of a Poisson count is its root.
    CHECK(std::abs(seen - runs * expected) < 3.3 * std::sqrt(runs * expected));
}

TEST_CASE("arrival_where_the_rate_ends_at_nothing_the_plan_ends") {
    level_curve levels(1000);
    levels.append({{1'000'000'000, 1000, 0}, {1'000'000'000, 0, 1'000'000'000}});
    arrival_schedule s(arrival_kind::constant, rate_curve(levels), 0, 1, 0);
    int n = 0;
    while (std::isfinite(s.next()))
        ++n;
    CHECK(n == 1500);  // 1000 and the triangle's 500
}
