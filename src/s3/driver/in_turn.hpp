#pragma once
/// \file
/// Several requests about one object, one after the other.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/task.hpp>
#include <span>

#include "request_lane.hpp"

namespace chopsticks::s3 {

/// Each of the rows once, in their order, until one fails or there is none more (null). With
/// `always_last` the last one follows a failure too, unless the time is over: it takes back what
/// those before have made. lane.what is of the object. What is referred to outlives it.
runtime::task<void> perform_in_turn(request_lane& lane, std::span<const operation_row* const> rows,
                                    bool always_last, const engine::operation& op,
                                    engine::outcome& out);

}  // namespace chopsticks::s3
