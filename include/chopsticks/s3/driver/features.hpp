#pragma once
/// \file
/// What each of the S3 drivers does, for people.

#include <span>
#include <string_view>

namespace chopsticks::s3 {

/// One line of a table.
struct driver_feature {
    std::string_view name;
    bool native;
    bool beast;
    bool dummy;
};

/// Constant; any thread.
std::span<const driver_feature> driver_features() noexcept;

}  // namespace chopsticks::s3
