#pragma once
/// \file
/// Which answers say that a target does not have an operation: the one list, for all who ask.

#include <chopsticks/core/error.hpp>
#include <string_view>

namespace chopsticks {

/// Whether a failure says so: HTTP 501 or 405, errno EOPNOTSUPP or ENOSYS, or under any HTTP status
/// an S3 code that means it. Pure; any thread. \param code the S3 code, may be empty
bool means_unsupported(native_code native, std::string_view code) noexcept;

/// What a failure is counted as: `unsupported` where the target's answer means that, else as it
/// was. A time-out, a broken connection or a throttled request is never made unsupported: nothing
/// was answered, or the target asked to slow down. Pure; any thread.
op_status settled(op_status status, native_code native, std::string_view code) noexcept;

}  // namespace chopsticks
