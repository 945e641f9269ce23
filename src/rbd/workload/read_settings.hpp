#pragma once
/// \file
/// The part of the workload config that is about RBD.

#include <chopsticks/rbd/workload/settings.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <memory>

namespace chopsticks::rbd {

/// For settings_rule::read.
std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from);

}  // namespace chopsticks::rbd
