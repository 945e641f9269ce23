#pragma once
/// \file
/// What measurements say of a limit, and how surely. Pure; any thread.
///
/// Operations that wait for each other are not independent: a burst makes hundreds of them late
/// together, so the error of a percentile cannot be had from their number. Batch means are used
/// instead (B. Schmeiser, "Batch size effects in the analysis of simulation output", Operations
/// Research 30, 1982): time is cut into batches long enough to be nearly independent, and their
/// spread gives the error. A percentile is held against its limit as the share of operations that
/// took longer than it, which is a ratio of sums over the batches.

#include <cstddef>
#include <vector>

namespace chopsticks::search {

/// Sums over a span of time of what an objective is about; see results::slo_ratio.
struct batch {
    double part = 0;
    double whole = 0;
};

/// An objective: part / whole must not be above `limit`.
struct objective {
    double limit = 0;
    /// The ratio is a share of operations: even without any interdependence its variance is the
    /// binomial one, which few observations would underestimate.
    bool share = true;
};

enum class verdict : unsigned char { met, missed, open };

/// Batches that are kept apart: enough to know their spread, few enough to be long. The same
/// source: between 10 and 30.
constexpr std::size_t batches_most = 30;
constexpr std::size_t batches_least = 8;

/// So many operations must be allowed to break an objective before few of them prove anything:
/// they come in bursts, and of rare bursts one may see none. Where none broke it at all, fewer do
/// for a first look.
constexpr double shares_least = 50;
constexpr double shares_least_at_first = 10;

/// Neighbours added up until at most `most` are left; the order stays.
std::vector<batch> merged(const std::vector<batch>& batches, std::size_t most);

/// Student's t of "part / whole is the limit", corrected for the skewness of the batches: late
/// operations come in bursts, so most batches have too few. (P. Hall, "On the removal of skewness
/// by transformation", J. R. Statist. Soc. B 54, 1992.) Negative for below; 0 for fewer than two
/// batches.
double t_of(const std::vector<batch>& batches, const objective& o);

/// The quantile of Student's distribution: P(T <= t) = p, for p from 0.5 to below 1 and at least
/// one degree of freedom.
double t_quantile(double p, double degrees_of_freedom);

/// How careful a verdict is: the first look decides where to search, the strict one what is said.
enum class care : unsigned char { first_look, strict };

/// Met or missed if `confidence` (one-sided, above 0.5) allows to say so, otherwise open.
/// Neighbours are merged while consecutive batches are correlated, as far as batches_least allows.
verdict judge(const std::vector<batch>& batches, const objective& o, double confidence,
              care how = care::strict);

/// Whether work piles up: what is due and not done, at the ends of equal spans of a trial.
/// Quarter by quarter it must rise, in all by more than 0.5 % of what was due over the trial, by
/// more than three times what it varies within the quarters, and by more than four times the root
/// of its mean over the first: queues of a stable target come and go.
/// \param due operations that were due over all spans
bool grows(const std::vector<double>& outstanding, double due);

/// How far outstanding work hangs together over a trial: the lag-1 autocorrelation of its values at
/// the ends of 40 equal spans. Near 0 where queues come and go many times in a trial, near 1 where
/// the trial sees a part of one rise only. 0 for fewer than 8 values, or values that are all equal.
double persistence(const std::vector<double>& outstanding);

/// Above it trials are too short to show how long queues get: trials begin with empty ones. A
/// process with exponential memory has 0.4 where the trial is 37 times its relaxation time; in
/// simulations of M/M/c queues that is where the share of late operations in a trial begins to fall
/// behind the true one by a tenth and more.
constexpr double persistence_most = 0.4;

}  // namespace chopsticks::search
