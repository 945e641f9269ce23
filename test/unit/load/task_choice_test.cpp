#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "statistics.hpp"

using chopsticks::random_stream;
using chopsticks::load::balanced_words;
using chopsticks::load::task_choice;

namespace {

std::vector<double> count(const task_choice& choice, std::uint64_t draws, std::uint64_t seed) {
    random_stream random(seed);
    std::vector<double> counts(choice.size(), 0);
    for (std::uint64_t i = 0; i < draws; ++i)
        ++counts[choice.at(random())];
    return counts;
}

}  // namespace

TEST_CASE("task_choice_any_weights_come_out_in_proportion") {
    const std::vector<std::vector<double>> tables = {
        {1}, {1, 1}, {70, 20, 5, 5}, {0.001, 1000, 3, 3, 3, 0.5}, {1e-3, 1e-3, 1e-3, 7}};
    for (const auto& weights : tables) {
        constexpr double draws = 2'000'000;
        const task_choice choice{weights};
        const auto observed = count(choice, static_cast<std::uint64_t>(draws), 3);
        double sum = 0;
        for (const double w : weights)
            sum += w;
        std::vector<double> expected;
        for (const double w : weights)
            expected.push_back(draws * w / sum);
        if (weights.size() > 1) CHECK(goodness::chi_square(observed, expected) < 3.1);
    }
}

TEST_CASE("task_choice_many_random_weights_pass_chi_square") {
    random_stream random(11);
    std::vector<double> weights(300);
    double sum = 0;
    for (auto& w : weights)
        sum += w = 0.1 + random.unit();
    const auto observed = count(task_choice(weights), 3'000'000, 12);
    std::vector<double> expected;
    for (const double w : weights)
        expected.push_back(3'000'000 * w / sum);
    CHECK(goodness::chi_square(observed, expected) < 3.1);
}

TEST_CASE("task_choice_zero_weight_is_never_chosen") {
    const std::vector<double> weights = {0, 1, 0, 1e-9, 0, 0.1, 0.7, 0};
    const task_choice choice(weights);
    random_stream random(5);
    for (int i = 0; i < 1'000'000; ++i)
        REQUIRE(weights[choice.at(random())] > 0);
    // The ends of every cell, where rounding would show.
    for (std::uint64_t i = 0; i < 8; ++i) {
        const std::uint64_t edge = i << 61;
        REQUIRE(weights[choice.at(edge)] > 0);
        REQUIRE(weights[choice.at(edge - 1)] > 0);
    }
}

TEST_CASE("task_choice_default_constructed_is_index_0") {
    CHECK(task_choice().at(~0ULL) == 0);
    CHECK(task_choice().size() == 0);
}

TEST_CASE("balanced_words_counts_stay_within_a_few_of_the_weights") {
    const std::vector<double> weights = {70, 20, 20, 5, 5};
    const task_choice choice(weights);
    for (const std::uint64_t seed : {1ULL, 2ULL, 3ULL}) {
        balanced_words words(seed);
        std::vector<double> counts(weights.size(), 0);
        double worst = 0;
        for (int i = 1; i <= 1'000'000; ++i) {
            ++counts[choice.at(words.next())];
            for (std::size_t t = 0; t < weights.size(); ++t) {
                worst = std::max(worst, std::abs(counts[t] - i * weights[t] / 120));
            }
        }
        // Independent draws would stray by some 800 here.
        CHECK(worst < 40);
    }
}

TEST_CASE("balanced_words_order_is_not_regular") {
    // Which of two equally likely indices comes next: all patterns of 8 in a row occur.
    balanced_words words(4);
    std::set<unsigned> seen;
    unsigned pattern = 0;
    for (int i = 0; i < 100'000; ++i) {
        pattern = (pattern << 1 | static_cast<unsigned>(words.next() >> 63)) & 0xff;
        if (i >= 8) seen.insert(pattern);
    }
    CHECK(seen.size() == 256);
}
