#pragma once
/// \file
/// The driver `process`, and those that are programs which come with this one: operations of the
/// load go to a program of somebody else's, one or more for each core. Whatever has to be right
/// whatever that program does goes by `native`: the bucket, the run's mark, cleanup, counting what
/// is left.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/process/program.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/program_options.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "process_request.hpp"

namespace chopsticks::s3 {

/// All that the cores of such a driver have in common. Constant; outlives them.
struct program_target {
    driver_options options;
    scenario::program_options how;
    std::vector<process::program_plan> plans;  ///< by endpoint
    std::vector<stats::driver_figure> figures;
    const load::content* content = nullptr;
    program_group group;
    bool verifies = false;  ///< programs hand over what they have read
};

/// `inner`: what `native` made on that core.
std::unique_ptr<engine::core_driver> make_program_core(runtime::reactor& loop, unsigned core,
                                                       const program_target& target,
                                                       std::unique_ptr<engine::core_driver> inner);

/// One user's. The program belongs to the core. \param endpoint that of the program
std::unique_ptr<engine::session> make_program_session(const program_target& target,
                                                      process::program& of, std::size_t endpoint,
                                                      std::unique_ptr<engine::session> inner,
                                                      engine::write_account& writes,
                                                      engine::driver_counters& counters);

/// A program that is a driver by its name.
struct shipped_program {
    std::string_view name;
    scenario::program_kind kind;
    std::vector<std::string> (*command)(const scenario::program_options& of);
    std::string_view (*script)();  ///< its source; null: it is a program by itself
    std::string (*missing)();      ///< what to do for it to run here; empty: it does
};

/// Null: there is none of that name.
const shipped_program* find_shipped_program(std::string_view name);

/// Makes one of them, or `process`.
std::unique_ptr<engine::driver> make_program_driver(const driver_options& options,
                                                    std::string_view name);

}  // namespace chopsticks::s3
