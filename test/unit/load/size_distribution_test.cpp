#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/size_distribution.hpp>
#include <cmath>
#include <map>
#include <vector>

#include "statistics.hpp"

using chopsticks::mix64;
using chopsticks::load::size_distribution;

namespace {

/// Sizes as the program makes them: of object i under a seed.
std::vector<double> sizes(const size_distribution& d, std::uint64_t n, std::uint64_t seed = 1) {
    std::vector<double> out;
    out.reserve(n);
    for (std::uint64_t i = 0; i < n; ++i)
        out.push_back(static_cast<double>(d.at(mix64(seed, i))));
    return out;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double v : values)
        sum += v;
    return sum / static_cast<double>(values.size());
}

void check_bounds_and_mean(const size_distribution& d, double relative_error) {
    const auto all = sizes(d, 1'000'000);
    for (const double s : all) {
        REQUIRE(s >= static_cast<double>(d.min()));
        REQUIRE(s <= static_cast<double>(d.max()));
    }
    CHECK(mean(all) == doctest::Approx(d.mean()).epsilon(relative_error));
}

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;

}  // namespace

TEST_CASE("size_default_and_fixed_are_constant") {
    CHECK(size_distribution().at(~0ULL) == 0);
    CHECK(size_distribution().mean() == 0);
    const auto d = size_distribution::fixed(4096);
    CHECK(d.at(0) == 4096);
    CHECK(d.at(~0ULL) == 4096);
    CHECK(d.min() == 4096);
    CHECK(d.max() == 4096);
    CHECK(d.mean() == 4096);
    CHECK(d.describe() == "4 KiB");
}

