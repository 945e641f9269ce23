#pragma once
/// \file
/// Of a series of interval figures (throughput per second, say): where its initial transient ends,
/// and how well its mean is known. Pure functions; any thread.

#include <cstddef>
#include <span>

namespace chopsticks::stats {

/// Fewer values than this tell nothing about steadiness: a trend must be able to show as a cut
/// beyond the half.
inline constexpr std::size_t steady_values_least = 15;

/// Where a series becomes steady, by the marginal standard error rule (MSER) of K. P. White, "An
/// effective truncation heuristic for bias reduction in simulation output", Simulation 69(6), 1997:
/// cutting d of n values leaves a mean with the squared standard error
///     sum over i > d of (x_i - mean_d)^2 / (n - d)^2;
/// the d that makes it smallest cuts what disturbs the mean more than the loss of values does. The
/// interval figures are the batch means of MSER-5 and its kin. The last five values are never cut
/// to: with so few left the rule goes after chance (S. Hoad, S. Robinson, R. Davies, "Automating
/// warm-up length estimation", JORS 61(9), 2010).
///
/// The rule alone is taken in by growth that gets faster and faster, whose early values are all
/// alike. Therefore what is left after the cut must pass a test against trend as well: H. B. Mann,
/// "Nonparametric tests against trend", Econometrica 13(3), 1945, at the 5 % level. Costs n^2 / 2
/// comparisons.
struct truncation {
    std::size_t cut = 0;  ///< values that belong to the transient
    /// Mann's statistic of what is left: standard normal where there is no trend.
    double trend = 0;
    /// The rule found an end of the transient: it lies in the first half of at least
    /// steady_values_least values (a cut beyond the half means that the series still moves; same
    /// source: more data are needed), and there is no trend after it.
    bool steady = false;
};
truncation find_truncation(std::span<const double> series) noexcept;

/// How well the mean of a series is known although its values depend on each other.
struct mean_confidence {
    double mean = 0;
    double half_width = 0;  ///< of the 95 % confidence interval, in the unit of the series
    double lag1 = 0;        ///< correlation of neighbouring batch means
    std::size_t batches = 0;
    std::size_t batch_values = 0;  ///< values per batch
    /// There are enough batches and they pass for independent. Otherwise the half-width says too
    /// little.
    bool usable = false;

    /// Half-width over mean; infinity where it is not usable or the mean is 0.
    double relative() const noexcept;
};

/// Non-overlapping batch means: the series is parted into 20 to 39 batches of equal length (values
/// that do not fill a batch are left out at the front); their means pass for independent if von
/// Neumann's ratio does not show positive correlation at the 10 % level (G. S. Fishman, "Grouping
/// observations in digital simulation", Management Science 24(5), 1978); then Student's t gives
/// the interval. \returns usable = false for fewer than 20 values.
mean_confidence confidence_of_mean(std::span<const double> series);

/// Decides when a growing series is known well enough: looks only when the series is a tenth longer
/// than at the last look, since an interval that is tried at every value is some time too narrow by
/// chance, and wants to see it narrow enough twice running.
class confidence_watch {
  public:
    /// \param target relative half-width, e.g. 0.01
    explicit confidence_watch(double target) noexcept : target_(target) {}
    /// True once the mean of `series`, all values so far, is known well enough.
    bool enough(std::span<const double> series);

  private:
    double target_;
    std::size_t next_look_ = 20;
    unsigned narrow_looks_ = 0;
};

}  // namespace chopsticks::stats
