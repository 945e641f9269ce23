#pragma once
/// \file
/// Plug-ins by option and by workload config, for all commands that know workloads.

#include <chopsticks/scenario/parse.hpp>
#include <string>
#include <vector>

#include "command.hpp"

namespace chopsticks::cli {

/// --plugin.
void add_plugin_option(CLI::App& command, std::vector<std::string>& files);

/// Loads them, then those that the workload config names. Before a scenario or workload config is
/// read. Throws config_error.
void load_plugins(const std::vector<std::string>& files, const std::string& workload_file,
                  const std::vector<scenario::override_value>& overrides);

/// " (loaded: a.so, b.so)", for messages about what nobody understands; empty: none is loaded.
std::string loaded_plugins_text();

}  // namespace chopsticks::cli
