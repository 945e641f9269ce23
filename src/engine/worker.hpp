#pragma once
/// \file
/// One core's part of a run: its loop, its groups, its recorders. Everything here lives on the
/// core's thread except where a comment says otherwise.

#include <atomic>
#include <chopsticks/engine/run.hpp>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "collector.hpp"
#include "group_core.hpp"
#include "load_times.hpp"
#include "shared_state.hpp"

namespace chopsticks::engine {

class worker final : public runtime::pump {
  public:
    worker(shared_state& shared, collector& sink, unsigned own_number);
    ~worker() override;

    /// From the main thread: the loop, to post to.
    runtime::reactor& loop() noexcept { return loop_; }

    /// Main thread: starts the core's thread, which makes the groups and runs the loop.
    void start();
    /// Main thread: stops the loop and waits for the thread, which destroys the groups.
    void stop();

    // On the core's thread:
    void start_load(const load_times& times);
    /// What is wanted of each group from a time on; first before `start_load`.
    void steer(std::int64_t at_ns, const std::vector<group_wish>& wanted);
    /// The measure phase begins earlier than planned, at this time, and ends so much earlier.
    void begin_measure(std::int64_t at_ns);
    /// The measure phase ends now, earlier than planned.
    void end_early(std::int64_t now_ns);
    void stop_load();
    void cancel_all(bool drain_expired);
    std::uint64_t in_flight() const noexcept;
    std::uint64_t users_alive() const noexcept;
    std::vector<std::unique_ptr<group_core>>& groups() noexcept { return groups_; }
    /// Ends the last interval early and hands it over.
    void finish_intervals();

    std::int64_t run_due(std::int64_t now_ns) override;

    // For group_core:
    shared_state& shared() noexcept { return shared_; }
    const load_times& times() const noexcept { return times_; }
    /// Its number in the run's world, and how many that has: what all is dealt by.
    unsigned core() const noexcept { return shared_.options->first_core + own_number(); }
    unsigned cores() const noexcept { return shared_.options->world_cores(); }
    /// Among those of this process.
    unsigned own_number() const noexcept { return loop_.core(); }
    bool drain_expired() const noexcept { return drain_expired_; }
    std::size_t bin_of(std::int64_t intended_ns) const noexcept {
        return times_.bin_of(intended_ns, bin_now_);
    }
    stats::recorder& recorder(std::size_t bin) {
        auto& found = current_->bins[bin];
        // Of an earlier stage, or of the warm-up: once in an interval.
        if (!found) [[unlikely]]
            found = sink_.take_recorder();
        return *found;
    }

    /// A limit of the run is used up on this core; read by the main thread.
    std::atomic<bool> finished{false};
    /// When its last task had ended then.
    std::atomic<std::int64_t> finished_ns{0};
    /// Tasks in flight, as of the last turn; read by the main thread.
    std::atomic<std::uint64_t> live_in_flight{0};

  private:
    void hand_over(std::int64_t now_ns);
    /// What has come since the last time, into the set in use.
    void take_driver_figures() noexcept;
    void use_empty(std::unique_ptr<record_set> set, std::int64_t now_ns);

    shared_state& shared_;
    collector& sink_;
    runtime::reactor loop_;
    std::thread thread_;
    std::vector<std::unique_ptr<group_core>> groups_;
    load_times times_;
    std::size_t bin_now_ = 0;  // of the interval's start
    bool loading_ = false;
    bool limited_ = false;
    bool drain_expired_ = false;
    std::unique_ptr<record_set> current_;
    std::int64_t interval_start_ns_ = 0;
    std::int64_t next_tick_ns_ = 0;
    runtime::loop_figures last_figures_;
    held_up_figures lost_behind_;  // the end of the last interval, before it was handed over
    std::int64_t last_cpu_ns_ = 0;
    std::uint64_t last_voluntary_ = 0;
    std::uint64_t last_involuntary_ = 0;
    driver_counters last_connections_;
};

}  // namespace chopsticks::engine
