#include "curl_connection.hpp"
#include "http_driver.hpp"

namespace chopsticks::s3 {

std::unique_ptr<engine::driver> make_curl_driver(const driver_options& options) {
    return make_http_driver(options, make_curl_connection);
}

}  // namespace chopsticks::s3
