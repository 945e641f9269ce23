#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <chopsticks/stats/steadiness.hpp>
#include <cmath>
#include <limits>
#include <vector>

namespace chopsticks::stats {

namespace {

constexpr std::size_t batches_least = 20;
constexpr std::size_t values_never_cut_to = 5;
constexpr double confidence_level = 0.95;
constexpr double independence_level = 0.10;
constexpr double trend_limit = 1.96;  // of a standard normal value: 5 %, both ways

/// How many more pairs rise than fall, over its standard deviation for independent values. Ties
/// make the true deviation smaller; they count as neither, which errs towards "no trend" for a
/// series that hardly moves.
double trend_of(std::span<const double> series) noexcept {
    const auto n = static_cast<double>(series.size());
    double rising = 0;
    for (std::size_t i = 0; i < series.size(); ++i) {
        for (std::size_t j = i + 1; j < series.size(); ++j) {
            rising += series[j] > series[i] ? 1 : series[j] < series[i] ? -1 : 0;
        }
    }
    return rising / std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
}

}  // namespace

truncation find_truncation(std::span<const double> series) noexcept {
    truncation out;
    const std::size_t n = series.size();
    if (n < steady_values_least) return out;
    // From the end: mean and sum of squared deviations of the values after d (Welford's update).
    double mean = 0;
    double squares = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t left = 1; left <= n; ++left) {
        const double x = series[n - left];
        const double off = x - mean;
        mean += off / static_cast<double>(left);
        squares += off * (x - mean);
        if (left <= values_never_cut_to) continue;
        const double error = squares / (static_cast<double>(left) * static_cast<double>(left));
        // Of equal ones the smallest cut.
        if (error <= least) {
            least = error;
            out.cut = n - left;
        }
    }
    out.trend = trend_of(series.subspan(out.cut));
    out.steady = 2 * out.cut <= n && std::abs(out.trend) <= trend_limit;
    return out;
}

double mean_confidence::relative() const noexcept {
    if (!usable || mean == 0) return std::numeric_limits<double>::infinity();
    return half_width / std::abs(mean);
}

mean_confidence confidence_of_mean(std::span<const double> series) {
    mean_confidence out;
    if (series.empty()) return out;
    if (series.size() < batches_least) {
        for (const double x : series)
            out.mean += x / static_cast<double>(series.size());
        return out;
    }
    out.batch_values = series.size() / batches_least;
    out.batches = series.size() / out.batch_values;
    const std::span<const double> used =
        series.subspan(series.size() - out.batches * out.batch_values);
    std::vector<double> means(out.batches);
    for (std::size_t b = 0; b < out.batches; ++b) {
        for (const double x : used.subspan(b * out.batch_values, out.batch_values))
            means[b] += x / static_cast<double>(out.batch_values);
        out.mean += means[b] / static_cast<double>(out.batches);
    }
    const auto b = static_cast<double>(out.batches);
    double squares = 0;
    double products = 0;
    for (std::size_t i = 0; i < out.batches; ++i) {
        const double off = means[i] - out.mean;
        squares += off * off;
        if (i > 0) products += off * (means[i - 1] - out.mean);
    }
    if (squares <= 0) {  // all alike: an even rate, known exactly
        out.usable = true;
        return out;
    }
    out.lag1 = products / squares;
    // Von Neumann's ratio as Fishman writes it: C = r1 + the two ends' share, which is normal with
    // mean 0 and variance (b - 2) / (b^2 - 1) for independent means.
    const double first = means.front() - out.mean;
    const double last = means.back() - out.mean;
    const double ratio = out.lag1 + (first * first + last * last) / (2 * squares);
    const double spread = std::sqrt((b - 2) / (b * b - 1));
    const double limit = boost::math::quantile(boost::math::normal(), 1 - independence_level);
    out.usable = ratio <= limit * spread;
    const double t =
        boost::math::quantile(boost::math::students_t(b - 1), 1 - (1 - confidence_level) / 2);
    out.half_width = t * std::sqrt(squares / (b - 1) / b);
    return out;
}

bool confidence_watch::enough(std::span<const double> series) {
    if (series.size() < next_look_) return false;
    next_look_ = series.size() + std::max<std::size_t>(2, series.size() / 10);
    narrow_looks_ = confidence_of_mean(series).relative() <= target_ ? narrow_looks_ + 1 : 0;
    return narrow_looks_ >= 2;
}

}  // namespace chopsticks::stats
