#pragma once
/// \file
/// Small files of the kernel, whole.

#include <optional>
#include <string>

namespace chopsticks::telemetry {

/// The content of a file of at most 1 MiB; none when it is not there or cannot be read. Files in
/// /proc say they are empty, so it is read until its end.
std::optional<std::string> read_text(const std::string& path);

}  // namespace chopsticks::telemetry
