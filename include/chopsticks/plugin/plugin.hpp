#pragma once
/// \file
/// What a plug-in is: a shared object that brings drivers of workloads that are there, or whole
/// workloads. It defines one symbol, `chopsticks_plugin`, which says what is in it:
///
///     const chopsticks::plugin::declaration chopsticks_plugin = {
///         .name = "faulty", .version = "1.0", .drivers = my_drivers};
///
/// What it calls of the program (the reactor, the catalogue, signatures of S3) it finds in the
/// program that loads it. It is never unloaded: texts and rows that it gives stay where they are.

#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/plugin/build_id.hpp>
#include <chopsticks/scenario/target.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace chopsticks::plugin {

/// All that a program has of a workload. Those that come with it are rows like this one, too.
struct provided_workload {
    /// For the catalogue. The same object each time.
    const scenario::catalogue::workload& (*describe)();
    engine::make_driver_function* make_driver;
    /// How what its runs left is looked for; null: there is no way.
    engine::open_cleanup_function* open_cleanup = nullptr;
    /// What is to be said of a driver behind its description; null: nothing.
    std::string (*driver_note)(std::string_view driver) = nullptr;
    /// How its settings take what does not come from the workload config; null: not at all.
    const scenario::target_rule& (*target)() = nullptr;
};

/// One more driver of a workload that is there.
struct provided_driver {
    std::string_view workload;
    scenario::catalogue::driver row;
    engine::make_driver_function* make;
};

/// What is in a plug-in. The first two members stay where they are in all versions: of a plug-in
/// that was built for another program nothing else is looked at.
struct declaration {
    std::uint64_t magic = declaration_magic;
    build_id built_for = {};
    std::string_view name;     ///< of the plug-in, for people and results
    std::string_view version;  ///< its own, for people and results
    std::span<const provided_workload> workloads = {};
    std::span<const provided_driver> drivers = {};
};

}  // namespace chopsticks::plugin

extern "C" {
/// Defined by each plug-in. Constant.
extern __attribute__((visibility("default")))
const chopsticks::plugin::declaration chopsticks_plugin;
}
