#pragma once
/// \file
/// Whether a stream of instants is a Poisson process, from the gaps between them, in fixed memory.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace chopsticks::stats {

/// Gaps in units of the gap that the plan expects: differences of the area under the rate curve, so
/// that the gaps of a Poisson process are exponential with mean 1 whatever its rate does (the
/// time-rescaling theorem; E. N. Brown et al., "The time-rescaling theorem and its application to
/// neural spike train data analysis", Neural Computation 14, 2002), and those of evenly spaced
/// arrivals are 1. Counted in 100 classes that are equally likely for exponential gaps; Pearson's
/// chi-square of these counts has 99 degrees of freedom.
///
/// One writer. `record` costs 15 ns and allocates nothing; 0.8 KiB. Objects of several cores
/// are added up.
class gap_figures {
  public:
    static constexpr std::size_t class_count = 100;

    /// \param gap >= 0; smaller ones count as 0
    void record(double gap) noexcept {
        gap = gap > 0 ? gap : 0;
        const auto at = static_cast<std::size_t>(-std::expm1(-gap) * class_count);
        ++counts_[at < class_count ? at : class_count - 1];
        ++count_;
        sum_ += gap;
        square_sum_ += gap * gap;
    }

    void add(const gap_figures& other) noexcept;

    std::uint64_t count() const noexcept { return count_; }
    /// 1 where the instants are as many as planned; 0 when empty.
    double mean() const noexcept;
    /// Standard deviation / mean: 1 for a Poisson process, 0 for even spacing. 0 when empty.
    double variation() const noexcept;

    /// Whether there are enough gaps for the classes.
    bool is_testable() const noexcept { return count_ >= 10 * class_count; }

    /// Pearson's statistic against exponential gaps of mean 1; 0 below 1000 gaps, which are too few
    /// for 100 classes.
    double chi_square() const noexcept;
    /// How likely a Poisson process is to give so great a chi-square. 1 below 1000 gaps. With many
    /// gaps the test sees what no target would: a million show a lag of a hundredth of a gap.
    double p_value() const;
    /// How far off it is, whatever the number of gaps: the greatest difference between the share of
    /// gaps below a bound and what it should be, over the classes' bounds (Kolmogorov's distance,
    /// at 99 places). 0 when empty.
    double distance() const noexcept;

  private:
    std::array<std::uint64_t, class_count> counts_{};
    std::uint64_t count_ = 0;
    double sum_ = 0;
    double square_sum_ = 0;
};

}  // namespace chopsticks::stats
