#pragma once
/// \file
/// What a control answer that was not the right one means, for a person. Core 0.

#include <string>
#include <string_view>

#include "session.hpp"

namespace chopsticks::s3 {

/// The one message for a control answer that was not what it should be; empty for 2xx,
/// unless its body is an error.
std::string explain(const control_reply& reply, const core_state& core,
                    const std::string& endpoint);

/// The one message where a 2xx to a listing is no listing.
std::string explain_no_listing(const control_reply& reply, const core_state& core,
                               const std::string& endpoint);

/// A foreign text for a message: on one line, its entities decoded, and cut.
std::string short_text(std::string_view text);

}  // namespace chopsticks::s3
