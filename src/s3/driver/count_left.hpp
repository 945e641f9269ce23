#pragma once
/// \file
/// What of the run's objects is still there, as the target lists it. Runs on core 0.

#include <vector>

#include "session.hpp"

namespace chopsticks::s3 {

/// Lists what is below the run's prefix, page by page, through the first address that answers.
runtime::task<engine::left_count> count_s3_left(core_state& core,
                                                const std::vector<target_address>& addresses);

}  // namespace chopsticks::s3
