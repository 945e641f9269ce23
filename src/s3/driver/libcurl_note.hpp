#pragma once
/// \file
/// The libcurl that the driver `curl` runs with.

#include <string>

namespace chopsticks::s3 {

/// For people who look for drivers: its version, and what it lacks. Any thread.
std::string libcurl_note();

}  // namespace chopsticks::s3
