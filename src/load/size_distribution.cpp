#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/load/size_distribution.hpp>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <utility>

namespace chopsticks::load {

namespace {

/// The word's place in [min, max].
std::uint64_t between(std::uint64_t min, std::uint64_t max, std::uint64_t word) {
    const std::uint64_t span = max - min + 1;
    if (span == 0) return word;  // all 2^64 values
    __extension__ using wide = unsigned __int128;
    return min + static_cast<std::uint64_t>((static_cast<wide>(word) * span) >> 64);
}

double middle(std::uint64_t min, std::uint64_t max) {
    return static_cast<double>(min) + static_cast<double>(max - min) / 2;
}

double normal_cdf(double z) {
    return 0.5 * std::erfc(-z * 0.70710678118654752);
}

/// Mean of exp(N(mu, sigma^2)) cut to [min, max]: the mass outside at the bounds, and the partial
/// expectation of the lognormal inside (e.g. Johnson, Kotz, Balakrishnan, "Continuous univariate
/// distributions" 1, chapter 14).
double clamped_lognormal_mean(double mu, double sigma, double min, double max) {
    if (sigma == 0) return std::clamp(std::exp(mu), min, max);
    const double a = min > 0 ? (std::log(min) - mu) / sigma : -HUGE_VAL;
    const double b = (std::log(max) - mu) / sigma;
    const double inside = normal_cdf(b - sigma) - normal_cdf(a - sigma);
    const double body = inside > 0 ? std::exp(mu + sigma * sigma / 2) * inside : 0;
    return min * normal_cdf(a) + body + max * normal_cdf(-b);
}

std::string range_text(std::uint64_t min, std::uint64_t max) {
    return min == max ? format_size(min) : format_size(min) + " to " + format_size(max);
}

}  // namespace

size_distribution size_distribution::fixed(std::uint64_t bytes) {
    size_distribution d;
    d.min_ = d.max_ = bytes;
    d.mean_ = static_cast<double>(bytes);
    return d;
}

size_distribution size_distribution::uniform(std::uint64_t min, std::uint64_t max) {
    CHOPSTICKS_ASSERT(min <= max);
    size_distribution d;
    d.kind_ = kind::uniform;
    d.min_ = min;
    d.max_ = max;
    d.mean_ = middle(min, max);
    return d;
}

size_distribution size_distribution::lognormal(std::uint64_t median, double sigma,
                                               std::uint64_t min, std::uint64_t max) {
    CHOPSTICKS_ASSERT(median > 0);
    CHOPSTICKS_ASSERT(sigma >= 0 && std::isfinite(sigma));
    CHOPSTICKS_ASSERT(min <= max && max > 0);
    size_distribution d;
    d.kind_ = kind::lognormal;
    d.min_ = min;
    d.max_ = max;
    d.log_median_ = std::log(static_cast<double>(median));
    d.sigma_ = sigma;
    d.mean_ = clamped_lognormal_mean(d.log_median_, sigma, static_cast<double>(min),
                                     static_cast<double>(max));
    return d;
}

size_distribution size_distribution::table(std::vector<weighted_size> sizes) {
    std::vector<weighted_range> ranges;
    ranges.reserve(sizes.size());
    for (const auto& s : sizes)
        ranges.push_back({s.size, s.size, s.weight});
    return mix(std::move(ranges));
}

size_distribution size_distribution::mix(std::vector<weighted_range> ranges) {
    CHOPSTICKS_ASSERT(!ranges.empty());
    size_distribution d;
    d.kind_ = kind::ranges;
    d.min_ = ~0ULL;
    d.max_ = 0;
    std::vector<double> weights;
    weights.reserve(ranges.size());
    double sum = 0;
    double weighted = 0;
    for (const auto& r : ranges) {
        CHOPSTICKS_ASSERT(r.min <= r.max);
        CHOPSTICKS_ASSERT(r.weight > 0);
        d.min_ = std::min(d.min_, r.min);
        d.max_ = std::max(d.max_, r.max);
        weights.push_back(r.weight);
        sum += r.weight;
        weighted += r.weight * middle(r.min, r.max);
    }
    d.mean_ = weighted / sum;
    d.choice_ = task_choice(weights);
    d.ranges_ = std::move(ranges);
    return d;
}

std::uint64_t size_distribution::at(std::uint64_t word) const noexcept {
    switch (kind_) {
        case kind::fixed:
            return min_;
        case kind::uniform:
            return between(min_, max_, word);
        case kind::lognormal: {
            // Box and Muller's transform; the second uniform comes from the same word by mixing.
            const double u = static_cast<double>((word >> 11) + 1) * 0x1.0p-53;  // (0, 1]
            const double angle = 6.283185307179586 * to_unit(mix64(word));
            const double z = std::sqrt(-2 * std::log(u)) * std::cos(angle);
            const double bytes = std::exp(log_median_ + sigma_ * z) + 0.5;
            if (!(bytes < 0x1p63)) return max_;
            return std::clamp(static_cast<std::uint64_t>(bytes), min_, max_);
        }
        case kind::ranges: {
            const weighted_range& r = ranges_[choice_.at(word)];
            return r.min == r.max ? r.min : between(r.min, r.max, mix64(word));
        }
    }
    return min_;
}

std::vector<std::uint64_t> size_distribution::sizes() const {
    std::vector<std::uint64_t> out;
    if (ranges_.empty()) out = {min_, max_};
    for (const weighted_range& r : ranges_) {
        out.push_back(r.min);
        out.push_back(r.max);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::string size_distribution::describe() const {
    char text[96];
    switch (kind_) {
        case kind::fixed:
            return format_size(min_);
        case kind::uniform:
            return "uniform " + range_text(min_, max_);
        case kind::lognormal:
            std::snprintf(text, sizeof text, ", sigma %g, ", sigma_);
            return "lognormal, median " +
                   format_size(static_cast<std::uint64_t>(std::exp(log_median_) + 0.5)) + text +
                   range_text(min_, max_);
        case kind::ranges:
            break;
    }
    const double sum = std::accumulate(ranges_.begin(), ranges_.end(), 0.0,
                                       [](double s, const auto& r) { return s + r.weight; });
    std::string out;
    for (const auto& r : ranges_) {
        std::snprintf(text, sizeof text, "%s%.3g %% ", out.empty() ? "" : ", ",
                      r.weight / sum * 100);
        out += text + range_text(r.min, r.max);
    }
    return out;
}

}  // namespace chopsticks::load
