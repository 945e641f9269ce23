#pragma once
/// \file
/// What a run_monitor knows.

#include <chopsticks/live/monitor.hpp>
#include <chopsticks/report/cluster_sample.hpp>
#include <deque>
#include <map>
#include <optional>

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

struct run_monitor::contents {
    /// There is no load any more, so no level of it.
    void forget_levels();

    watched_run run;
    std::int64_t began_ns = 0;       ///< the run; monotonic
    std::int64_t load_began_ns = 0;  ///< 0: not yet
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
    bool stopping = false;
    std::optional<watched_end> end;
};

/// Metrics of a run that has begun. \param native histograms of durations also with native buckets
class metric_writer {
  public:
    metric_writer(const watched_run& run, bool native) : run_(run), native_(native) {}

    /// Of operations, since the load began.
    void put_operations(const stats::totals& sum);
    /// Of groups: `load` since the load began, `last` in the last interval of so many seconds.
    void put_load(const std::vector<stats::load_figures>& load,
                  const std::vector<stats::load_figures>& last, double last_s);
    void put_drivers(const stats::driver_values& values);
    void put_generator(const std::vector<double>& cores_busy,
                       const results::interval_health& health);
    void put_course(const std::string& phase, const std::vector<objective_state>& objectives,
                    const std::map<std::string, std::uint64_t>& marks, bool ended);

    const std::vector<metric_family>& families() const noexcept { return families_; }

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
