#pragma once
/// \file
/// The sub-commands, each with its options and its main function.

#include <CLI/CLI.hpp>
#include <atomic>
#include <chopsticks/results/verdicts.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::cli {

using enum results::exit_status;

/// Adds the command to the application; `result` receives the exit status when it is run.
void add_run_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_ab_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_worker_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_sweep_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_find_max_command(CLI::App& app, int& result, const std::vector<std::string>& command_line);
void add_leader_command(CLI::App& app, int& result);
void add_serve_command(CLI::App& app, int& result);
void add_validate_command(CLI::App& app, int& result);
void add_annotate_command(CLI::App& app, int& result);
void add_merge_command(CLI::App& app, int& result);
void add_export_command(CLI::App& app, int& result);
void add_oplog_command(CLI::App& app, int& result);
void add_driver_check_command(CLI::App& app, int& result);
void add_list_command(CLI::App& app, int& result);
void add_calibrate_command(CLI::App& app, int& result);
void add_cleanup_command(CLI::App& app, int& result);
void add_compare_command(CLI::App& app, int& result);
void add_report_command(CLI::App& app, int& result);
void add_show_command(CLI::App& app, int& result);

/// The command line as it is without the words of others: `run --worker` and `--worker` alone are
/// the command worker, with `--leader` or `--master` the command leader.
std::vector<std::string> by_role(std::vector<std::string> words);

/// Raised by SIGINT and SIGTERM, once each, and by the first SIGHUP. Installed by catch_signals, as
/// is SIGUSR1: a mark in the run.
extern std::atomic<int> stop_level;

/// SIGINT, SIGTERM and SIGHUP (the terminal is gone) raise stop_level. SIGHUP only if nobody chose
/// to ignore it (nohup), and from 0 only: a shell that dies sends one and the terminal another.
void catch_signals();

}  // namespace chopsticks::cli
