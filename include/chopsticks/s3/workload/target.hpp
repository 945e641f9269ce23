#pragma once
/// \file
/// Options and credentials of S3 targets.

#include <chopsticks/scenario/target.hpp>

namespace chopsticks::s3 {

/// For the list of workloads. Constant; any thread.
const scenario::target_rule& target_rule();

}  // namespace chopsticks::s3
