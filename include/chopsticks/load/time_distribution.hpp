#pragma once
/// \file
/// How long something takes, as a random variable whose truth is known: mean and quantiles are
/// computed, not measured.

#include <chopsticks/core/random.hpp>
#include <cstdint>
#include <string>

namespace chopsticks::load {

/// A distribution of durations in nanoseconds, none below 0. Constant after its making.
class time_distribution {
  public:
    /// Always 0.
    time_distribution() = default;

    static time_distribution constant(std::int64_t ns);
    /// Every duration in [min, max] equally likely. 0 <= min <= max.
    static time_distribution uniform(std::int64_t min_ns, std::int64_t max_ns);
    /// As of a server without memory. mean > 0.
    static time_distribution exponential(std::int64_t mean_ns);
    /// exp(normal(ln median, sigma)): what latencies of storage often look like. median > 0,
    /// 0 <= sigma <= 4.
    static time_distribution lognormal(std::int64_t median_ns, double sigma);
    /// P(X > x) = (min / x)^shape for x >= min: a tail without an end. min > 0; shape > 1, so that
    /// there is a mean.
    static time_distribution pareto(std::int64_t min_ns, double shape);

    /// The next of a stream; at most `longest_ns`, so that absolute times do not overflow. About
    /// 50 ns, no allocation.
    std::int64_t draw(random_stream& random) const noexcept;

    double mean_ns() const noexcept;
    /// The value that a share `p` in (0, 1) does not exceed.
    double quantile_ns(double p) const noexcept;
    /// For people: "2ms", "lognormal(2ms, 0.5)".
    std::string describe() const;

    static constexpr std::int64_t longest_ns = 3'600'000'000'000;

  private:
    enum class kind : std::uint8_t { constant, uniform, exponential, lognormal, pareto };

    kind kind_ = kind::constant;
    std::int64_t first_ns_ = 0;   // the value, least, mean, median or least
    std::int64_t second_ns_ = 0;  // of uniform: the most
    double shape_ = 0;            // sigma, or the exponent of the tail
};

}  // namespace chopsticks::load
