#pragma once
/// \file
/// A run from its ready setup to its written result: the piece that `run`, every point of a sweep
/// and every trial of a search have in common.

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/write.hpp>
#include <functional>
#include <string>
#include <vector>

#include "live_view.hpp"
#include "run_marks.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

/// How to carry it out.
struct execution_options {
    std::string output;  ///< result file; its interval stream goes beside it
    bool quiet = false;  ///< no progress on standard error
    std::string op_log;  ///< file for a record of every operation; empty: none
    phase_command on_phase;
    run_notes* notes = nullptr;  ///< of the series that the run is of; null: it takes its own
    live_view* view = nullptr;   ///< not null: shows it to others as it goes
    /// Called when the names of the run's figures are known, before it starts. What it gives, if
    /// anything, sees every event of the run after it was stored and shown.
    std::function<engine::observer*(const stats::layout&)> prepared;
    /// Makes the run, of options that it may add to and that outlive it; empty: engine::execute.
    std::function<engine::run_result(engine::run_options&)> carry_out;
};

/// What came of it.
struct executed_run {
    explicit executed_run(const stats::layout& names) : doc(names) {}

    results::run_document doc;
    results::written where;
    /// Not empty: the target is not there or does not let us in. Nothing was measured or written.
    std::string target_problem;
    /// A line for each thing that the run should have removed and did not.
    std::vector<std::string> left_behind;
};

/// Runs `setup` (made with start_target) to its end, writes the result, and stops the embedded
/// endpoint. Throws config_error where it cannot start. SIGINT and SIGTERM end it early.
executed_run execute_run(run_setup& setup, const std::vector<std::string>& command_line,
                         const execution_options& options);

/// A line for each thing that was left behind, as the document's verdict says.
std::vector<std::string> left_lines(const results::run_document& doc);

/// The exit status of a run, which is 1 where its result is not where it was asked for.
int exit_status_of(const executed_run& run);

}  // namespace chopsticks::cli
