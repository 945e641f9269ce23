// The drivers of block devices by their names.

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <iterator>

namespace chopsticks::rbd {

namespace {

constexpr std::string_view of_library = "librbd";

constexpr struct {
    std::string_view name;
    std::unique_ptr<engine::driver> (*make)(const driver_options&);
} makers[] = {
    {of_library, make_librbd_driver},
    {"dummy", make_dummy_driver},
};

}  // namespace

std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted) {
    driver_options d;
    d.config = static_cast<const settings*>(wanted.settings);
    d.group = wanted.group;
    d.timeout = wanted.timeout;
    d.run_id = wanted.run_id;
    d.data_seed = wanted.data_seed;
    d.cores = wanted.cores;
    d.prepares = wanted.prepares;
    d.cleans = wanted.cleans;
    const auto* const found = std::find_if(std::begin(makers), std::end(makers),
                                           [&](const auto& m) { return m.name == wanted.driver; });
    CHOPSTICKS_ASSERT(found != std::end(makers));
    return found->make(d);
}

std::string driver_note(std::string_view driver) {
    if (driver != of_library) return {};
    return librbd_built_in()
               ? " (" + librbd_version() + ")"
               : " (not in this program: install librbd-dev, configure and build again)";
}

}  // namespace chopsticks::rbd
