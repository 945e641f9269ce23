#include <doctest/doctest.h>
#include <array>
#include <bit>
#include <chopsticks/core/random.hpp>
#include <cmath>
#include <cstdint>
#include <unordered_set>

namespace chopsticks {

namespace {

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

/// Chi-square of `bins` equally likely bins, as standard deviations from its expectation.
template <std::size_t Bins>
double chi_square_deviations(const std::array<std::uint64_t, Bins>& counts, double total) {
    const double expected = total / Bins;
    double sum = 0;
    for (const std::uint64_t count : counts) {
        const double distance = static_cast<double>(count) - expected;
        sum += distance * distance / expected;
    }
    const double freedom = Bins - 1;
    return (sum - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("mix64_successive_states_give_the_published_splitmix64_sequences") {
    // Seeds 0 and 1234567: the reference outputs that other implementations of splitmix64 test
    // with.
    constexpr std::uint64_t from_0[] = {0xe220a8397b1dcdafULL, 0x6e789e6aa1b965f4ULL,
                                        0x06c45d188009454fULL, 0xf88bb8a8724c81ecULL,
                                        0x1b39896a51a8749bULL};
    constexpr std::uint64_t from_1234567[] = {6457827717110365317ULL, 3203168211198807973ULL,
                                              9817491932198370423ULL, 4593380528125082431ULL,
                                              16408922859458223821ULL};
    for (std::uint64_t i = 0; i < 5; ++i) {
        CHECK(mix64(i * golden) == from_0[i]);
        CHECK(mix64(1234567 + i * golden) == from_1234567[i]);
    }
}

TEST_CASE("random_stream_seeded_through_splitmix64_gives_the_published_xoshiro256pp_sequence") {
    constexpr std::uint64_t from_0[] = {5987356902031041503ULL, 7051070477665621255ULL,
                                        6633766593972829180ULL, 211316841551650330ULL,
                                        9136120204379184874ULL, 379361710973160858ULL};
    random_stream random{0};
    for (const std::uint64_t expected : from_0)
        CHECK(random() == expected);
}

TEST_CASE("mix64_one_bit_flipped_flips_half_of_the_output") {
    double flipped = 0;
    for (std::uint64_t value = 0; value < 1000; ++value) {
        for (int bit = 0; bit < 64; ++bit) {
            flipped += std::popcount(mix64(value) ^ mix64(value ^ (1ULL << bit)));
        }
    }
    const double mean = flipped / 64'000;
    CHECK(mean > 31.9);
    CHECK(mean < 32.1);
}

TEST_CASE("mix64_of_two_values_is_not_symmetric_and_has_no_collisions_in_a_grid") {
    CHECK(mix64(1, 2) != mix64(2, 1));
    std::unordered_set<std::uint64_t> seen;
    for (std::uint64_t a = 0; a < 300; ++a) {
        for (std::uint64_t b = 0; b < 300; ++b)
            seen.insert(mix64(a, b));
    }
    CHECK(seen.size() == 300 * 300);
}

TEST_CASE("to_unit_extreme_words_stay_in_the_half_open_interval") {
    CHECK(to_unit(0) == 0.0);
    CHECK(to_unit(~0ULL) < 1.0);
    CHECK(to_unit(~0ULL) > 0.9999999999999997);
    CHECK(to_unit(1ULL << 63) == 0.5);
}

TEST_CASE("random_stream_unit_is_uniform_by_chi_square") {
    random_stream random{42};
    std::array<std::uint64_t, 1000> counts{};
    constexpr int draws = 1'000'000;
    for (int i = 0; i < draws; ++i)
        ++counts[static_cast<std::size_t>(random.unit() * 1000)];
    CHECK(std::abs(chi_square_deviations(counts, draws)) < 4);
}

TEST_CASE("random_stream_below_stays_below_and_is_uniform_for_a_bound_that_divides_nothing") {
    random_stream random{43};
    std::array<std::uint64_t, 997> counts{};
    constexpr int draws = 1'000'000;
    for (int i = 0; i < draws; ++i) {
        const std::uint64_t value = random.below(997);
        REQUIRE(value < 997);
        ++counts[value];
    }
    CHECK(std::abs(chi_square_deviations(counts, draws)) < 4);
    CHECK(random.below(1) == 0);
    CHECK(random.below(~0ULL) < ~0ULL);
}

TEST_CASE("random_stream_streams_of_neighbouring_seeds_are_uncorrelated") {
    // Shifted copies of one stream would show as a correlation at some small lag.
    for (int lag = 0; lag < 4; ++lag) {
        random_stream a{100};
        random_stream b{101};
        for (int i = 0; i < lag; ++i)
            b();
        double product = 0;
        constexpr int draws = 100'000;
        for (int i = 0; i < draws; ++i)
            product += (a.unit() - 0.5) * (b.unit() - 0.5);
        CHECK(std::abs(product / draws * 12) * std::sqrt(draws) < 4);
    }
}

TEST_CASE("exponential_has_mean_and_deviation_one_and_is_never_infinite") {
    random_stream random{44};
    double sum = 0;
    double squares = 0;
    constexpr int draws = 1'000'000;
    for (int i = 0; i < draws; ++i) {
        const double x = random.exponential();
        REQUIRE(std::isfinite(x));
        REQUIRE(x >= 0);
        sum += x;
        squares += x * x;
    }
    const double mean = sum / draws;
    CHECK(mean == doctest::Approx(1).epsilon(0.005));
    CHECK(std::sqrt(squares / draws - mean * mean) == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("normal_has_the_moments_and_tails_of_the_standard_normal") {
    random_stream random{45};
    double sum = 0;
    double squares = 0;
    int beyond_two = 0;
    constexpr int draws = 1'000'000;
    for (int i = 0; i < draws; ++i) {
        const double x = random.normal();
        REQUIRE(std::isfinite(x));
        sum += x;
        squares += x * x;
        if (std::abs(x) > 2) ++beyond_two;
    }
    CHECK(std::abs(sum / draws) < 0.005);
    CHECK(squares / draws == doctest::Approx(1).epsilon(0.01));
    CHECK(beyond_two / double{draws} == doctest::Approx(0.0455).epsilon(0.03));
}

TEST_CASE("random_stream_equal_seeds_give_equal_streams") {
    random_stream a{9};
    random_stream b{9};
    for (int i = 0; i < 1000; ++i)
        REQUIRE(a() == b());
}

}  // namespace chopsticks
