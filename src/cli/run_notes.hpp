#pragma once
/// \file
/// Notes on the runs of a process: what `annotate` and SIGUSR1 say becomes marks of the run under
/// way.

#include <chopsticks/live/annotations.hpp>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::cli {

class run_watcher;

/// Takes notes as long as it exists. Those that come between two runs of a series are marks of the
/// next one, at the time when they came.
class run_notes {
  public:
    /// \param what by which people know the runs again; one line
    explicit run_notes(const std::string& what);

    /// Why `annotate` cannot reach it, in one sentence; empty: it can.
    const std::string& problem() const noexcept { return listener_->problem(); }

    /// From now on they are this run's, those first that nobody had. It lives until `keep`.
    void give_to(run_watcher& watcher);
    /// The run has ended.
    void keep();
    /// Takes no more. \return how many nobody had: they came behind the last run
    std::size_t finish();

  private:
    struct note {
        stats::event_source source;
        std::string text;
        std::int64_t at_ns;  ///< monotonic
    };

    void take(stats::event_source source, const std::string& text);

    std::mutex mutex_;
    run_watcher* watcher_ = nullptr;
    std::vector<note> kept_;
    std::uint64_t more_ = 0;  ///< beyond what a run could have
    std::optional<live::annotation_listener> listener_;
};

}  // namespace chopsticks::cli
