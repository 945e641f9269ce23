#pragma once
/// \file
/// What goes on beside the runs of a command, be it one run or a series: metrics and page, notes,
/// commands of phases. All of it is there from before the first run until after the last.

#include <chopsticks/results/series.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "execution.hpp"
#include "live_view.hpp"
#include "run_marks.hpp"
#include "run_notes.hpp"

namespace chopsticks::cli {

struct series_run;

/// As typed.
struct beside_arguments {
    std::string on_phase;
    std::optional<std::string> on_phase_timeout;
    view_arguments view;
};

/// --on-phase, --on-phase-timeout, --metrics-listen, --metrics-linger, --web-listen.
void add_beside_options(CLI::App& command, beside_arguments& a);

class beside_runs {
  public:
    /// Listens. Throws config_error.
    beside_runs(const beside_arguments& a, bool quiet);

    /// What a run is to do for it.
    void join(execution_options& how);
    /// Of a command with one run: what became of it.
    void end(const executed_run& run);

    /// \name Of a series
    /// \{

    /// Signals are caught from here on.
    void begin_series(const live::watched_series& series);
    /// The next run.
    void begin_trial(const live::watched_trial& trial);
    void end_trial(const series_run& made);
    /// One that an earlier process made.
    void had_trial(const live::watched_trial& trial, const results::point_figures& figures,
                   int exit_status, const std::string& file);
    /// What it waits for, until the next run.
    void wait(const std::string& text);
    /// Also says which notes nobody had.
    void end_series(int exit_status);
    /// \}

    /// After the end: waits for those that have not seen the last figures yet.
    void linger();

  private:
    bool quiet_;
    phase_command on_phase_;
    std::optional<live_view> view_;
    std::optional<run_notes> notes_;
    std::optional<std::uint64_t> planned_;
};

}  // namespace chopsticks::cli
