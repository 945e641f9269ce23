#include <chopsticks/report/assets.hpp>

namespace chopsticks::report {

const asset* find_asset(std::string_view name) noexcept {
    for (const asset& one : assets()) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

}  // namespace chopsticks::report
