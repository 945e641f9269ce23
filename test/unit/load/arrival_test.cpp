#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/load/arrival.hpp>
#include <cmath>
#include <vector>

#include "statistics.hpp"

using chopsticks::load::arrival_kind;
using chopsticks::load::arrival_schedule;

TEST_CASE("arrival_constant_over_cores_is_evenly_spaced") {
    constexpr unsigned cores = 3;
    std::vector<double> all;
    for (unsigned core = 0; core < cores; ++core) {
        arrival_schedule s(arrival_kind::constant, 1000, core, cores, 7);
        CHECK(s.mean_gap_ns() == doctest::Approx(3e6));
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
    arrival_schedule s(arrival_kind::constant, 3e6, 0, 1, 0);
    double due = 0;
    for (int i = 0; i <= 3'000'000; ++i)
        due = s.next();
    CHECK(std::abs(due - 1e9) < 1e-6);
}

TEST_CASE("arrival_poisson_gaps_are_exponential") {
    for (const unsigned core : {0U, 1U}) {
        arrival_schedule s(arrival_kind::poisson, 2e6, core, 2, 42);
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
    arrival_schedule s(arrival_kind::poisson, 1e6, 0, 1, 1);
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
    arrival_schedule s(arrival_kind::poisson, 4e6, 2, 4, 5);
    double due = 0;
    constexpr int n = 10'000'000;
    for (int i = 0; i < n; ++i)
        due = s.next();
    CHECK(due / n == doctest::Approx(1000).epsilon(0.001));
}

TEST_CASE("arrival_poisson_sum_of_many_gaps_loses_nothing") {
    // The same gaps, added up with 11 bits more. Plain doubles would be a thousand times worse.
    arrival_schedule s(arrival_kind::poisson, 1e6, 0, 1, 8);
    chopsticks::random_stream same(chopsticks::mix64(8, 0));
    long double exact = 0;
    long double worst = 0;
    for (int i = 0; i < 5'000'000; ++i) {
        exact += same.exponential() * s.mean_gap_ns();
        worst = std::max(worst, std::abs(exact - static_cast<long double>(s.next())));
    }
    CHECK(worst < 2e-6L);  // a due time of 5 s, rounded to a double
}

TEST_CASE("arrival_cores_and_seeds_give_different_streams") {
    arrival_schedule a(arrival_kind::poisson, 1e6, 0, 2, 9);
    arrival_schedule b(arrival_kind::poisson, 1e6, 1, 2, 9);
    arrival_schedule c(arrival_kind::poisson, 1e6, 0, 2, 10);
    arrival_schedule again(arrival_kind::poisson, 1e6, 0, 2, 9);
    const double first = a.next();
    CHECK(first != b.next());
    CHECK(first != c.next());
    CHECK(first == again.next());
}
