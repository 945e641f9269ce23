#pragma once
/// \file
/// Sources of drivers that an interpreter runs: compiled in, so that they are there wherever the
/// program is. Made by scripts/embed_drivers.py. Constant; any thread.

#include <string_view>

namespace chopsticks::s3 {

/// integrations/drivers/boto3_driver.py.
std::string_view boto3_script();

}  // namespace chopsticks::s3
