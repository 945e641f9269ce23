#pragma once
/// \file
/// What happens beside a run: its progress on the screen, its intervals on disk.

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/live/monitor.hpp>
#include <chopsticks/results/interval_stream.hpp>
#include <chopsticks/results/kept_intervals.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/telemetry/health.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "report.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

class cluster_beside;

/// Shows and stores a run as it goes. Its functions are called by the run's threads, one at a time
/// per kind; the mutex orders the kinds.
class run_watcher final : public engine::observer {
  public:
    /// \param stream path of the interval stream; empty: none
    /// \param listener as of `also_tell`; may be null
    /// \param cluster that is watched beside the run; may be null
    run_watcher(run_setup& setup, results::run_document& doc, const std::string& stream, bool quiet,
                engine::observer* listener = nullptr, cluster_beside* cluster = nullptr);

    /// Before the run starts: tells it, too, of phases, progress and intervals, afterwards and
    /// without the mutex held. It outlives the run.
    void also_tell(engine::observer& listener) { listeners_.push_back(&listener); }

    /// Before the run starts: a copy of what there is to see goes there. It outlives the run.
    void show_to(live::run_monitor& monitor) { monitor_ = &monitor; }

    void message(const std::string& text);

    /// A message that is among the warnings of the result too.
    void warn(const std::string& text);

    /// An event mark, from any thread. Times are monotonic.
    void mark(stats::event_source source, const std::string& text, std::int64_t start_ns,
              std::optional<std::int64_t> end_ns);

    void on_phase(engine::phase p) override;
    void on_progress(const engine::progress& p) override;
    void on_wait(const engine::wait_state& w) override;
    void on_note(const std::string& text) override { message("Note: " + text); }
    void on_warning(const std::string& text) override { message("Warning: " + text); }
    void on_interval(const engine::interval& one) override;

    /// How the process was over the measure phase.
    telemetry::health_summary health();

    /// An objective that was missed ended the load.
    bool aborted() const;

    void finish();

    /// After the run: its intervals, into the document.
    void give_intervals();
    /// After the run: its event marks, into the document. \param load_start_ns where the axis of
    /// intervals begins; 0: there was no load, and they count from the beginning of the run
    void give_events(std::int64_t load_start_ns);

  private:
    void take_phase(engine::phase p);
    void take_progress(const engine::progress& p);
    void take_interval(const engine::interval& one);
    void follow_slos(const engine::interval& one);
    void tell_interrupted();
    results::live_status status_now() const;
    std::vector<live::objective_state> objectives_now() const;
    void take_cluster_events();
    void show(const engine::interval& one, const results::interval& out);

    run_setup& setup_;
    results::run_document& doc_;
    std::vector<engine::observer*> listeners_;
    live::run_monitor* monitor_ = nullptr;
    cluster_beside* cluster_;
    std::int64_t started_ns_;
    mutable std::mutex mutex_;
    std::optional<results::live_display> display_;
    results::interval_stream stream_;
    results::kept_intervals kept_;
    engine::phase phase_ = engine::phase::open;
    std::int64_t phase_started_ns_ = 0;
    std::int64_t load_began_ns_ = 0;
    results::slo_tracker slos_;
    bool aborted_ = false;
    std::uint64_t errors_ = 0;
    std::uint64_t progress_before_ = 0;
    bool said_interrupted_ = false;
    stats::event_marks marks_;  ///< since started_ns_
    telemetry::health_sampler sampler_;
};

}  // namespace chopsticks::cli