TEST_CASE("size_uniform_hits_every_value_equally") {
    const auto d = size_distribution::uniform(10, 19);
    std::vector<double> counts(10, 0);
    for (const double s : sizes(d, 1'000'000))
        ++counts[static_cast<std::size_t>(s) - 10];
    CHECK(goodness::chi_square(counts, std::vector<double>(10, 100'000)) < 3.1);
    CHECK(d.at(0) == 10);
    CHECK(d.at(~0ULL) == 19);
    CHECK(d.mean() == 14.5);
    check_bounds_and_mean(size_distribution::uniform(4 * KiB, MiB), 0.002);
}

TEST_CASE("size_uniform_over_all_words_does_not_overflow") {
    const auto d = size_distribution::uniform(0, ~0ULL);
    CHECK(d.at(12345) == 12345);
    CHECK(size_distribution::uniform(5, 5).at(~0ULL) == 5);
}

TEST_CASE("size_lognormal_wide_bounds_is_lognormal") {
    const double median = 64.0 * KiB;
    const auto d = size_distribution::lognormal(64 * KiB, 1.5, 0, 1ULL << 60);
    // Rounding to whole bytes is far below what 1e5 samples can see.
    const auto cdf = [&](double x) {
        return 0.5 * std::erfc(-std::log(x / median) / 1.5 / std::sqrt(2));
    };
    CHECK(goodness::ks(sizes(d, 100'000), cdf) < 1.95);
    CHECK(d.mean() == doctest::Approx(median * std::exp(1.5 * 1.5 / 2)).epsilon(1e-9));
}

TEST_CASE("size_lognormal_cut_has_its_mass_at_the_bounds") {
    const auto d = size_distribution::lognormal(64 * KiB, 1.5, 16 * KiB, 256 * KiB);
    const auto all = sizes(d, 1'000'000);
    double at_min = 0;
    double at_max = 0;
    for (const double s : all) {
        at_min += s == 16.0 * KiB;
        at_max += s == 256.0 * KiB;
    }
    // Both bounds are ln 4 / 1.5 deviations away.
    const double tail = 0.5 * std::erfc(std::log(4) / 1.5 / std::sqrt(2));
    CHECK(at_min / 1e6 == doctest::Approx(tail).epsilon(0.01));
    CHECK(at_max / 1e6 == doctest::Approx(tail).epsilon(0.01));
    check_bounds_and_mean(d, 0.003);
}

TEST_CASE("size_lognormal_mean_agrees_with_numerical_integration") {
    struct {
        std::uint64_t median;
        double sigma;
        std::uint64_t min, max;
    } const cases[] = {{64 * KiB, 1.5, 1, 16 * MiB},    {100, 3, 0, 1000},
                       {1000, 0.1, 5000, 6000},         {1000, 0.1, 1, 100},
                       {4 * KiB, 0, 1, 8 * KiB},        {4 * KiB, 0, 1, KiB},
                       {10 * MiB, 2.5, KiB, 1ULL << 40}};
    for (const auto& c : cases) {
        const auto d = size_distribution::lognormal(c.median, c.sigma, c.min, c.max);
        // The normal quantile axis cut into slices, each weighted by its exact mass.
        double integral = 0;
        double below = 0;
        for (double z = -9; z < 9; z += 1e-4) {
            const double up_to = 0.5 * std::erfc(-(z + 1e-4) / std::sqrt(2));
            const double value = static_cast<double>(c.median) * std::exp(c.sigma * (z + 0.5e-4));
            integral += (up_to - below) * std::min(std::max(value, static_cast<double>(c.min)),
                                                   static_cast<double>(c.max));
            below = up_to;
        }
        CHECK(d.mean() == doctest::Approx(integral).epsilon(1e-5));
    }
}

TEST_CASE("size_lognormal_extreme_words_stay_in_bounds") {
    const auto d = size_distribution::lognormal(1ULL << 62, 50, 3, ~0ULL >> 1);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        const auto s = d.at(mix64(9, i));
        REQUIRE(s >= 3);
        REQUIRE(s <= ~0ULL >> 1);
    }
    CHECK(d.at(0) >= 3);
    CHECK(d.at(~0ULL) >= 3);
}

TEST_CASE("size_table_gives_its_sizes_by_weight") {
    const auto d = size_distribution::table({{4 * KiB, 30}, {MiB, 60}, {0, 10}});
    std::map<double, double> counts;
    for (const double s : sizes(d, 1'000'000))
        ++counts[s];
    REQUIRE(counts.size() == 3);
    CHECK(goodness::chi_square({counts[0], counts[4.0 * KiB], counts[1.0 * MiB]},
                               {100'000, 300'000, 600'000}) < 3.1);
    CHECK(d.min() == 0);
    CHECK(d.max() == MiB);
    CHECK(d.mean() == doctest::Approx(0.3 * 4 * KiB + 0.6 * MiB));
    CHECK(d.describe() == "30 % 4 KiB, 60 % 1 MiB, 10 % 0 B");
}

TEST_CASE("size_mix_is_uniform_within_each_range") {
    const auto d = size_distribution::mix({{0, 9, 1}, {100, 109, 3}});
    std::vector<double> counts(20, 0);
    for (const double s : sizes(d, 1'000'000)) {
        const auto v = static_cast<std::size_t>(s);
        REQUIRE((v < 10 || (v >= 100 && v < 110)));
        ++counts[v < 10 ? v : v - 90];
    }
    std::vector<double> expected(10, 25'000);
    expected.resize(20, 75'000);
    CHECK(goodness::chi_square(counts, expected) < 3.1);
    CHECK(d.mean() == doctest::Approx(0.25 * 4.5 + 0.75 * 104.5));
    check_bounds_and_mean(d, 0.002);
}

TEST_CASE("size_descriptions_read_well") {
    CHECK(size_distribution::uniform(4 * KiB, MiB).describe() == "uniform 4 KiB to 1 MiB");
    CHECK(size_distribution::lognormal(64 * KiB, 1.5, 1, 16 * MiB).describe() ==
          "lognormal, median 64 KiB, sigma 1.5, 1 B to 16 MiB");
    CHECK(size_distribution::mix({{KiB, 2 * KiB, 9}, {MiB, MiB, 1}}).describe() ==
          "90 % 1 KiB to 2 KiB, 10 % 1 MiB");
}
