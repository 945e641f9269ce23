// The drivers of RADOS objects by their names.

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/rados/driver.hpp>
#include <iterator>

namespace chopsticks::rados {

namespace {

constexpr std::string_view of_library = "librados";

std::unique_ptr<engine::driver> make_dummy(const engine::driver_request& wanted) {
    engine::dummy_options options;
    options.model = scenario::read_service_model(*wanted.settings);
    options.timeout_ns = wanted.timeout.operation_ns;
    options.a_turn_later = true;
    return engine::make_dummy_driver(options);
}

constexpr struct {
    std::string_view name;
    engine::make_driver_function* make;
} makers[] = {
    {of_library, make_librados_driver},
    {"dummy", make_dummy},
};

}  // namespace

std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted) {
    const auto* const found = std::find_if(std::begin(makers), std::end(makers),
                                           [&](const auto& m) { return m.name == wanted.driver; });
    CHOPSTICKS_ASSERT(found != std::end(makers));
    return found->make(wanted);
}

std::string driver_note(std::string_view driver) {
    if (driver != of_library) return {};
    const std::string version = librados_version();
    return !version.empty() ? " (" + version + ")"
                            : " (not in this program: install librados-dev and libradospp-dev, "
                              "configure and build again)";
}

}  // namespace chopsticks::rados
