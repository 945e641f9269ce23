#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/gap_figures.hpp>
#include <cmath>
#include <vector>

using chopsticks::random_stream;
using chopsticks::stats::gap_figures;

TEST_CASE("gap_figures_of_exponential_gaps_accept_them_as_often_as_they_should") {
    // p-values of right cases are uniform: of 1000 about 10 are below 0.01, and their mean is 0.5.
    random_stream random(1);
    int below = 0;
    double mean = 0;
    for (int run = 0; run < 1000; ++run) {
        gap_figures g;
        for (int i = 0; i < 3000; ++i)
            g.record(random.exponential());
        const double p = g.p_value();
        below += p < 0.01 ? 1 : 0;
        mean += p / 1000;
    }
    CHECK(below > 2);
    CHECK(below < 22);
    CHECK(mean == doctest::Approx(0.5).epsilon(0.06));
}

TEST_CASE("gap_figures_of_a_true_poisson_stream") {
    random_stream random(7);
    gap_figures halves[2];
    for (int i = 0; i < 1'000'000; ++i)
        halves[i % 2].record(random.exponential());
    gap_figures g = halves[0];
    g.add(halves[1]);
    CHECK(g.count() == 1'000'000);
    CHECK(g.mean() == doctest::Approx(1).epsilon(0.003));
    CHECK(g.variation() == doctest::Approx(1).epsilon(0.004));
    CHECK(g.distance() < 0.002);
    CHECK(g.p_value() > 0.001);
}

TEST_CASE("gap_figures_reject_even_spacing") {
    gap_figures g;
    for (int i = 0; i < 1000; ++i)
        g.record(1);
    CHECK(g.p_value() < 1e-12);
    CHECK(g.mean() == 1);
    CHECK(g.variation() == 0);
    CHECK(g.distance() == doctest::Approx(0.63).epsilon(0.02));
}

TEST_CASE("gap_figures_reject_what_is_rounded_to_a_coarse_clock") {
    // Instants on a grid of a tenth of the mean gap, rounded up as a timer does.
    random_stream random(3);
    gap_figures g;
    double t = 0;
    double last = 0;
    for (int i = 0; i < 20'000; ++i) {
        t += random.exponential();
        const double seen = std::ceil(t * 10) / 10;
        g.record(seen - last);
        last = seen;
    }
    CHECK(g.p_value() < 1e-12);
    CHECK(g.mean() == doctest::Approx(1).epsilon(0.02));
    CHECK(g.distance() > 0.03);
}

TEST_CASE("gap_figures_reject_a_rate_that_is_five_percent_off") {
    random_stream random(4);
    gap_figures g;
    for (int i = 0; i < 200'000; ++i)
        g.record(random.exponential() * 0.95);
    CHECK(g.p_value() < 1e-6);
    CHECK(g.mean() == doctest::Approx(0.95).epsilon(0.01));
}

TEST_CASE("gap_figures_small_lags_are_seen_in_p_and_are_small_in_distance") {
    // Each instant up to a fiftieth of a gap late, independently: with millions of gaps the test
    // refuses it for certain, while no target could tell the difference.
    random_stream random(5);
    gap_figures g;
    double t = 0;
    double last = 0;
    for (int i = 0; i < 3'000'000; ++i) {
        t += random.exponential();
        const double seen = std::max(last, t + random.unit() * 0.02);
        g.record(seen - last);
        last = seen;
    }
    CHECK(g.p_value() < 1e-6);
    CHECK(g.distance() < 0.01);
}

TEST_CASE("gap_figures_too_few_gaps_refuse_nothing") {
    gap_figures g;
    for (int i = 0; i < 999; ++i)
        g.record(1);
    CHECK(g.p_value() == 1);
    CHECK(g.chi_square() == 0);
    CHECK(gap_figures().mean() == 0);
    CHECK(gap_figures().distance() == 0);
}
