#pragma once
/// \file
/// What a driver of any workload is made from.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chopsticks::engine {

/// A driver of one group. Referred-to objects outlive the driver.
struct driver_request {
    const scenario::workload_settings* settings = nullptr;  ///< of the group's workload
    const scenario::group* group = nullptr;
    std::size_t group_number = 0;  ///< in the scenario
    std::string_view driver;       ///< a name of the workload's description
    scenario::timeouts timeout;
    std::string run_id;
    std::string run_prefix;       ///< what names of the run's own objects begin with
    std::uint64_t data_seed = 0;  ///< of contents and sizes
    unsigned cores = 1;
    bool prepares = true;  ///< the run makes the initial data
    bool cleans = true;    ///< the run removes what it made at its end
};

/// Makes the driver of that name. config_error where it cannot be had in this program, or on this
/// machine, or not with these settings.
using make_driver_function = std::unique_ptr<driver>(const driver_request&);

}  // namespace chopsticks::engine
