#pragma once
/// \file
/// Removal of versions that the run's own operations have locked.

#include <chopsticks/runtime/task.hpp>

#include "patience.hpp"
#include "session.hpp"

namespace chopsticks::s3 {

/// `removal`: the DELETE of one version of the run's, which was refused (403). Sends it again past
/// a governance; then takes a legal hold off and sends it once more. The answer to the last of
/// these: what compliance holds stays refused. All that is referred to outlives it.
runtime::task<control_reply> remove_locked(s3_session& session, const control_request& removal,
                                           const patience& how);

}  // namespace chopsticks::s3
