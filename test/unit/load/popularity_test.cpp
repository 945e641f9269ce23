#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/popularity.hpp>
#include <cmath>
#include <vector>

#include "laws.hpp"
#include "statistics.hpp"

using chopsticks::random_stream;
using namespace chopsticks::load;
using chopsticks::test::zipf;

namespace {

/// How often each rank was picked.
std::vector<double> rank_counts(picker& keys, std::uint64_t n, int draws, std::uint64_t seed) {
    std::vector<std::uint64_t> rank_at(n);
    for (std::uint64_t r = 0; r < n; ++r)
        rank_at[keys.position_of_rank(r, n)] = r;
    random_stream random(seed);
    std::vector<double> counts(n, 0);
    for (int i = 0; i < draws; ++i)
        ++counts[rank_at[keys.pick(random, n)]];
    return counts;
}

}  // namespace

TEST_CASE("picker_zipf_frequencies_match_theory") {
    constexpr int draws = 1'000'000;
    for (const double s : {0.1, 0.8, 0.99, 1.0, 1.2, 3.0}) {
        for (const std::uint64_t n : {2ULL, 10ULL, 1000ULL, 65537ULL}) {
            CAPTURE(s);
            CAPTURE(n);
            double harmonic = 0;
            for (std::uint64_t k = 1; k <= n; ++k)
                harmonic += std::pow(static_cast<double>(k), -s);
            picker keys(zipf(s), 17);
            const auto counts = rank_counts(keys, n, draws, 23);
            const double first = draws / harmonic;
            CHECK(std::abs(counts[0] - first) < 4 * std::sqrt(first));

            // The first ranks one by one, the tail as one class.
            std::vector<double> observed;
            std::vector<double> expected;
            double rest = draws;
            double expected_rest = draws;
            for (std::uint64_t k = 1; k < n && k <= 50; ++k) {
                const double e = draws * std::pow(static_cast<double>(k), -s) / harmonic;
                if (e < 20) break;
                expected.push_back(e);
                observed.push_back(counts[k - 1]);
                rest -= counts[k - 1];
                expected_rest -= e;
            }
            observed.push_back(rest);
            expected.push_back(expected_rest);
            CHECK(goodness::chi_square(observed, expected) < 3.1);
        }
    }
}

TEST_CASE("picker_zipf_of_a_trillion_objects_is_in_range_and_skewed") {
    constexpr std::uint64_t n = 1'000'000'000'000;
    picker keys(zipf(1.0), 1);
    random_stream random(2);
    const std::uint64_t hottest = keys.position_of_rank(0, n);
    int hits = 0;
    for (int i = 0; i < 100'000; ++i) {
        const auto p = keys.pick(random, n);
        REQUIRE(p < n);
        hits += p == hottest;
    }
    // H(1e12) = ln 1e12 + 0.5772.
    const double expected = 100'000 / 28.208;
    CHECK(std::abs(hits - expected) < 4 * std::sqrt(expected));
}

TEST_CASE("picker_scatter_is_a_bijection_and_parts_neighbours") {
    picker keys(zipf(1), 99);
    for (const std::uint64_t n : {1ULL, 2ULL, 3ULL, 4ULL, 5ULL, 100ULL, 1024ULL, 10'007ULL}) {
        std::vector<bool> hit(n, false);
        std::uint64_t adjacent = 0;
        std::uint64_t last = n;
        for (std::uint64_t r = 0; r < n; ++r) {
            const auto p = keys.position_of_rank(r, n);
            REQUIRE(p < n);
            REQUIRE_FALSE(hit[p]);
            hit[p] = true;
            adjacent += last < n && (p == last + 1 || last == p + 1);
            last = p;
        }
        if (n >= 1000) CHECK(adjacent < n / 20);
    }
}

TEST_CASE("picker_seeds_scatter_differently") {
    picker a(zipf(1), 1);
    picker b(zipf(1), 2);
    int same = 0;
    for (std::uint64_t r = 0; r < 100; ++r) {
        same += a.position_of_rank(r, 1'000'000) == b.position_of_rank(r, 1'000'000);
    }
    CHECK(same < 5);
}

TEST_CASE("picker_uniform_covers_all_equally") {
    picker keys;
    random_stream random(3);
    std::vector<double> counts(100, 0);
    for (int i = 0; i < 1'000'000; ++i)
        ++counts[keys.pick(random, 100)];
    CHECK(goodness::chi_square(counts, std::vector<double>(100, 10'000)) < 3.1);
}

TEST_CASE("picker_sequential_goes_round_and_survives_shrinking") {
    popularity p;
    p.kind = popularity_kind::sequential;
    picker keys(p, 0);
    random_stream random(0);
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t i = 0; i < 10; ++i)
            REQUIRE(keys.pick(random, 10) == i);
    }
    for (std::uint64_t i = 0; i < 8; ++i)
        keys.pick(random, 10);
    CHECK(keys.pick(random, 5) == 0);
    CHECK(keys.pick(random, 5) == 1);
}

TEST_CASE("picker_hot_set_gets_its_share") {
    popularity p;
    p.kind = popularity_kind::hot_set;
    p.hot_fraction = 0.1;
    p.hot_share = 0.9;
    picker keys(p, 4);
    const auto counts = rank_counts(keys, 1000, 1'000'000, 5);
    std::vector<double> expected(100, 9000);
    expected.resize(1000, 100'000.0 / 900);
    CHECK(goodness::chi_square(counts, expected) < 3.1);
}

TEST_CASE("picker_hot_set_of_all_or_one_object_is_in_range") {
    popularity p;
    p.kind = popularity_kind::hot_set;
    random_stream random(1);
    for (const double fraction : {1e-9, 1.0}) {
        for (const double share : {0.0, 1.0}) {
            p.hot_fraction = fraction;
            p.hot_share = share;
            picker keys(p, 6);
            for (const std::uint64_t n : {1ULL, 2ULL, 7ULL}) {
                for (int i = 0; i < 100; ++i)
                    REQUIRE(keys.pick(random, n) < n);
            }
        }
    }
}

TEST_CASE("picker_n_that_changes_at_every_call_stays_in_range") {
    for (const double s : {0.5, 1.0, 2.0}) {
        picker keys(zipf(s), 8);
        random_stream random(9);
        for (int i = 0; i < 100'000; ++i) {
            const std::uint64_t n = 1 + random.below(50);
            REQUIRE(keys.pick(random, n) < n);
        }
    }
}

TEST_CASE("popularity_descriptions_read_well") {
    CHECK(describe(zipf(0.99)) == "zipf 0.99");
    CHECK(describe(popularity{}) == "uniform");
    popularity hot;
    hot.kind = popularity_kind::hot_set;
    CHECK(describe(hot) == "hot set: 10 % of the objects, 90 % of the choices");
}
