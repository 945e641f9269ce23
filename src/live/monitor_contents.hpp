#pragma once
/// \file
/// What a run_monitor knows.

#include <chopsticks/live/monitor.hpp>
#include <chopsticks/report/cluster_sample.hpp>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "metric_family.hpp"

namespace chopsticks::live {

/// One interval, for a chart.
struct shown_interval {
    double t_s = 0;  ///< since the load began
    double duration_s = 0;
    std::string phase;
    double ok_per_s = 0;
    double failed_per_s = 0;
    double intended_per_s = 0;
    double bytes_per_s = 0;
    std::int64_t p50_ns = 0;  ///< response time
    std::int64_t p99_ns = 0;
    std::int64_t max_ns = 0;
    std::int64_t send_lag_p99_ns = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t backlog = 0;
    double busiest_core = 0;
    double held_up = 0;
    std::optional<report::cluster_figures> cluster;
};

/// A run.
struct observed_run {
    observed_run();

    /// There is no load any more, so no level of it.
    void forget_levels();

    watched_run run;
    std::optional<watched_trial> trial;  ///< none: it is no part of a series
    std::int64_t began_ns = 0;           ///< the run; monotonic
    std::int64_t load_began_ns = 0;      ///< 0: not yet
    std::string phase = "open";
    std::int64_t phase_began_ns = 0;
    double phase_planned_s = 0;
    std::vector<std::pair<std::string, double>> phases;  ///< and when they began, since the run did
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    std::uint64_t prepare_failed = 0;
    // Since the load began; none before `begin`.
    std::optional<stats::totals> sum;
    std::vector<stats::load_figures> load;  ///< by group; events only
    stats::driver_values of_drivers;
    // Of the last interval.
    double last_s = 0;  ///< its length
    std::vector<stats::load_figures> last_load;
    std::vector<double> cores_busy;
    results::interval_health health;
    std::optional<report::cluster_figures> cluster;  ///< the last that was told
    double cluster_told_s = 0;                       ///< end of the interval that had it
    std::deque<shown_interval> intervals;
    std::uint64_t first = 0;  ///< number of the first of them
    std::vector<objective_state> objectives;
    stats::event_marks marks;  ///< since the beginning of the run
    std::map<std::string, std::uint64_t> mark_counts;
    bool over = false;
    std::optional<watched_end> end;  ///< none: not over, or it came to no result
};

/// Several runs.
struct observed_series {
    watched_series what;
    std::int64_t id = 0;                 ///< no other series has it
    std::optional<watched_trial> trial;  ///< under way
    std::string waiting;                 ///< for what; empty: it does not wait
    /// In order of time.
    std::vector<std::pair<watched_trial, trial_outcome>> ended;
    std::optional<int> exit_status;  ///< none: not ended
};

/// How far it is, with the trials that are new to whoever knows so many.
results::json state_of(const observed_series& series, std::uint64_t known);
/// Its own metrics.
std::vector<metric_family> metrics_of(const observed_series& series);

struct run_monitor::contents {
    observed_run now;
    /// The trial before: what it counted, until there is another one.
    std::unique_ptr<observed_run> before;
    std::optional<observed_series> series;
    bool stopping = false;
};

/// Metrics of a run that has begun. \param native histograms of durations also with native buckets
class metric_writer {
  public:
    metric_writer(const watched_run& run, bool native) : run_(run), native_(native) {}

    void put_info();
    /// Of operations, since the load began.
    void put_operations(const stats::totals& sum);
    /// Of groups: `load` since the load began, `last` in the last interval of so many seconds.
    void put_load(const std::vector<stats::load_figures>& load,
                  const std::vector<stats::load_figures>& last, double last_s);
    /// \param levels those of gauges too
    void put_drivers(const stats::driver_values& values, bool levels);
    /// Of what has ended: events alone.
    void put_tasks(const std::vector<stats::load_figures>& load);
    void put_events(const std::map<std::string, std::uint64_t>& marks);
    void put_generator(const std::vector<double>& cores_busy,
                       const results::interval_health& health);
    void put_course(const std::string& phase, const std::vector<objective_state>& objectives,
                    bool ended);

    std::vector<metric_family> take() { return std::move(families_); }

  private:
    metric_family& family(const std::string& name, metric_kind kind, const std::string& help);
    void put_gauge(const std::string& name, const std::string& help, double value);
    /// Of layout::operations[op].
    metric_labels labels_of(std::size_t op) const;
    void put_failures(const stats::totals& sum);
    void put_sizes(const stats::totals& sum);
    void put_times(const stats::totals& sum);

    const watched_run& run_;
    bool native_;
    std::vector<metric_family> families_;
};

}  // namespace chopsticks::live
