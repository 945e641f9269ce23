#pragma once
/// \file
/// The thread that adds up what the cores hand over. Cores take and give a lock once per interval;
/// adding, encoding and writing happen here, beside them.

#include <array>
#include <chopsticks/engine/run.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace chopsticks::engine {

/// One core's records of one interval, by bin: 0 for tasks due before the measure phase, 1 for
/// tasks due in it.
struct record_set {
    explicit record_set(const stats::layout& names) {
        for (auto& bin : bins)
            bin = std::make_unique<stats::recorder>(names);
    }
    std::array<std::unique_ptr<stats::recorder>, 2> bins;
};

struct handover {
    unsigned core = 0;
    std::uint64_t number = 0;
    phase when = phase::warmup;
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    std::unique_ptr<record_set> records;
    std::vector<std::array<load_figures, 2>> groups;
    core_figures figures;
    driver_counters connections;
};

class collector {
  public:
    collector(const stats::layout& names, std::size_t groups, unsigned cores,
              std::int64_t interval_ns, observer* watcher);
    ~collector();

    /// Any core: an empty set to record into, or null if all are being added up (the interval then
    /// grows until one is free).
    std::unique_ptr<record_set> take_empty();

    /// Any core: gives an interval away.
    void give(handover h);

    /// Main thread: when the load starts; intervals are numbered from there.
    void load_starts(std::int64_t start_ns) { load_start_ns_ = start_ns; }

    /// Any thread: the throughput (ok operations per second) of the complete intervals so far of
    /// the warm-up from `from_s` on, or of the measure phase; in their order.
    std::vector<double> throughput(phase of, double from_s = 0) const;

    /// Main thread, after the last `give`: adds up the rest and ends the thread. Then the sums
    /// below may be read.
    void finish();

    stats::totals measured;
    stats::totals warmup;
    std::vector<load_figures> groups;
    std::vector<core_figures> cores;
    driver_counters connections;

  private:
    void work();
    void merge(handover& h);
    void emit(interval& done);

    const stats::layout& names_;
    unsigned core_count_;
    std::int64_t interval_ns_;
    observer* watcher_;
    std::int64_t load_start_ns_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<handover> inbox_;
    struct rate_of_interval {
        phase when;
        double start_s;
        double rate;
    };
    std::vector<rate_of_interval> rates_;  ///< of whole intervals; under mutex_
    std::vector<std::unique_ptr<record_set>> empty_;
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
