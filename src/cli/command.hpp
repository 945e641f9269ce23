#pragma once
/// \file
/// The sub-commands, each with its options and its main function.

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::cli {

/// Exit statuses; scripts rely on them.
enum exit_status : int {
    exit_ok = 0,
    exit_errors = 1,   ///< ran; errors over the limit, or it could not be finished
    exit_usage = 2,    ///< bad usage or configuration; nothing ran
    exit_invalid = 3,  ///< ran, but the generator was the limit
    exit_interrupted = 130
};

/// Adds the command to the application; `result` receives the exit status when it is run.
void add_run_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_sweep_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_find_max_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_serve_command(CLI::App& app, int& result);
void add_validate_command(CLI::App& app, int& result);
void add_oplog_command(CLI::App& app, int& result);
void add_list_command(CLI::App& app, int& result);
void add_calibrate_command(CLI::App& app, int& result);

/// Raised by SIGINT and SIGTERM, once each. Installed by catch_signals.
extern std::atomic<int> stop_level;

/// SIGINT and SIGTERM raise stop_level; SIGPIPE is ignored, since writing to a closed pipe is no
/// reason to lose a run.
void catch_signals();

}  // namespace chopsticks::cli
