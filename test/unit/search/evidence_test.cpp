#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/search/evidence.hpp>
#include <cmath>

#include "mmc.hpp"

namespace {

using namespace chopsticks;
using search::batch;
using search::verdict;

TEST_CASE("evidence_t_quantiles_are_those_of_the_tables") {
    // Source: NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2.
    CHECK(search::t_quantile(0.95, 5) == doctest::Approx(2.015).epsilon(0.0005));
    CHECK(search::t_quantile(0.975, 10) == doctest::Approx(2.228).epsilon(0.0005));
    CHECK(search::t_quantile(0.99, 19) == doctest::Approx(2.539).epsilon(0.0005));
    CHECK(search::t_quantile(0.995, 30) == doctest::Approx(2.750).epsilon(0.0005));
    CHECK(search::t_quantile(0.975, 1) == doctest::Approx(12.706).epsilon(0.0005));
}

TEST_CASE("evidence_merging_keeps_the_sums_and_the_order") {
    std::vector<batch> many;
    for (int i = 0; i < 67; ++i)
        many.push_back({static_cast<double>(i), 1});
    const auto few = search::merged(many, 30);
    CHECK(few.size() <= 30);
    CHECK(few.size() >= 20);
    double part = 0;
    double whole = 0;
    for (std::size_t i = 0; i < few.size(); ++i) {
        part += few[i].part;
        whole += few[i].whole;
        if (i > 0) CHECK(few[i].part / few[i].whole > few[i - 1].part / few[i - 1].whole);
    }
    CHECK(part == 66 * 67 / 2);
    CHECK(whole == 67);
}

/// Batches of Poisson many operations, each late independently with probability `p`.
std::vector<batch> independent(double p, std::size_t n, std::uint64_t seed) {
    random_stream random(seed);
    std::vector<batch> out(n);
    for (batch& b : out) {
        const double size = 900 + 200 * random.unit();
        for (double i = 0; i < size; ++i) {
            b.whole += 1;
            b.part += random.unit() < p ? 1 : 0;
        }
    }
    return out;
}

TEST_CASE("evidence_of_a_ratio_at_its_limit_is_wrong_as_seldom_as_said") {
    int missed = 0;
    int met = 0;
    constexpr int seeds = 2000;
    for (int seed = 0; seed < seeds; ++seed) {
        const verdict v = search::judge(independent(0.01, 20, static_cast<std::uint64_t>(seed)),
                                        {0.01, true}, 0.95);
        missed += v == verdict::missed ? 1 : 0;
        met += v == verdict::met ? 1 : 0;
    }
    // 5 % each; with 2000 seeds the standard error is 0.5 %.
    CHECK(missed < 0.07 * seeds);
    CHECK(missed > 0.02 * seeds);
    CHECK(met < 0.07 * seeds);
    CHECK(met > 0.02 * seeds);
}

TEST_CASE("evidence_tells_clear_cases_and_leaves_few_operations_open") {
    CHECK(search::judge(independent(0.005, 20, 1), {0.01, true}, 0.99) == verdict::met);
    CHECK(search::judge(independent(0.02, 20, 1), {0.01, true}, 0.99) == verdict::missed);
    CHECK(search::judge({}, {0.01, true}, 0.99) == verdict::open);
    CHECK(search::judge(std::vector<batch>(20, {0, 1}), {0.01, true}, 0.99) == verdict::open);
    CHECK(search::judge(std::vector<batch>(20, {0, 100}), {0.01, true}, 0.99) == verdict::open);
    CHECK(search::judge(std::vector<batch>(20, {0, 100}), {0.01, true}, 0.99,
                        search::care::first_look) == verdict::met);
    CHECK(search::judge(std::vector<batch>(20, {0, 1000}), {0.01, true}, 0.99) == verdict::met);
    // Nothing is allowed: one is too many.
    CHECK(search::judge({{0, 10}, {1, 10}}, {0, true}, 0.99) == verdict::missed);
    CHECK(search::judge({{0, 10}, {0, 10}}, {0, true}, 0.99) == verdict::met);
}

TEST_CASE("evidence_of_a_mean_has_no_binomial_floor") {
    std::vector<batch> means;
    random_stream random(3);
    for (int i = 0; i < 20; ++i)
        means.push_back({100 * (5e6 + 1e5 * random.normal()), 100});
    CHECK(search::judge(means, {5.2e6, false}, 0.99) == verdict::met);
    CHECK(search::judge(means, {4.8e6, false}, 0.99) == verdict::missed);
    CHECK(search::judge(means, {5.0e6, false}, 0.99) == verdict::open);
}

TEST_CASE("evidence_growth_is_seen_and_a_queue_that_comes_and_goes_is_not") {
    const mmc::queue q{16, 0.01};
    int stable = 0;
    int over = 0;
    constexpr int seeds = 300;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        const auto good = mmc::simulate(q, 0.85 * q.capacity(), 0.06, 0.6, 3, 20, seed);
        const auto bad = mmc::simulate(q, 1.1 * q.capacity(), 0.06, 0.6, 3, 20, seed);
        stable += search::grows(good.outstanding, good.all) ? 1 : 0;
        over += search::grows(bad.outstanding, bad.all) ? 1 : 0;
    }
    CHECK(stable <= seeds / 50);
    CHECK(over >= seeds * 9 / 10);
    CHECK_FALSE(search::grows({}, 1000));
    CHECK_FALSE(search::grows(std::vector<double>(20, 5), 1000));
}

