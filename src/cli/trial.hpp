#pragma once
/// \file
/// A trial of a search: what the search wants to know of a run, gathered while it runs.

#include <atomic>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/search/max_rate.hpp>
#include <mutex>
#include <vector>

namespace chopsticks::cli {

/// The objectives as the search sees them.
std::vector<search::objective> search_objectives(const std::vector<scenario::slo>& slos);

/// Watches a trial and ends its load when the rest of it can no longer change the verdict. Called
/// by the run's threads; `report` after the run has ended.
class trial_watcher final : public engine::observer {
  public:
    /// All outlive it. \param enough raised to end the load
    trial_watcher(const search::max_rate_search& search, const std::vector<scenario::slo>& slos,
                  const stats::layout& names, double planned_s, std::atomic<bool>& enough);

    void on_interval(const engine::interval& one) override;

    /// Batches, growth and measured time; the rest is the caller's to fill in.
    search::trial_report report() const;
    bool ended_early() const;

  private:
    search::trial_report gather() const;

    const search::max_rate_search& search_;
    const std::vector<scenario::slo>& slos_;
    stats::layout names_;
    double planned_s_;
    std::atomic<bool>& enough_;
    mutable std::mutex mutex_;
    std::vector<std::vector<search::batch>> batches_;
    std::vector<double> outstanding_;
    double there_ = 0;  ///< due and not done, since the load began
    double due_ = 0;    ///< in the measure phase
    double shed_ = 0;
    double measured_s_ = 0;
    bool early_ = false;
};

}  // namespace chopsticks::cli
