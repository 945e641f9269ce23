#pragma once
/// \file
/// Operations on versions that are named: on those that answers to this core have named before.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/task.hpp>

#include "request_lane.hpp"

namespace chopsticks::s3 {

/// lane.what is of the object. Reads its oldest version that is remembered, or removes an earlier
/// one than the latest; fails where there is none. All that is referred to outlives it.
runtime::task<void> perform_on_version(core_state& core, request_lane& lane,
                                       const operation_row& row, engine::outcome& out);

/// Deletes the object, which makes a delete marker, then each of its versions that is remembered,
/// then the marker. `rows`: of these three, as op.parts is told of them.
runtime::task<void> remove_with_versions(core_state& core, request_lane& lane,
                                         const operation_row* const* rows,
                                         const engine::operation& op, engine::outcome& out);

}  // namespace chopsticks::s3
