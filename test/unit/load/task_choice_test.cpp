#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "statistics.hpp"

using chopsticks::random_stream;
using chopsticks::load::task_choice;
using chopsticks::load::task_mix;

namespace {

std::vector<double> draw_counts(const task_choice& choice, std::uint64_t draws,
                                std::uint64_t seed) {
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
        const auto observed = draw_counts(choice, static_cast<std::uint64_t>(draws), 3);
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
    const auto observed = draw_counts(task_choice(weights), 3'000'000, 12);
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

TEST_CASE("task_mix_counts_are_the_weights_share_to_within_one_every_64_draws") {
    std::vector<std::vector<double>> tables = {
        {70, 20, 20, 5, 5}, {1, 1}, {1}, {99, 1}, {1, 0, 2, 3, 4, 5, 6, 7}, {M_PI, 1e-4, M_E}};
    random_stream random(9);
    tables.emplace_back();
    for (int i = 0; i < 200; ++i)
        tables.back().push_back(std::pow(10, 3 * random.unit()));
    for (const auto& weights : tables) {
        double sum = 0;
        for (const double w : weights)
            sum += w;
        for (const std::uint64_t seed : {1ULL, 2ULL}) {
            task_mix mix(weights, seed);
            std::vector<double> counts(weights.size(), 0);
            double worst = 0;
            double worst_between = 0;
            for (int i = 1; i <= 640'000; ++i) {
                ++counts[mix.next()];
                const bool whole = i % 64 == 0;
                if (!whole && i % 7 != 0) continue;
                for (std::size_t t = 0; t < weights.size(); ++t) {
                    const double off = std::abs(counts[t] - i * (weights[t] / sum));
                    worst_between = std::max(worst_between, off);
                    if (whole) worst = std::max(worst, off);
                }
            }
            CHECK(worst < 1 + 1e-6);
            CHECK(worst_between < 17);  // independent draws would stray by some 800 here
        }
    }
}

TEST_CASE("task_mix_is_a_function_of_its_seed") {
    const std::vector<double> weights = {5, 3, 2};
    task_mix a(weights, 1);
    task_mix again(weights, 1);
    task_mix b(weights, 2);
    int same = 0;
    for (int i = 0; i < 6400; ++i) {
        const std::uint32_t chosen = a.next();
        REQUIRE(chosen == again.next());
        same += chosen == b.next() ? 1 : 0;
    }
    CHECK(same < 3200);  // 38 % by chance
}

TEST_CASE("task_mix_order_is_not_regular") {
    // Which of two equally likely indices comes next: all patterns of 8 in a row occur.
    const std::vector<double> weights = {1, 1};
    task_mix mix(weights, 4);
    std::set<unsigned> seen;
    unsigned pattern = 0;
    for (int i = 0; i < 100'000; ++i) {
        pattern = (pattern << 1 | mix.next()) & 0xff;
        if (i >= 8) seen.insert(pattern);
    }
    CHECK(seen.size() == 256);
}
