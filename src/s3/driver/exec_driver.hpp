#pragma once
/// \file
/// The driver `exec`, and tools that are drivers by their names: a program is run for each
/// operation of the load. The rest is `native`'s.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/process/execution.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/workload/exec_options.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "process_request.hpp"

namespace chopsticks::s3 {

/// All that the cores of such a driver have in common. Constant; outlives them.
struct exec_target {
    /// What differs between endpoints.
    struct at_endpoint {
        exec_values values;        ///< of what is the same in each command
        std::string config;        ///< holds secrets
        process::child_plan plan;  ///< without the command
    };

    driver_options options;
    exec_options how;
    std::vector<std::unique_ptr<const at_endpoint>> endpoints;
    std::vector<std::string> secrets;
    const load::content* content = nullptr;
    program_group group;
    bool verifies = false;
    std::string note;  ///< what the tool takes to do nothing, for people
};

/// config_error where a program is not there or cannot be run. Returns what a tool takes to do
/// nothing, for people; empty: that is not known. Blocks.
std::string check_exec_programs(const exec_options& how);

/// What `list` says of it.
std::string exec_note(std::string_view driver);

/// Whether it is one of these drivers.
bool runs_for_each(std::string_view driver) noexcept;

std::unique_ptr<engine::driver> make_exec_driver(const driver_options& options,
                                                 std::string_view name);

/// `inner`: what `native` made on that core.
std::unique_ptr<engine::core_driver> make_exec_core(runtime::reactor& loop, unsigned core,
                                                    const exec_target& target,
                                                    std::unique_ptr<engine::core_driver> inner);

/// A step of a task as both of the drivers have it that it may come to.
struct exec_step final : engine::bound_step {
    exec_step(const scenario::step& what, const std::string& bucket);

    program_step told;
    exec_operation operation = exec_operation::get;  ///< of a whole object
};

/// config_error where no command does the step.
void check_exec_step(const scenario::step& what, const exec_options& how, std::string_view driver);

/// One user's.
std::unique_ptr<engine::session> make_exec_session(const exec_target& target, process::launcher& by,
                                                   std::size_t endpoint,
                                                   std::unique_ptr<engine::session> inner,
                                                   engine::write_account& writes,
                                                   engine::driver_counters& counters);

}  // namespace chopsticks::s3
