#include "workloads.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/rados/driver.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/rbd/cleanup.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/driver/cleanup.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/s3/workload/target.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <iterator>

namespace chopsticks::cli {

namespace {

/// What the program has of each. One more workload is one more line.
constexpr struct known_workload {
    const scenario::catalogue::workload& (*describe)();
    engine::make_driver_function* make_driver;
    engine::open_cleanup_function* open_cleanup;
    std::string (*driver_note)(std::string_view driver) = nullptr;
    const scenario::target_rule& (*target)() = nullptr;
} known[] = {
    {s3::describe_workload, s3::make_driver, s3::open_cleanup, nullptr, s3::target_rule},
    {rbd::describe_workload, rbd::make_driver, rbd::open_cleanup, rbd::driver_note},
    {rados::describe_workload, rados::make_driver, rados::open_cleanup, rados::driver_note},
};

const known_workload& find(std::string_view name) {
    const auto* const found =
        std::find_if(std::begin(known), std::end(known),
                     [&](const auto& one) { return one.describe().name == name; });
    CHOPSTICKS_ASSERT(found != std::end(known));
    return *found;
}

}  // namespace

void add_workloads() {
    for (const known_workload& one : known)
        scenario::catalogue::add(one.describe());
}

std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted) {
    return find(wanted.group->workload).make_driver(wanted);
}

std::string driver_note(std::string_view workload, std::string_view driver) {
    const known_workload& of = find(workload);
    return of.driver_note != nullptr ? of.driver_note(driver) : std::string();
}

engine::open_cleanup_function* cleanup_of(std::string_view workload) {
    return find(workload).open_cleanup;
}

const scenario::target_rule& target_of(std::string_view workload) {
    static constexpr scenario::target_rule none;
    const auto target = find(workload).target;
    return target != nullptr ? target() : none;
}

}  // namespace chopsticks::cli
