// Permutation tests and Holm's procedure, against published examples.

#include <doctest/doctest.h>

#include <chopsticks/compare/holm.hpp>
#include <chopsticks/compare/permutation.hpp>
#include <chopsticks/core/random.hpp>
#include <vector>

using namespace chopsticks;
using doctest::Approx;

TEST_CASE("permutation_of_signs_is_fishers_of_darwins_plants") {
    // Differences of height of 15 pairs of cross- and self-fertilized Zea mays in eighths of an
    // inch: R. A. Fisher, "The Design of Experiments", 1935, sections 15 and 21. "In just 863 cases
    // out of 32,768" the sum is as great as the observed one; two-sided that is twice as many.
    const std::vector<double> plants = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    const auto found = compare::permute_signs(plants);
    CHECK(found.exact);
    CHECK(found.p * 32768 == Approx(2 * 863));
    CHECK(found.least == Approx(2.0 / 32768));
}

TEST_CASE("permutation_of_two_sides_is_scipys") {
    // scipy.stats.permutation_test((from, to), difference of means, n_resamples=inf)
    const std::vector<double> from = {1.2, 3.4, 2.2, 5.0};
    const std::vector<double> to = {4.1, 6.3, 5.5, 7.2, 3.9};
    const auto found = compare::permute(from, to);
    CHECK(found.exact);
    CHECK(found.p == Approx(0.06349206349206349));
    CHECK(found.least == Approx(2.0 / 126));
    // The same of Student's ten and ten patients: 184,756 arrangements.
    const std::vector<double> first = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
    const std::vector<double> second = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    CHECK(compare::permute(first, second).p == Approx(0.08144796380090498));
}

TEST_CASE("permutation_least_p_of_few_values_cannot_reach_five_percent") {
    const std::vector<double> low = {1, 2, 3};
    const std::vector<double> high = {11, 12, 13};
    CHECK(compare::permute(low, high).p == Approx(0.1));
    CHECK(compare::permute(low, high).least == Approx(0.1));
    CHECK(compare::permute_signs(low).p == Approx(0.25));
}

TEST_CASE("permutation_counts_ties_as_extreme") {
    // 0.1 + 0.2 is not 0.3 in doubles; equal sums must stay equal.
    const std::vector<double> all_alike = {0.1, 0.1, 0.1, 0.1};
    CHECK(compare::permute(all_alike, all_alike).p == 1);
    const std::vector<double> signs = {0.3, -0.1, -0.2};
    CHECK(compare::permute_signs(signs).p == 1);
}

TEST_CASE("permutation_gives_up_beyond_its_limit_and_of_nothing") {
    const std::vector<double> many(11, 1.0);
    CHECK_FALSE(compare::permute(many, many).exact);
    CHECK(compare::permute(many, many).p == 1);
    CHECK_FALSE(compare::permute({}, many).exact);
    CHECK_FALSE(compare::permute_signs({}).exact);
    CHECK_FALSE(compare::permute_signs(std::vector<double>(80, 1.0)).exact);
    CHECK(compare::permute(std::vector<double>(200, 1.0), std::vector<double>(1, 1.0)).exact);
    CHECK_FALSE(compare::permute(std::vector<double>(500, 1.0), many).exact);
}

TEST_CASE("permutation_of_sides_alike_is_wrong_no_more_often_than_it_says") {
    random_stream random(21);
    constexpr int times = 4000;
    int found = 0;
    int found_in_pairs = 0;
    for (int i = 0; i < times; ++i) {
        std::vector<double> from;
        std::vector<double> to;
        std::vector<double> apart;
        // Far from normal: the test does not mind.
        for (int k = 0; k < 6; ++k) {
            from.push_back(random.exponential());
            to.push_back(random.exponential());
            apart.push_back(to.back() - from.back());
        }
        found += compare::permute(from, to).p <= 0.05 ? 1 : 0;
        found_in_pairs += compare::permute_signs(apart).p <= 0.05 ? 1 : 0;
    }
    CHECK(found >= 0.03 * times);
    CHECK(found <= 0.06 * times);
    // Of 64 arrangements two are 3.1 %, four would be 6.3 %.
    CHECK(found_in_pairs >= 0.02 * times);
    CHECK(found_in_pairs <= 0.045 * times);
}

TEST_CASE("holm_is_rs") {
    // R: p.adjust(c(0.03, 0.01, 0.04, 0.05, 0.02), "holm")
    const std::vector<double> adjusted =
        compare::holm_adjusted(std::vector<double>{0.03, 0.01, 0.04, 0.05, 0.02});
    const std::vector<double> expected = {0.09, 0.05, 0.09, 0.09, 0.08};
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(adjusted[i] == Approx(expected[i]));
    CHECK(compare::holm_adjusted(std::vector<double>{0.04}).front() == 0.04);
    CHECK(compare::holm_adjusted(std::vector<double>{0.9, 0.8}).front() == 1);
    CHECK(compare::holm_adjusted({}).empty());
}
