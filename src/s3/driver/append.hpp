#pragma once
/// \file
/// An object that is made by appending to it.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/task.hpp>

#include "multipart.hpp"
#include "request_lane.hpp"

namespace chopsticks::s3 {

/// Sends the object's content piece by piece, each behind the one before, the first to where
/// nothing is; then asks whether all of it is there. `plan`: rows of these two, bytes of a piece.
/// lane.what is of the object. All that is referred to outlives it.
runtime::task<void> append_in_pieces(request_lane& lane, const upload_plan& plan,
                                     const engine::operation& op, engine::outcome& out);

}  // namespace chopsticks::s3
