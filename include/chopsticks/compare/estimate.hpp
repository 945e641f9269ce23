#pragma once
/// \file
/// A figure and how well it is known: what every comparison is made of. Pure; any thread.

#include <limits>
#include <span>

namespace chopsticks::compare {

struct interval {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
};

/// An estimate whose error over its standard error has Student's t distribution. In the unit of
/// what was estimated: where that was logarithms, of a logarithm.
struct estimate {
    double value = 0;
    double standard_error = 0;  ///< 0: known exactly
    double freedom = 0;         ///< degrees of freedom of t; 0: nothing is known of the error

    /// The two-sided confidence interval, e.g. of level 0.95. Without bounds where nothing is known
    /// of the error.
    interval at(double level) const;

    /// How likely so large a value, or a larger one, is if the truth is `limit`: the p-value of
    /// "the truth is at most `limit`". 1 where nothing is known of the error.
    double p_above(double limit) const;
    /// The same of "the truth is at least `limit`".
    double p_below(double limit) const;
    /// Two-sided, of "the truth is `limit`".
    double p_apart(double limit) const;
};

/// The mean of values that are independent of each other (of runs, not of the intervals of one).
/// Fewer than two: nothing is known of the error.
/// \param own_variance what is known to be in the variance of each value at least, e.g. by the
/// noise within its run: the variance between few values is now and then far too small by chance
estimate mean_of(std::span<const double> values, double own_variance = 0);

/// `to` less `from`, both with errors of their own size: B. L. Welch, "The generalization of
/// 'Student's' problem when several different population variances are involved", Biometrika
/// 34(1-2), 1947; the degrees of freedom as F. E. Satterthwaite, "An approximate distribution of
/// estimates of variance components", Biometrics Bulletin 2(6), 1946.
estimate difference(const estimate& from, const estimate& to);

/// How many values each of two sides must have for their difference, now `found` with `values` a
/// side, to show with four chances in five that it is not `limit`, if `found.value` is the truth.
/// \returns `values` at least, and at most `most`: then it takes that many or more
unsigned values_to_decide(const estimate& found, double limit, unsigned values, unsigned most);

}  // namespace chopsticks::compare
