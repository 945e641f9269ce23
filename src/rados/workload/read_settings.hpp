#pragma once
/// \file
/// The part of the workload config that is about RADOS.

#include <chopsticks/rados/workload/settings.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <memory>

namespace chopsticks::rados {

/// For settings_rule::read.
std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from);

}  // namespace chopsticks::rados
