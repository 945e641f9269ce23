#include <algorithm>
#include <chopsticks/compare/autocorrelation.hpp>
#include <cmath>
#include <numbers>
#include <vector>

namespace chopsticks::compare {

namespace {

constexpr std::size_t batches_least = 30;
/// Batches that show more than so many times the variance are believed.
constexpr double hidden_wave = 2;
/// Beyond, a series of a few hundred values cannot be told from one that never comes back.
constexpr double coefficient_most = 0.97;
/// Squares of deviations, over those of the values, that are the doubles' own.
constexpr double rounding = 1e-24;

struct long_run {
    double variance = 0;  ///< of the mean, times the number of values
    double freedom = 0;
};

double mean_of_series(std::span<const double> series) {
    double sum = 0;
    for (const double x : series)
        sum += x;
    return sum / static_cast<double>(series.size());
}

/// Correlation of neighbours, corrected for bias; 0 where it is negative, which then counts as
/// independence, and where nothing varies.
double coefficient_of(std::span<const double> series) {
    const double mean = mean_of_series(series);
    const auto n = static_cast<double>(series.size());
    double squares = 0;
    double products = 0;
    for (std::size_t i = 0; i < series.size(); ++i) {
        const double off = series[i] - mean;
        squares += off * off;
        if (i > 0) products += off * (series[i - 1] - mean);
    }
    if (!(squares > n * mean * mean * rounding)) return 0;
    return std::clamp((products / squares + 1 / n) / (1 - 3 / n), 0.0, coefficient_most);
}

long_run long_run_variance(std::span<const double> series) {
    const double mean = mean_of_series(series);
    const double coefficient = coefficient_of(series);
    std::vector<double> rest(series.size() - 1);
    for (std::size_t i = 0; i < rest.size(); ++i)
        rest[i] = series[i + 1] - mean - coefficient * (series[i] - mean);
    const auto n = static_cast<double>(rest.size());
    const auto transforms = static_cast<std::size_t>(
        std::max(4.0, std::floor(0.41 * std::pow(static_cast<double>(series.size()), 2.0 / 3))));
    double squares = 0;
    for (std::size_t j = 1; j <= transforms; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < rest.size(); ++i) {
            const double place = (static_cast<double>(i) + 0.5) / n;
            sum += rest[i] * std::cos(std::numbers::pi * static_cast<double>(j) * place);
        }
        squares += 2 / n * sum * sum;
    }
    const auto freedom = static_cast<double>(transforms);
    return {squares / freedom / ((1 - coefficient) * (1 - coefficient)), freedom};
}

/// Means of at least batches_least batches of equal length; what does not fill one is left out in
/// front.
std::vector<double> batch_means(std::span<const double> series, std::size_t length) {
    std::vector<double> means(series.size() / length);
    const std::span<const double> used = series.subspan(series.size() - means.size() * length);
    for (std::size_t b = 0; b < means.size(); ++b)
        means[b] = mean_of_series(used.subspan(b * length, length));
    return means;
}

}  // namespace

series_estimate ratio_of_sums(std::span<const double> numerators,
                              std::span<const double> denominators) {
    series_estimate out;
    const std::size_t n = std::min(numerators.size(), denominators.size());
    double above = 0;
    double below = 0;
    for (std::size_t i = 0; i < n; ++i) {
        above += numerators[i];
        below += denominators[i];
    }
    if (!(below > 0)) return out;
    out.mean.value = above / below;
    if (n < series_values_least) return out;
    const double denominator_mean = below / static_cast<double>(n);
    std::vector<double> deviations(n);
    double squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
        deviations[i] = (numerators[i] - out.mean.value * denominators[i]) / denominator_mean;
        squares += deviations[i] * deviations[i];
    }
    const auto values = static_cast<double>(n);
    if (squares <= values * out.mean.value * out.mean.value * rounding) {
        out.mean.freedom = values - 1;
        return out;
    }
    long_run found = long_run_variance(deviations);
    if (const std::size_t length = n / batches_least; length > 1) {
        long_run of_batches = long_run_variance(batch_means(deviations, length));
        of_batches.variance *= static_cast<double>(length);
        if (of_batches.variance > hidden_wave * found.variance) found = of_batches;
    }
    out.mean.standard_error = std::sqrt(found.variance / values);
    out.mean.freedom = found.freedom;
    out.inflation = std::max(1.0, found.variance * (values - 1) / squares);
    return out;
}

std::size_t block_length(std::span<const double> series) {
    if (series.size() < 5) return 1;
    const double c = coefficient_of(series);
    const double length =
        std::cbrt(1.5 * std::pow(2 * c / (1 - c * c), 2) * static_cast<double>(series.size()));
    return std::clamp(static_cast<std::size_t>(std::ceil(length)), std::size_t{1},
                      series.size() / 5);
}

}  // namespace chopsticks::compare
