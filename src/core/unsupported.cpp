#include <cerrno>
#include <chopsticks/core/unsupported.hpp>

namespace chopsticks {

bool means_unsupported(native_code native, std::string_view code) noexcept {
    switch (native.kind) {
        case code_kind::none:
            return false;
        case code_kind::errno_value:
            return native.value == EOPNOTSUPP || native.value == ENOSYS;
        case code_kind::http_status:
            break;
    }
    return native.value == 501 || native.value == 405 || code == "NotImplemented" ||
           code == "MethodNotAllowed" || code == "UnsupportedOperation";
}

op_status settled(op_status status, native_code native, std::string_view code) noexcept {
    const bool refused = status == op_status::client_error || status == op_status::server_error ||
                         status == op_status::io_error;
    return refused && means_unsupported(native, code) ? op_status::unsupported : status;
}

}  // namespace chopsticks
