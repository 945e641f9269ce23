#include "plugins.hpp"

#include <chopsticks/plugin/load.hpp>

namespace chopsticks::cli {

void add_plugin_option(CLI::App& command, std::vector<std::string>& files) {
    command
        .add_option("--plugin", files,
                    "Loads this shared object: its code brings drivers or workloads; may be given "
                    "again")
        ->type_name("FILE.so")
        ->allow_extra_args(false);
}

void load_plugins(const std::vector<std::string>& files, const std::string& workload_file,
                  const std::vector<scenario::override_value>& overrides) {
    for (const std::string& file : files)
        plugin::load(file);
    for (const std::string& file : scenario::plugins_of(workload_file, overrides))
        plugin::load(file);
}

std::string loaded_plugins_text() {
    std::string all;
    for (const plugin::loaded_plugin& one : plugin::loaded())
        all += (all.empty() ? "" : ", ") + one.file;
    return all.empty() ? all : " (loaded: " + all + ")";
}

}  // namespace chopsticks::cli
