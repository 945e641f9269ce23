#include <curl/curl.h>

#include <chopsticks/core/error.hpp>
#include <string>

#include "curl_connection.hpp"
#include "http_driver.hpp"
#include "libcurl_note.hpp"

namespace chopsticks::s3 {

namespace {

const curl_version_info_data& libcurl() noexcept {
    return *::curl_version_info(CURLVERSION_NOW);
}

bool speaks_http2() noexcept {
    return (libcurl().features & CURL_VERSION_HTTP2) != 0;
}

}  // namespace

std::string libcurl_note() {
    return " (libcurl " + std::string(libcurl().version) +
           (speaks_http2() ? ")" : ", without HTTP/2: Debian's libcurl4 has it)");
}

std::unique_ptr<engine::driver> make_curl_driver(const driver_options& options) {
    if (options.config->http != http_version::one && !speaks_http2()) {
        throw config_error("http_version: the libcurl of this machine (" +
                           std::string(libcurl().version) +
                           ") has no HTTP/2; install one that has, as Debian's libcurl4");
    }
    return make_http_driver(options, make_curl_connection);
}

}  // namespace chopsticks::s3
