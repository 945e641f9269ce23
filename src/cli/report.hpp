#pragma once
/// \file
/// From what the engine and the telemetry found to the result document.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/telemetry/health.hpp>
#include <string>
#include <vector>

#include "setup.hpp"

namespace chopsticks::cli {

results::environment describe_environment();
results::run_info describe_run(const run_setup& setup,
                               const std::vector<std::string>& command_line);

/// What the run should have removed and did not.
void describe_left(results::run_document& doc, const engine::run_result& result);

/// Completes the document: figures, load, generator, health, validity. `seen`: how the process was
/// over the measure phase.
void fill_document(results::run_document& doc, const run_setup& setup, engine::run_result&& result,
                   const telemetry::health_summary& seen);

/// What the run of this document comes to.
results::run_verdicts judge(const results::run_document& doc, const engine::run_result& result,
                            const scenario::scenario& scenario);

/// What came of a recording, after the run.
results::replay_figures describe_replay(const trace::replay_feed& feed);
/// What the user should know of it, one sentence each.
std::vector<std::string> replay_warnings(const results::replay_figures& r);

}  // namespace chopsticks::cli