TEST_CASE("evidence_the_simulated_queue_is_the_one_of_the_theory") {
    // Erlang's C for 2 servers at load 1 (rho = 1/2) is 1/3.
    CHECK(mmc::queue{2, 1}.waiting(1) == doctest::Approx(1.0 / 3));
    for (const unsigned servers : {1U, 4U, 16U}) {
        const mmc::queue q{servers, 0.001};
        const double rate = 0.8 * q.capacity();
        const double t = 0.006;
        double late = 0;
        double all = 0;
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const auto r = mmc::simulate(q, rate, t, 1, 20, 20, seed);
            late += r.late;
            all += r.all;
        }
        CHECK(late / all == doctest::Approx(q.tail(rate, t)).epsilon(0.15));
    }
    const mmc::queue q{16, 0.01};
    CHECK(q.tail(q.max_rate(0.06, 0.01), 0.06) == doctest::Approx(0.01));
}

TEST_CASE("persistence_tells_trials_that_are_long_from_those_that_are_short") {
    // A first-order autoregressive process, whose correlation over one step is known.
    const auto process = [](double correlation, std::size_t n, std::uint64_t seed) {
        random_stream random(seed);
        std::vector<double> out;
        double v = random.normal();
        for (std::size_t i = 0; i < n; ++i) {
            v = correlation * v + std::sqrt(1 - correlation * correlation) * random.normal();
            out.push_back(100 + v);
        }
        return out;
    };
    for (const double correlation : {0.0, 0.5, 0.9}) {
        double mean = 0;
        for (std::uint64_t seed = 0; seed < 400; ++seed)
            mean += search::persistence(process(correlation, 40, seed)) / 400;
        // Over 40 values it is estimated too low, by about (1 + 4 correlation) / 40: M. G.
        // Kendall, "Note on bias in the estimation of autocorrelation", Biometrika 41, 1954.
        CAPTURE(correlation);
        CHECK(mean ==
              doctest::Approx(correlation - (1 + 4 * correlation) / 40).epsilon(0.1).scale(0.3));
    }
    // 400 values are looked at in 40 steps of ten.
    double fine = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed)
        fine += search::persistence(process(std::pow(0.5, 0.1), 400, seed)) / 400;
    CHECK(fine == doctest::Approx(0.5 - 3.0 / 40).epsilon(0.1));
    CHECK(search::persistence({}) == 0);
    CHECK(search::persistence(std::vector<double>(7, 1)) == 0);
    CHECK(search::persistence(std::vector<double>(40, 5)) == 0);
}

}  // namespace
