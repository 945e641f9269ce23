// Against a published example, and by what share of simulated comparisons come out right.

#include <doctest/doctest.h>

#include <chopsticks/compare/estimate.hpp>
#include <chopsticks/core/random.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace chopsticks;
using compare::estimate;
using doctest::Approx;

namespace {

// Hours of sleep gained with two drugs by ten patients: A. R. Cushny, A. R. Peebles, "The action of
// optical isomers II", Journal of Physiology 32, 1905; the example of Student, "The probable error
// of a mean", Biometrika 6(1), 1908.
const std::vector<double> first = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
const std::vector<double> second = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};

std::vector<double> apart(const std::vector<double>& from, const std::vector<double>& to) {
    std::vector<double> out(from.size());
    for (std::size_t i = 0; i < from.size(); ++i)
        out[i] = to[i] - from[i];
    return out;
}

/// Logarithms of a figure of runs that differ by chance.
std::vector<double> runs(random_stream& random, std::size_t n, double mean, double deviation) {
    std::vector<double> out(n);
    for (double& x : out)
        x = mean + deviation * random.normal();
    return out;
}

}  // namespace

TEST_CASE("estimate_difference_is_that_of_welch") {
    // scipy.stats.ttest_ind(second, first, equal_var=False), and its confidence_interval(0.95); R's
    // t.test(extra ~ group, data = sleep) prints the same.
    const estimate found = difference(compare::mean_of(first), compare::mean_of(second));
    CHECK(found.value == Approx(1.58));
    CHECK(found.freedom == Approx(17.776473516178488));
    CHECK(found.value / found.standard_error == Approx(1.8608134674868526));
    CHECK(found.p_apart(0) == Approx(0.0793941401873583));
    CHECK(found.at(0.95).low == Approx(-0.20548323071171137));
    CHECK(found.at(0.95).high == Approx(3.3654832307117104));
}

TEST_CASE("estimate_mean_of_paired_differences_is_students") {
    // Student's own example: t = 4.06. scipy.stats.ttest_rel(second, first).
    const estimate found = compare::mean_of(apart(first, second));
    CHECK(found.freedom == 9);
    CHECK(found.value / found.standard_error == Approx(4.062127683382037));
    CHECK(found.p_apart(0) == Approx(0.002832890197384273));
    CHECK(found.at(0.95).low == Approx(0.7001142367230175));
    CHECK(found.at(0.95).high == Approx(2.459885763276983));
}

TEST_CASE("estimate_beyond_a_limit_is_one_sided") {
    const std::vector<double> from = {1.2, 3.4, 2.2, 5.0};
    const std::vector<double> to = {4.1, 6.3, 5.5, 7.2, 3.9};
    const estimate found = difference(compare::mean_of(from), compare::mean_of(to));
    // scipy.stats.ttest_ind(to - 1, from, equal_var=False, alternative="greater"), "less".
    CHECK(found.p_above(1) == Approx(0.10503558800034345));
    CHECK(found.p_below(1) == Approx(0.8949644119996566));
    // confidence_interval(0.9)
    CHECK(found.at(0.9).low == Approx(0.44311548694864866));
    CHECK(found.at(0.9).high == Approx(4.4568845130513495));
}

TEST_CASE("estimate_of_one_value_says_nothing_of_its_error") {
    const std::vector<double> one = {5};
    const std::vector<double> two = {7, 8};
    const estimate found = difference(compare::mean_of(one), compare::mean_of(two));
    CHECK(found.value == 2.5);
    CHECK(found.at(0.95).low == -std::numeric_limits<double>::infinity());
    CHECK(found.at(0.95).high == std::numeric_limits<double>::infinity());
    CHECK(found.p_above(-100) == 1);
    CHECK(found.p_apart(0) == 1);
    CHECK(compare::mean_of({}).freedom == 0);
}

TEST_CASE("estimate_of_equal_values_is_exact") {
    const std::vector<double> same = {3, 3, 3};
    const std::vector<double> other = {4, 4};
    const estimate found = difference(compare::mean_of(same), compare::mean_of(other));
    CHECK(found.at(0.95).low == 1);
    CHECK(found.at(0.95).high == 1);
    CHECK(found.p_above(0.5) == 0);
    CHECK(found.p_above(1) == 1);
    CHECK(found.p_below(1.5) == 0);
}

