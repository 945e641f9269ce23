#pragma once
/// \file
/// The thread that adds up what the cores hand over. Cores take and give a lock once per interval;
/// adding, encoding and writing happen here, beside them.

#include <chopsticks/core/waiter.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/stats/bounded_series.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace chopsticks::engine {

/// One core's records of one interval, by bin (see load_times). A bin has a recorder once something
/// falls into it: at a time these are one or two of them, however many stages there are.
struct record_set {
    std::vector<std::unique_ptr<stats::recorder>> bins;
    stats::driver_values of_drivers;  ///< as layout::driver_figures
};

struct handover {
    unsigned core = 0;
    std::uint64_t number = 0;
    phase when = phase::warmup;
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    std::unique_ptr<record_set> records;
    std::vector<std::vector<load_figures>> groups;  ///< [group][bin]
    core_figures figures;
    driver_counters connections;
    runtime::lag_figures lag;
};

class collector {
  public:
    collector(const stats::layout& names, std::size_t groups, unsigned cores,
              std::int64_t interval_ns, observer* watcher);
    ~collector();

    /// Any core: an empty set to record into, or null if all are being added up (the interval then
    /// grows until one is free).
    std::unique_ptr<record_set> take_empty();

    /// Any core: a further set, where the core cannot go on without one.
    std::unique_ptr<record_set> make_set() const;

    /// Any core: an empty recorder for a bin of a set.
    std::unique_ptr<stats::recorder> take_recorder();

    /// Any core: gives an interval away.
    void give(handover h);

    /// Main thread, before the load starts: when that is; intervals are numbered from there.
    /// \param stages of the measure phase; 0: it has none
    void load_starts(std::int64_t start_ns, std::size_t stages);

    /// Main thread: what the load is to be changes from `to_ns` on (>= that of the call before),
    /// and the cores hear of it from `from_ns` on. Once this was called, measured_throughput() is
    /// that of the longest stretch without a change, of those in which anything was wanted.
    void load_changes(std::int64_t from_ns, std::int64_t to_ns, bool wanted);

    /// Any thread: the throughput (ok operations per second) of the complete intervals so far of
    /// the warm-up from `from_s` on; in their order.
    std::vector<double> warmup_throughput(double from_s) const;
    /// Any thread: that of the measure phase.
    stats::bounded_series measured_throughput() const;

    /// Main thread, after the last `give`: adds up the rest and ends the thread. Then the sums
    /// below may be read.
    void finish();

    stats::totals measured;
    stats::totals warmup;
    std::vector<load_figures> groups;
    std::vector<stage_figures> stages;  ///< their spans are for who knows them to fill in
    std::vector<core_figures> cores;
    driver_counters connections;
    driver_counters measured_connections;
    stats::driver_values of_drivers;
    stats::driver_values measured_of_drivers;
    loop_lag lag;
    stats::bounded_series send_lag_p99_ns;  ///< of each interval of the measure phase

  private:
    /// A change that no emitted interval has reached.
    struct change_ahead {
        double from_s;
        double to_s;
        bool wanted;
    };

    void work();
    void merge(handover& h);
    /// Under mutex_: goes on to the stretch that an interval is in. False: something changes in it.
    bool in_one_stretch(const interval& done);
    std::size_t length(const stats::bounded_series& of) const noexcept {
        return of.values().size() * of.joined();
    }
    void emit(interval& done);

    const stats::layout& names_;
    unsigned core_count_;
    std::int64_t interval_ns_;
    observer* watcher_;
    std::int64_t load_start_ns_ = 0;
    mutable std::mutex mutex_;
    waiter place_;  // the thread's
    std::deque<handover> inbox_;
    struct rate_of_interval {
        double start_s;
        double rate;
    };
    // Of whole intervals; under mutex_. A warm-up is not as long as a measure phase can be.
    std::vector<rate_of_interval> warmup_rates_;
    stats::bounded_series measured_rates_;
    stats::bounded_series longest_rates_;  // of the stretches before
    std::deque<change_ahead> changes_;
    bool wanted_ = true;  // anything, in the stretch
    std::vector<std::unique_ptr<record_set>> empty_;
    std::vector<std::unique_ptr<stats::recorder>> spare_;
    bool finishing_ = false;
    /// Not yet emitted, by number.
    std::map<std::uint64_t, std::unique_ptr<interval>> open_;
    /// By core: the number of its last hand-over, -1 before the first. It will hand over no lower
    /// one.
    std::vector<std::int64_t> last_in_;
    std::vector<std::vector<std::uint64_t>>
        backlog_;  // [group][core], at the last measured hand-over
    std::thread thread_;
};

}  // namespace chopsticks::engine
