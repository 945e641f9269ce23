#pragma once
/// \file
/// Series of figures that depend on each other, as those of a run's intervals do: how well their
/// mean is known all the same. Pure; any thread.

#include <chopsticks/compare/estimate.hpp>
#include <cstddef>
#include <span>

namespace chopsticks::compare {

/// Fewer values than this tell nothing about how they hang together.
inline constexpr std::size_t series_values_least = 30;

struct series_estimate {
    estimate mean;
    /// By how much the dependence makes the variance of the mean larger; 1: the values are
    /// independent. So many values count as one.
    double inflation = 1;
};

/// Sum of numerators over sum of denominators (operations over seconds, time over operations), with
/// its error from the series of both: the deviations numerator - ratio * denominator have the
/// ratio's error as that of their mean. Fewer than series_values_least values, or denominators that
/// are all 0: nothing is known of the error.
///
/// The long-run variance of the deviations is estimated in two steps (D. W. K. Andrews, J. C.
/// Monahan, "An improved heteroskedasticity and autocorrelation consistent covariance matrix
/// estimator", Econometrica 60(4), 1992): an autoregression of the first order takes most of the
/// dependence out, its coefficient corrected for the bias that it has in short series (M. G.
/// Kendall, "Note on bias in the estimation of autocorrelation", Biometrika 41, 1954); of what is
/// left, the squares of the first B cosine transforms are averaged, which makes the mean over its
/// error Student's t with B degrees of freedom (E. Lazarus, D. J. Lewis, J. H. Stock, M. W. Watson,
/// "HAR inference: recommendations for practice", Journal of Business & Economic Statistics 36(4),
/// 2018: B = 0.41 n^(2/3)). White noise on top of a slow wave hides the wave from an autoregression
/// of the first order; therefore the same is done with the means of 30 batches, and where these
/// show more than twice as much variance, theirs counts.
series_estimate ratio_of_sums(std::span<const double> numerators,
                              std::span<const double> denominators);

/// How long the blocks of a block bootstrap of such a series should be, in values: 1 for an
/// independent one, at most a fifth of the series. That of E. Carlstein, "The use of subseries
/// values for estimating the variance of a general statistic from a stationary sequence", Annals of
/// Statistics 14(3), 1986, for an autoregression of the first order, and half as long again, since
/// circular blocks overlap (D. N. Politis, H. White, "Automatic block-length selection for the
/// dependent bootstrap", Econometric Reviews 23(1), 2004).
std::size_t block_length(std::span<const double> series);

}  // namespace chopsticks::compare
