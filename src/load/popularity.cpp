#include <algorithm>
#include <bit>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/popularity.hpp>
#include <cmath>
#include <cstdio>

namespace chopsticks::load {

namespace {

/// log1p(x) / x, continuous at 0.
double log1p_ratio(double x) {
    return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x / 3);
}

/// expm1(x) / x, continuous at 0.
double expm1_ratio(double x) {
    return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * 0.5 * (1 + x / 3);
}

}  // namespace

std::string describe(const popularity& p) {
    char text[96];
    switch (p.kind) {
        case popularity_kind::sequential:
            return "sequential";
        case popularity_kind::uniform:
            return "uniform";
        case popularity_kind::zipf:
            std::snprintf(text, sizeof text, "zipf %g", p.zipf_exponent);
            return text;
        case popularity_kind::hot_set:
            std::snprintf(text, sizeof text, "hot set: %g %% of the objects, %g %% of the choices",
                          p.hot_fraction * 100, p.hot_share * 100);
            return text;
    }
    return "unknown";
}

picker::picker(popularity how, std::uint64_t seed) noexcept : how_(how) {
    CHOPSTICKS_ASSERT(how.kind != popularity_kind::zipf || how.zipf_exponent > 0);
    for (unsigned i = 0; i < 3; ++i)
        factors_[i] = mix64(seed, i) | 1;  // odd: invertible mod 2^k
}

std::uint64_t picker::pick(random_stream& random, std::uint64_t n) noexcept {
    CHOPSTICKS_ASSERT(n > 0);
    switch (how_.kind) {
        case popularity_kind::sequential: {
            if (cursor_ >= n) cursor_ = 0;
            return cursor_++;
        }
        case popularity_kind::uniform:
            return random.below(n);
        case popularity_kind::zipf:
            if (n != n_) prepare(n);
            return scatter(zipf_rank(random));
        case popularity_kind::hot_set: {
            if (n != n_) prepare(n);
            const bool hot = hot_ == n || random.unit() < how_.hot_share;
            return scatter(hot ? random.below(hot_) : hot_ + random.below(n - hot_));
        }
    }
    return 0;
}

std::uint64_t picker::position_of_rank(std::uint64_t rank, std::uint64_t n) noexcept {
    CHOPSTICKS_ASSERT(rank < n);
    if (n != n_) prepare(n);
    return scatter(rank);
}

void picker::prepare(std::uint64_t n) noexcept {
    n_ = n;
    const auto bits = static_cast<unsigned>(std::bit_width(n - 1));
    mask_ = bits == 0 ? 0 : ~0ULL >> (64 - bits);
    shift_ = std::max(1U, bits / 2);
    if (how_.kind == popularity_kind::zipf) {
        h_x1_ = h_integral(1.5) - 1;
        h_n_ = h_integral(static_cast<double>(n) + 0.5);
        s_ = 2 - h_integral_inverse(h_integral(2.5) - std::pow(2, -how_.zipf_exponent));
    } else {
        const double share = std::round(how_.hot_fraction * static_cast<double>(n));
        hot_ = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(share), 1, n);
    }
}

std::uint64_t picker::scatter(std::uint64_t rank) const noexcept {
    // Each step is a bijection of the words of mask_'s bits, so is their chain. Walking on from the
    // words that are n or more makes it one of [0, n): less than two rounds on average, since n is
    // more than half of the words.
    std::uint64_t x = rank;
    do {
        x = ((x ^ factors_[2]) * factors_[0]) & mask_;
        x ^= x >> shift_;
        x = (x * factors_[1]) & mask_;
        x ^= x >> shift_;
        x = (x * factors_[2] + factors_[0]) & mask_;
    } while (x >= n_);
    return x;
}

// H(x), the integral of x^-s up to a constant: (x^(1-s) - 1) / (1 - s), and log x for s = 1.
double picker::h_integral(double x) const noexcept {
    const double log_x = std::log(x);
    return expm1_ratio((1 - how_.zipf_exponent) * log_x) * log_x;
}

double picker::h_integral_inverse(double x) const noexcept {
    // Rounding may push the argument of log1p below its domain at the far end of the tail.
    const double t = std::max(-1.0, x * (1 - how_.zipf_exponent));
    return std::exp(log1p_ratio(t) * x);
}

std::uint64_t picker::zipf_rank(random_stream& random) const noexcept {
    for (;;) {
        const double u = h_n_ + random.unit() * (h_x1_ - h_n_);
        const double x = h_integral_inverse(u);
        const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(n_));
        // The first test is the paper's shortcut: it accepts without computing the hat again.
        if (k - x <= s_ || u >= h_integral(k + 0.5) - std::exp(-how_.zipf_exponent * std::log(k))) {
            return static_cast<std::uint64_t>(k) - 1;
        }
    }
}

}  // namespace chopsticks::load
