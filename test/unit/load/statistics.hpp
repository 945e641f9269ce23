#pragma once
// Goodness of fit for tests with fixed seeds: a wrong distribution is found, a right one passes
// always, because the draws are the same in every run.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace goodness {

/// Kolmogorov and Smirnov's statistic times the root of n, for samples of a continuous
/// distribution. Above 1.95 in one of a thousand right cases.
template <typename Cdf>
double ks(std::vector<double> samples, Cdf cdf) {
    std::sort(samples.begin(), samples.end());
    const auto n = static_cast<double>(samples.size());
    double worst = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double p = cdf(samples[i]);
        worst =
            std::max({worst, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
    }
    return worst * std::sqrt(n);
}

/// Pearson's chi-square as a standard normal deviate (Wilson and Hilferty's cube root).
/// Above 3.1 in one of a thousand right cases.
inline double chi_square(const std::vector<double>& observed, const std::vector<double>& expected) {
    double sum = 0;
    for (std::size_t i = 0; i < observed.size(); ++i) {
        const double d = observed[i] - expected[i];
        sum += d * d / expected[i];
    }
    const auto k = static_cast<double>(observed.size() - 1);
    return (std::cbrt(sum / k) - (1 - 2 / (9 * k))) / std::sqrt(2 / (9 * k));
}

}  // namespace goodness
