#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/load/time_distribution.hpp>
#include <cmath>
#include <cstdio>

namespace chopsticks::load {

namespace {

/// The value below which a standard normal variable is with probability p, by bisection of its
/// distribution function (erfc): exact to the last digits, and nobody is in a hurry.
double normal_quantile(double p) {
    double low = -40;
    double high = 40;
    for (int n = 0; n < 100; ++n) {
        const double middle = (low + high) / 2;
        (std::erfc(-middle / std::sqrt(2.0)) / 2 < p ? low : high) = middle;
    }
    return (low + high) / 2;
}

std::string shape_text(double shape) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", shape);
    return text;
}

}  // namespace

time_distribution time_distribution::constant(std::int64_t ns) {
    CHOPSTICKS_ASSERT(ns >= 0);
    time_distribution d;
    d.first_ns_ = ns;
    return d;
}

time_distribution time_distribution::uniform(std::int64_t min_ns, std::int64_t max_ns) {
    CHOPSTICKS_ASSERT(0 <= min_ns && min_ns <= max_ns);
    time_distribution d;
    d.kind_ = kind::uniform;
    d.first_ns_ = min_ns;
    d.second_ns_ = max_ns;
    return d;
}

time_distribution time_distribution::exponential(std::int64_t mean_ns) {
    CHOPSTICKS_ASSERT(mean_ns > 0);
    time_distribution d;
    d.kind_ = kind::exponential;
    d.first_ns_ = mean_ns;
    return d;
}

time_distribution time_distribution::lognormal(std::int64_t median_ns, double sigma) {
    CHOPSTICKS_ASSERT(median_ns > 0 && sigma >= 0);
    time_distribution d;
    d.kind_ = kind::lognormal;
    d.first_ns_ = median_ns;
    d.shape_ = sigma;
    return d;
}

time_distribution time_distribution::pareto(std::int64_t min_ns, double shape) {
    CHOPSTICKS_ASSERT(min_ns > 0 && shape > 1);
    time_distribution d;
    d.kind_ = kind::pareto;
    d.first_ns_ = min_ns;
    d.shape_ = shape;
    return d;
}

std::int64_t time_distribution::draw(random_stream& random) const noexcept {
    const auto first = static_cast<double>(first_ns_);
    double ns = first;
    switch (kind_) {
        case kind::constant:
            break;
        case kind::uniform:
            ns = first + random.unit() * static_cast<double>(second_ns_ - first_ns_);
            break;
        case kind::exponential:
            ns = first * random.exponential();
            break;
        case kind::lognormal:
            ns = first * std::exp(shape_ * random.normal());
            break;
        case kind::pareto:
            ns = first * std::exp(random.exponential() / shape_);
            break;
    }
    return std::llround(std::min(ns, static_cast<double>(longest_ns)));
}

double time_distribution::mean_ns() const noexcept {
    const auto first = static_cast<double>(first_ns_);
    switch (kind_) {
        case kind::uniform:
            return (first + static_cast<double>(second_ns_)) / 2;
        case kind::lognormal:
            return first * std::exp(shape_ * shape_ / 2);
        case kind::pareto:
            return first * shape_ / (shape_ - 1);
        case kind::constant:
        case kind::exponential:
            break;
    }
    return first;
}

double time_distribution::quantile_ns(double p) const noexcept {
    const auto first = static_cast<double>(first_ns_);
    switch (kind_) {
        case kind::constant:
            break;
        case kind::uniform:
            return first + p * static_cast<double>(second_ns_ - first_ns_);
        case kind::exponential:
            return -first * std::log1p(-p);
        case kind::lognormal:
            return first * std::exp(shape_ * normal_quantile(p));
        case kind::pareto:
            return first * std::pow(1 - p, -1 / shape_);
    }
    return first;
}

std::string time_distribution::describe() const {
    std::string first = format_duration(first_ns_);
    switch (kind_) {
        case kind::constant:
            break;
        case kind::uniform:
            return "uniform(" + first + ", " + format_duration(second_ns_) + ")";
        case kind::exponential:
            return "exponential(" + first + ")";
        case kind::lognormal:
            return "lognormal(" + first + ", " + shape_text(shape_) + ")";
        case kind::pareto:
            return "pareto(" + first + ", " + shape_text(shape_) + ")";
    }
    return first;
}

}  // namespace chopsticks::load
