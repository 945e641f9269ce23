#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <chopsticks/compare/estimate.hpp>
#include <cmath>

namespace chopsticks::compare {

namespace {

/// Chances in which values_to_decide wants the difference to show.
constexpr double power = 0.8;
constexpr double decided_at = 0.95;

double quantile(double freedom, double share) {
    return boost::math::quantile(boost::math::students_t(freedom), share);
}

}  // namespace

interval estimate::at(double confidence) const {
    if (!(freedom > 0) || !std::isfinite(value)) return {};
    if (standard_error == 0) return {value, value};
    const double reach = quantile(freedom, (1 + confidence) / 2) * standard_error;
    return {value - reach, value + reach};
}

double estimate::p_above(double limit) const {
    if (!(freedom > 0) || !std::isfinite(value)) return 1;
    if (standard_error == 0) return value > limit ? 0 : 1;
    const boost::math::students_t t(freedom);
    return boost::math::cdf(boost::math::complement(t, (value - limit) / standard_error));
}

double estimate::p_below(double limit) const {
    return estimate{-value, standard_error, freedom}.p_above(-limit);
}

double estimate::p_apart(double limit) const {
    return std::min(1.0, 2 * std::min(p_above(limit), p_below(limit)));
}

estimate mean_of(std::span<const double> values, double own_variance) {
    estimate out;
    if (values.empty()) return out;
    const auto n = static_cast<double>(values.size());
    for (const double x : values)
        out.value += x / n;
    if (values.size() < 2) return out;
    double squares = 0;
    for (const double x : values)
        squares += (x - out.value) * (x - out.value);
    out.standard_error = std::sqrt(std::max(squares / (n - 1), own_variance) / n);
    out.freedom = n - 1;
    return out;
}

estimate difference(const estimate& from, const estimate& to) {
    estimate out;
    out.value = to.value - from.value;
    if (!(from.freedom > 0) || !(to.freedom > 0)) return out;
    const double a = from.standard_error * from.standard_error;
    const double b = to.standard_error * to.standard_error;
    out.standard_error = std::sqrt(a + b);
    // Of two that are known exactly the degrees do not matter.
    out.freedom = a + b > 0 ? (a + b) * (a + b) / (a * a / from.freedom + b * b / to.freedom)
                            : from.freedom + to.freedom;
    return out;
}

unsigned values_to_decide(const estimate& found, double limit, unsigned values, unsigned most) {
    if (!(found.freedom > 0) || values == 0) return most;
    const double distance = std::abs(found.value - limit);
    // Degrees of freedom grow with the values; those at hand tell how many of them a value brings.
    const double freedom_each = found.freedom / std::max(1.0, values - 1.0);
    for (unsigned n = std::max(values, 2U); n < most; ++n) {
        const double error = found.standard_error * std::sqrt(static_cast<double>(values) / n);
        const double freedom = freedom_each * (n - 1.0);
        const double reach = quantile(freedom, (1 + decided_at) / 2) + quantile(freedom, power);
        if (reach * error <= distance) return n;
    }
    return most;
}

}  // namespace chopsticks::compare
