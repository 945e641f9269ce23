#pragma once
/// \file
/// The workload `s3`: what can be asked of an object store, and what of a driver.

#include <chopsticks/scenario/workload.hpp>

namespace chopsticks::s3 {

/// For the catalogue of a program that has this workload. Constant; any thread.
const scenario::catalogue::workload& describe_workload();

}  // namespace chopsticks::s3
