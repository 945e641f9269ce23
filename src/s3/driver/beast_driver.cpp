#include "beast_connection.hpp"
#include "http_driver.hpp"

namespace chopsticks::s3 {

std::unique_ptr<engine::driver> make_beast_driver(const driver_options& options) {
    return make_http_driver(options, make_beast_connection);
}

}  // namespace chopsticks::s3
