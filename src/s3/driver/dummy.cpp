#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/s3/driver.hpp>

namespace chopsticks::s3 {

std::unique_ptr<engine::driver> make_dummy_driver(std::int64_t delay_ns) {
    engine::dummy_options options;
    options.model.latency = load::time_distribution::constant(delay_ns);
    return engine::make_dummy_driver(options);
}

}  // namespace chopsticks::s3
