// What a program built without librbd has to say about it.

#include <chopsticks/core/error.hpp>
#include <chopsticks/rbd/cleanup.hpp>
#include <chopsticks/rbd/driver.hpp>

namespace chopsticks::rbd {

bool librbd_built_in() noexcept {
    return false;
}

std::string librbd_version() {
    return {};
}

std::unique_ptr<engine::driver> make_librbd_driver(const driver_options&) {
    throw config_error(
        "the driver librbd is not in this program: install librbd-dev, run "
        "meson setup --reconfigure BUILD_DIR and build again (or try scenarios with the driver "
        "dummy: --set workload.rbd.driver=dummy)");
}

std::unique_ptr<image_cleanup> open_image_cleanup(const settings&) {
    throw config_error(
        "images cannot be looked for: librbd is not in this program; install librbd-dev and build "
        "it again");
}

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked) {
    open_image_cleanup(*static_cast<const settings*>(asked.settings));
    return nullptr;
}

}  // namespace chopsticks::rbd
