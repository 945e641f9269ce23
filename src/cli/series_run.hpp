#pragma once
/// \file
/// One run of a series: what a point of a sweep, a trial of a search and a repeat have in common.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/document.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "beside_runs.hpp"
#include "execution.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

/// How to make it.
struct series_run_options {
    std::string who;            ///< "point 3", in front of what is said of it
    live::watched_trial trial;  ///< the same for those that look at the series as it goes
    std::string output;         ///< result file
    std::string op_log;         ///< as of execution_options
    bool quiet = false;
    run_change change;
    /// Called with the ready setup. Throws config_error where the run must not be made.
    std::function<void(const run_setup&)> check;
    /// As execution_options::prepared, with the setup, which outlives the run.
    std::function<engine::observer*(run_setup&, const stats::layout&)> prepared;
};

/// What came of it.
struct series_run {
    /// None: it could not be started, or its target is not there. Nothing was measured then.
    std::optional<executed_run> done;
    /// Why it did not get to its end, or its result is not where it belongs. Empty: it did, or it
    /// was interrupted.
    std::string problem;
    bool interrupted = false;
    int exit_status = exit_usage;
    /// A line for each thing that it should have removed and did not.
    std::vector<std::string> left_behind;
};

/// Makes the runs of one series, one after the other.
class series_runner {
  public:
    /// Both outlive the runner. \param command_line as results have it
    series_runner(const std::vector<std::string>& command_line, beside_runs& beside)
        : command_line_(command_line), beside_(beside) {}

    /// Makes one from its setup to its written result. Says on standard error what it left behind,
    /// and once per series that a kept data set would pay. Throws nothing of a run's own.
    series_run make(const run_arguments& arguments, const series_run_options& how);

  private:
    void execute(const run_arguments& arguments, const series_run_options& how, series_run& out);

    const std::vector<std::string>& command_line_;
    beside_runs& beside_;
    bool advised_ = false;
};

}  // namespace chopsticks::cli
