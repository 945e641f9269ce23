#pragma once
/// \file
/// Service level objectives held against figures. Pure arithmetic, but for the tracker, which
/// belongs to one thread.

#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <chopsticks/stats/response_times.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// The unit of an objective's value and limit in a document: "ns", "share", "ops_per_s",
/// "bytes_per_s".
std::string_view unit_of(const scenario::slo& objective) noexcept;

/// A value in that unit, for people: "12.3 ms", "0.25%", "1.2k/s", "105 MB/s".
std::string format_slo_value(std::string_view unit, double value);

/// What an objective is about, over figures of a span.
/// None: nothing of the kind ended in it, so there is no such latency or error rate; or an
/// operation that it is about is one that the target does not have (unsupported, and never ok).
/// Where what was not answered leaves a response time open, it has two bounds.
/// \param measured_s how long each operation of `names` was measured, where it was not for
/// `duration_s`: its rates are over that time. Empty: all were
std::optional<stats::bounded> slo_value(const scenario::slo& objective,
                                        const stats::totals& figures, const stats::layout& names,
                                        double duration_s,
                                        const std::vector<double>& measured_s = {});

/// An objective as a ratio of two sums, `part / whole`, that is held against `limit`: operations
/// over the time limit against all (the unanswered are over it), summed latencies against their
/// count, failures against all,
/// operations or bytes against seconds. Sums of several spans add up, which percentiles do not.
struct slo_ratio {
    double part = 0;
    double whole = 0;
};
/// "At most a share of 1 - q took longer than the limit" says the same as "the quantile q is at
/// most the limit". Operations in the histogram's bucket of the limit count as within it.
slo_ratio ratio_of(const scenario::slo& objective, const stats::totals& figures,
                   const stats::layout& names, double duration_s,
                   const std::vector<double>& measured_s = {});
/// The limit of that ratio: 1 - q for a percentile, 0 for max, the objective's own otherwise.
double ratio_limit(const scenario::slo& objective) noexcept;

/// An objective's outcome.
struct slo_outcome {
    scenario::slo objective;
    std::optional<double> value;
    bool at_least = false;  ///< the value is a lower bound: some of it was not answered
    /// Nothing that was not answered could change it. False also where there is no value: nothing
    /// shows that it was met.
    bool met = false;
};

std::vector<slo_outcome> judge(const std::vector<scenario::slo>& objectives,
                               const stats::totals& figures, const stats::layout& names,
                               double duration_s, const std::vector<double>& measured_s = {});

/// Holds the objectives against what was measured so far, interval after interval.
class slo_tracker {
  public:
    slo_tracker(std::vector<scenario::slo> objectives, const stats::layout& names);

    /// Adds an interval of the measure phase.
    void add(const stats::totals& figures, double duration_s);

    bool empty() const noexcept { return objectives_.empty(); }
    double measured_s() const noexcept { return measured_s_; }
    const std::vector<slo_outcome>& outcomes() const noexcept { return outcomes_; }
    /// Objectives that are missed as of now; one without a value is not counted.
    std::size_t missed() const noexcept;
    /// One sentence for each objective that is met and was not, or the other way round, before the
    /// last interval.
    std::vector<std::string> changes() const;

  private:
    std::vector<scenario::slo> objectives_;
    stats::layout names_;
    stats::totals sum_;
    double measured_s_ = 0;
    std::vector<slo_outcome> outcomes_;
    std::vector<slo_outcome> before_;
};

}  // namespace chopsticks::results
