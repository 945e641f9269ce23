#pragma once
/// \file
/// Loads plug-ins. Main thread, before the cores start.

#include <chopsticks/plugin/plugin.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace chopsticks::plugin {

struct loaded_plugin {
    std::string file;  ///< as it was first named
    const declaration* content = nullptr;
};

/// Loads the file's code and adds what is in it to the catalogue; nothing if that was done before.
/// Throws config_error, which names the file.
void load(const std::string& file);

/// In the order in which they were loaded.
const std::deque<loaded_plugin>& loaded();

/// Makes a driver with a plug-in's function, guarded (guarded_driver.hpp). Throws config_error,
/// which names the file, whatever that function throws. \param file lives as long as the driver
std::unique_ptr<engine::driver> make_driver(engine::make_driver_function* make,
                                            const engine::driver_request& wanted,
                                            std::string_view file);

}  // namespace chopsticks::plugin
