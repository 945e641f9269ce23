#pragma once
/// \file
/// YAML to the structs of scenario.hpp, checked. Every mistake is a config_error whose message is
/// "file:line:column: what is wrong; how to mend it" (a mistake in an override names the override
/// instead). Called by the main thread before the cores start.

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

/// A value that replaces (or adds) one of the file, as given with `--set path=value`. The path is
/// names and list positions joined by dots: `groups.0.data.objects`; an item of `groups` may be
/// named by its name or workload instead of its position. Paths that begin with `workload.` go to
/// the workload config (where they drop that word), all others to the scenario. The value is YAML.
struct override_value {
    std::string path;
    std::string value;
};

/// Splits "path=value". Error: config_error.
override_value parse_override(std::string_view text);

/// Reads and checks a scenario file. Overrides for the workload config are passed over.
scenario load_scenario(const std::string& path, const std::vector<override_value>& overrides = {});

/// The same from memory. \param file stands in messages
scenario parse_scenario(std::string text, std::string file,
                        const std::vector<override_value>& overrides = {});

/// Reads and checks a workload config; an empty path stands for an empty file, so that everything
/// can come from overrides and the environment. Overrides for the scenario are passed over.
/// What is required may still be missing afterwards: the command line, or an embedded target, may
/// take its place.
workload_config load_workload_config(const std::string& path,
                                     const std::vector<override_value>& overrides = {});
workload_config parse_workload_config(std::string text, std::string file,
                                      const std::vector<override_value>& overrides = {});

/// What `plugins` of a workload config names, as paths from here: they are to be loaded before
/// anything else of it, or of a scenario, is read. Otherwise as load_workload_config.
std::vector<std::string> plugins_of(const std::string& path,
                                    const std::vector<override_value>& overrides = {});

/// The driver of a workload's groups: the one that the config names, or the workload's default one.
/// `dummy` at the config's top counts for every workload that names none itself.
std::string_view driver_of(const workload_config& config, std::string_view workload);

/// What only both together can show (workload_settings::check): config_error for tasks that cannot
/// work on such a target. Switches off what a group need not do there; warnings go to the plan.
void check_together(scenario& plan, const workload_config& config);

}  // namespace chopsticks::scenario
