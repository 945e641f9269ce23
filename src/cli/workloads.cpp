#include "workloads.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <iterator>

namespace chopsticks::cli {

namespace {

/// What the program has of each. One more workload is one more line.
constexpr struct known_workload {
    const scenario::catalogue::workload& (*describe)();
    engine::make_driver_function* make_driver;
    std::string (*driver_note)(std::string_view driver) = nullptr;
} known[] = {
    {s3::describe_workload, s3::make_driver},
    {rbd::describe_workload, rbd::make_driver, rbd::driver_note},
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

}  // namespace chopsticks::cli
