// Against distributions whose figures are known in closed form.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cmath>
#include <functional>
#include <vector>

namespace {

using chopsticks::random_stream;
using chopsticks::stats::histogram;

constexpr std::size_t sample_count = 400'000;

struct distribution {
    const char* name;
    std::function<double(random_stream&)> draw;
    std::function<double(double)> quantile;  // of a share in (0, 1)
    double mean;
    double stddev;
};

double normal_quantile(double p) {
    // By bisection of the cumulative distribution: slow and beyond doubt.
    double low = -10;
    double high = 10;
    for (int i = 0; i < 200; ++i) {
        const double middle = (low + high) / 2;
        (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
    }
    return low;
}

std::vector<distribution> distributions() {
    constexpr double low = 1e3;
    constexpr double high = 1e7;
    constexpr double scale = 2e6;
    const double mu = std::log(1e6);
    constexpr double sigma = 0.8;
    const double lognormal_mean = std::exp(mu + sigma * sigma / 2);
    return {
        {"uniform", [=](random_stream& r) { return low + r.unit() * (high - low); },
         [=](double p) { return low + p * (high - low); }, (low + high) / 2,
         (high - low) / std::sqrt(12.0)},
        {"exponential", [=](random_stream& r) { return scale * r.exponential(); },
         [=](double p) { return -scale * std::log1p(-p); }, scale, scale},
        {"lognormal", [=](random_stream& r) { return std::exp(mu + sigma * r.normal()); },
         [=](double p) { return std::exp(mu + sigma * normal_quantile(p)); }, lognormal_mean,
         lognormal_mean * std::sqrt(std::expm1(sigma * sigma))},
    };
}

}  // namespace

TEST_CASE("histogram_of_a_known_distribution_has_its_figures") {
    for (const distribution& d : distributions()) {
        for (auto [digits, resolution] : {std::pair{2, 1e-2}, {3, 1e-3}}) {
            CAPTURE(d.name);
            CAPTURE(digits);
            random_stream random(42);
            histogram h(digits);
            for (std::size_t i = 0; i < sample_count; ++i) {
                h.record(std::llround(d.draw(random)));
            }
            // Sampling error of mean and deviation: below 5 standard errors; heavy tails are within
            // twice the normal's error of the deviation here.
            const double standard_error = d.stddev / std::sqrt(double{sample_count});
            CHECK(std::abs(h.mean() - d.mean) < 5 * standard_error);
            CHECK(std::abs(h.stddev() / d.stddev - 1) < 0.015);
            for (double p : {1.0, 5.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9}) {
                CAPTURE(p);
                // The rank's sampling error, read as a band of quantiles, plus the resolution.
                const double share = p / 100;
                const double band = 5 * std::sqrt(share * (1 - share) / double{sample_count});
                const auto found = static_cast<double>(h.value_at_percentile(p));
                CHECK(found >= d.quantile(share - band) * (1 - resolution));
                CHECK(found <= d.quantile(std::min(share + band, 1 - 1e-9)) * (1 + resolution));
            }
        }
    }
}

TEST_CASE("histogram_figures_match_the_sorted_sample") {
    // No sampling error here: only the resolution may be between histogram and sample.
    for (const distribution& d : distributions()) {
        CAPTURE(d.name);
        random_stream random(17);
        std::vector<std::int64_t> values(50'001);
        histogram h;
        double sum = 0;
        for (auto& v : values) {
            v = std::llround(d.draw(random));
            sum += static_cast<double>(v);
            h.record(v);
        }
        std::sort(values.begin(), values.end());
        const double n = static_cast<double>(values.size());
        const double mean = sum / n;
        double variance = 0;
        for (auto v : values)
            variance += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean) / n;

        CHECK(h.min() == values.front());
        CHECK(h.max() == values.back());
        CHECK(h.mean() == doctest::Approx(mean).epsilon(1e-12));
        CHECK(h.stddev() == doctest::Approx(std::sqrt(variance)).epsilon(1e-4));
        for (double p : {0.01, 0.1, 1.0, 10.0, 33.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
            CAPTURE(p);
            const auto rank = static_cast<std::size_t>(std::ceil(p / 100 * n - 1e-9));
            const std::int64_t exact = values[std::max<std::size_t>(rank, 1) - 1];
            const std::int64_t found = h.value_at_percentile(p);
            CHECK(found >= exact);
            CHECK(static_cast<double>(found - exact) <= 1e-3 * static_cast<double>(exact));
        }
    }
}
