#include <chopsticks/core/error.hpp>

namespace chopsticks {

std::string_view name(op_status status) noexcept {
    switch (status) {
        case op_status::ok:
            return "ok";
        case op_status::redirect:
            return "redirect";
        case op_status::client_error:
            return "client_error";
        case op_status::server_error:
            return "server_error";
        case op_status::slow_down:
            return "slow_down";
        case op_status::connect_failed:
            return "connect_failed";
        case op_status::connection_lost:
            return "connection_lost";
        case op_status::timeout:
            return "timeout";
        case op_status::bad_response:
            return "bad_response";
        case op_status::corrupt:
            return "corrupt";
        case op_status::io_error:
            return "io_error";
        case op_status::cancelled:
            return "cancelled";
        case op_status::unsupported:
            return "unsupported";
    }
    return "unknown";
}

std::string caught_text() {
    try {
        throw;
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "not one of the standard library";
    }
}

}  // namespace chopsticks
