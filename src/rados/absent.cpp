// What a program built without librados has to say about it.

#include <chopsticks/core/error.hpp>
#include <chopsticks/rados/driver.hpp>

namespace chopsticks::rados {

std::string librados_version() {
    return {};
}

std::unique_ptr<engine::driver> make_librados_driver(const engine::driver_request&) {
    throw config_error(
        "the driver librados is not in this program: install librados-dev and libradospp-dev, run "
        "meson setup --reconfigure BUILD_DIR and build again (or try scenarios with the driver "
        "dummy: --set workload.rados.driver=dummy)");
}

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request&) {
    throw config_error(
        "objects of pools cannot be looked for: librados is not in this program; install "
        "librados-dev and libradospp-dev and build it again");
}

}  // namespace chopsticks::rados
