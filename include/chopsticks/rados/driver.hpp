#pragma once
/// \file
/// The RADOS drivers: `librados` does asynchronous I/O on objects of a Ceph cluster's pools,
/// `dummy` answers at once. Names are functions of an operation's `object` (names.hpp).

#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/rados/workload/settings.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace chopsticks::rados {

/// The driver `librados`. Throws config_error: without the library in one line what to install.
/// Nothing is connected before open_target.
std::unique_ptr<engine::driver> make_librados_driver(const engine::driver_request& wanted);

/// Any of them, by its name. As that.
std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted);

/// Finds and removes what runs left in the pools and namespaces of a workload config. Throws
/// config_error, with the one message about the cluster.
std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked);

/// One line about the library ("librados 3.0.0"), for results and `list`; empty without it.
std::string librados_version();

/// What `list` says behind a driver's description: the library's version, or that it is not there.
std::string driver_note(std::string_view driver);

}  // namespace chopsticks::rados
