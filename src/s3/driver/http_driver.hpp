#pragma once
/// \file
/// What all drivers are that speak HTTP: they differ in their connections.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/s3/driver.hpp>
#include <memory>

#include "core_state.hpp"

namespace chopsticks::s3 {

/// Resolves all endpoints' names and reads the CA file: throws config_error. Main thread.
std::unique_ptr<engine::driver> make_http_driver(const driver_options& options,
                                                 core_state::connection_maker connect);

}  // namespace chopsticks::s3
