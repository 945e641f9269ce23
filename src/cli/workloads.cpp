#include "workloads.hpp"

#include <chopsticks/core/assert.hpp>
#include <chopsticks/plugin/load.hpp>
#include <chopsticks/rados/driver.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/rbd/cleanup.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/driver/cleanup.hpp>
#include <chopsticks/s3/driver/program.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/s3/workload/target.hpp>
#include <chopsticks/scenario/catalogue.hpp>

namespace chopsticks::cli {

namespace {

/// Those that come with the program. One more workload is one more line.
constexpr plugin::provided_workload known[] = {
    {s3::describe_workload, s3::make_driver, s3::open_cleanup, s3::driver_note, s3::target_rule},
    {rbd::describe_workload, rbd::make_driver, rbd::open_cleanup, rbd::driver_note},
    {rados::describe_workload, rados::make_driver, rados::open_cleanup, rados::driver_note},
};

/// One of them, or one that a plug-in brings.
struct found_workload {
    const plugin::provided_workload* row;
    std::string_view from;  ///< the plug-in's file; empty: it comes with the program
};

found_workload find(std::string_view name) {
    for (const plugin::provided_workload& one : known) {
        if (one.describe().name == name) return {&one, {}};
    }
    for (const plugin::loaded_plugin& p : plugin::loaded()) {
        for (const plugin::provided_workload& one : p.content->workloads) {
            if (one.describe().name == name) return {&one, p.file};
        }
    }
    CHOPSTICKS_ASSERT(!"a workload of the catalogue");
    return {};
}

struct found_driver {
    const plugin::provided_driver* row = nullptr;  ///< null: it is the workload's own
    std::string_view from;
};

found_driver find_foreign(std::string_view workload, std::string_view driver) {
    for (const plugin::loaded_plugin& p : plugin::loaded()) {
        for (const plugin::provided_driver& one : p.content->drivers) {
            if (one.workload == workload && one.row.name == driver) return {&one, p.file};
        }
    }
    return {};
}

}  // namespace

void add_workloads() {
    for (const plugin::provided_workload& one : known)
        scenario::catalogue::add(one.describe());
}

std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted) {
    const found_driver foreign = find_foreign(wanted.group->workload, wanted.driver);
    if (foreign.row != nullptr) return plugin::make_driver(foreign.row->make, wanted, foreign.from);
    const found_workload of = find(wanted.group->workload);
    return of.from.empty() ? of.row->make_driver(wanted)
                           : plugin::make_driver(of.row->make_driver, wanted, of.from);
}

void check_driver(std::string_view workload, std::string_view driver,
                  const scenario::workload_settings& settings) {
    const auto* const row =
        scenario::catalogue::find_driver(*scenario::catalogue::find_workload(workload), driver);
    if (row != nullptr && row->check != nullptr) row->check(settings);
}

std::string driver_note(std::string_view workload, std::string_view driver) {
    const auto* const row =
        scenario::catalogue::find_driver(*scenario::catalogue::find_workload(workload), driver);
    if (row != nullptr && !row->from.empty()) return " (from " + std::string(row->from) + ")";
    const plugin::provided_workload& of = *find(workload).row;
    return of.driver_note != nullptr ? of.driver_note(driver) : std::string();
}

engine::open_cleanup_function* cleanup_of(std::string_view workload) {
    return find(workload).row->open_cleanup;
}

const scenario::target_rule& target_of(std::string_view workload) {
    static constexpr scenario::target_rule none;
    const auto target = find(workload).row->target;
    return target != nullptr ? target() : none;
}

}  // namespace chopsticks::cli
