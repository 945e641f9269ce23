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

}  // namespace chopsticks
