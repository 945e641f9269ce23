#include "http_driver.hpp"
#include "native_connection.hpp"

namespace chopsticks::s3 {

std::unique_ptr<engine::driver> make_native_driver(const driver_options& options) {
    return make_http_driver(options, make_native_connection);
}

}  // namespace chopsticks::s3