TEST_CASE("estimate_own_variance_is_the_least") {
    const std::vector<double> close = {3, 3.001};
    CHECK(compare::mean_of(close, 0.08).standard_error == Approx(0.2));
    CHECK(compare::mean_of(first, 0.01).standard_error == compare::mean_of(first).standard_error);
}

TEST_CASE("estimate_values_to_decide_are_those_of_power_tables") {
    // R's power.t.test(delta = 1, sd = 1, power = 0.8) gives n = 16.71 a side; 0.807 for 17 by
    // scipy: 1 - nct.cdf(t.ppf(.975, 32), 32, sqrt(17 / 2)).
    estimate found;
    found.value = 1;
    found.standard_error = std::sqrt(2.0 / 5);
    found.freedom = 8;
    CHECK(values_to_decide(found, 0, 5, 100) == 17);
    CHECK(values_to_decide(found, 0.999, 5, 100) == 100);
    found.standard_error = 0.001;
    CHECK(values_to_decide(found, 0, 5, 100) == 5);
    found.freedom = 0;
    CHECK(values_to_decide(found, 0, 5, 100) == 100);
}

TEST_CASE("estimate_of_runs_alike_is_wrong_as_often_as_it_says") {
    random_stream random(11);
    constexpr int times = 4000;
    for (const auto& [n, spread] : {std::pair<std::size_t, double>{5, 0.03}, {10, 0.06}}) {
        int apart_by_chance = 0;
        int held = 0;
        for (int i = 0; i < times; ++i) {
            // The new side is more erratic than the base.
            const auto base = compare::mean_of(runs(random, n, 0, 0.03));
            const auto same = compare::mean_of(runs(random, n, 0, spread));
            apart_by_chance += difference(base, same).p_apart(0) <= 0.05 ? 1 : 0;
            const auto faster = compare::mean_of(runs(random, n, 0.05, spread));
            const auto range = difference(base, faster).at(0.95);
            held += range.low <= 0.05 && 0.05 <= range.high ? 1 : 0;
        }
        CHECK(apart_by_chance >= 0.03 * times);
        CHECK(apart_by_chance <= 0.07 * times);
        CHECK(held >= 0.93 * times);
    }
}

TEST_CASE("estimate_of_pairs_is_wrong_as_often_as_it_says") {
    // What both runs of a pair have of the hour, four times as much as they differ otherwise.
    random_stream random(13);
    constexpr int times = 4000;
    for (const std::size_t n : {3U, 5U, 10U}) {
        int apart_by_chance = 0;
        int held = 0;
        for (int i = 0; i < times; ++i) {
            const auto hours = runs(random, n, 0, 0.12);
            const auto pairs = [&](double change) {
                auto base = runs(random, n, 0, 0.03);
                auto now = runs(random, n, change, 0.03);
                for (std::size_t k = 0; k < n; ++k) {
                    base[k] += hours[k];
                    now[k] += hours[k];
                }
                return compare::mean_of(apart(base, now));
            };
            apart_by_chance += pairs(0).p_apart(0) <= 0.05 ? 1 : 0;
            const auto range = pairs(0.05).at(0.95);
            held += range.low <= 0.05 && 0.05 <= range.high ? 1 : 0;
        }
        CHECK(apart_by_chance >= 0.03 * times);
        CHECK(apart_by_chance <= 0.07 * times);
        CHECK(held >= 0.93 * times);
    }
}

TEST_CASE("estimate_of_ten_runs_finds_five_percent_as_often_as_it_should") {
    // Runs that differ by 3 % among each other: power.t.test(n = 10, delta = log(1.05), sd = 0.03)
    // in R gives a power of 0.927.
    random_stream random(12);
    constexpr int times = 4000;
    int found = 0;
    for (int i = 0; i < times; ++i) {
        const auto base = compare::mean_of(runs(random, 10, 0, 0.03));
        const auto slower = compare::mean_of(runs(random, 10, std::log(1.05), 0.03));
        found += difference(base, slower).at(0.95).low > 0 ? 1 : 0;
    }
    CHECK(found >= 0.90 * times);
    CHECK(found <= 0.95 * times);
}
