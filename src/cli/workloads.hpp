#pragma once
/// \file
/// The workloads of this program: the one list of them.

#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/scenario/target.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace chopsticks::cli {

/// Puts them into the catalogue. Once, before the first scenario is parsed.
void add_workloads();

/// A driver for a group, by its workload. As make_driver_function.
std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted);

/// Throws config_error for options that a driver of a plug-in cannot work with.
void check_driver(std::string_view workload, std::string_view driver,
                  const scenario::workload_settings& settings);

/// What is to be said of a driver in this program behind its description; mostly nothing.
std::string driver_note(std::string_view workload, std::string_view driver);

/// How what its runs left is looked for; null: there is no way.
engine::open_cleanup_function* cleanup_of(std::string_view workload);

/// How its settings take what does not come from the workload config.
const scenario::target_rule& target_of(std::string_view workload);

}  // namespace chopsticks::cli
