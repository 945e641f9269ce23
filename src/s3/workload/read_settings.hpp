#pragma once
/// \file
/// The part of the workload config that is about S3.

#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <memory>

namespace chopsticks::s3 {

/// For settings_rule::read. Reads the file's `driver` too, and knows what the Python program had
/// in its files.
std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from);

}  // namespace chopsticks::s3
