#pragma once
// What of a request has an effect here. What has none is refused: a 200 would say that it had.

#include <string>
#include <string_view>

#include "request.hpp"

namespace chopsticks::endpoint {

/// Empty: all of it is served. Otherwise what is not, for a person: a parameter of the query, or a
/// field x-amz-*, which ask for something that this server does not do. Parameters and fields that
/// nobody here knows are among these.
std::string unserved_part(const request& r);

/// Whether a parameter of a pre-signed query is in truth a field x-amz-*, and not one of its
/// signature.
bool hoisted_field(std::string_view parameter) noexcept;

}  // namespace chopsticks::endpoint
