#include <chopsticks/engine/dummy_driver.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/rbd/workload.hpp>

namespace chopsticks::rbd {

bool carries_data(std::uint16_t code) noexcept {
    return code == block_read || code == block_write || code == block_compare_and_write;
}

std::unique_ptr<engine::driver> make_dummy_driver(const driver_options& options) {
    engine::dummy_options dummy;
    dummy.model = scenario::read_service_model(*options.config);
    dummy.timeout_ns = options.timeout.operation_ns;
    dummy.extents.assign(options.config->image_count(), options.config->image_bytes);
    dummy.a_turn_later = true;
    return engine::make_dummy_driver(dummy);
}

}  // namespace chopsticks::rbd
