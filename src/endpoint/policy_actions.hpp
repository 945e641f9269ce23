#pragma once
// What requests are called in policies.

#include <array>
#include <string_view>

#include "request.hpp"

namespace chopsticks::endpoint {

/// The names of what a request does; a request needs all of them.
struct policy_actions {
    std::array<std::string_view, 5> names{};
    std::size_t count = 0;

    void add(std::string_view name) noexcept { names[count++] = name; }
    const std::string_view* begin() const noexcept { return names.data(); }
    const std::string_view* end() const noexcept { return names.data() + count; }
};

/// Of a request whose bucket and key are known. Those of single keys in a delete of many, of a
/// form and of a copy's source are not among them.
policy_actions actions_of(const request& r);

/// Whether a pattern in lower case ("s3:get*") is of any action that is served.
bool names_served_action(std::string_view pattern);

}  // namespace chopsticks::endpoint
