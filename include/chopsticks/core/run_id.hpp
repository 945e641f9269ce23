#pragma once
/// \file
/// The form of the ids that name runs on targets. results/write.hpp makes them.

#include <string_view>

namespace chopsticks {

/// Whether a name is a run id: "20261122T150405Z-" and hex digits.
constexpr bool is_run_id(std::string_view name) noexcept {
    constexpr std::string_view form =
        "dddddddd"
        "T"
        "dddddd"
        "Z-";
    if (name.size() <= form.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool digit = c >= '0' && c <= '9';
        const bool hex = digit || (c >= 'a' && c <= 'f');
        if (i >= form.size() ? !hex : form[i] == 'd' ? !digit : c != form[i]) return false;
    }
    return true;
}

}  // namespace chopsticks
