#pragma once
/// \file
/// What a control answer that was not the right one means, for a person. Core 0.

#include <string>

#include "session.hpp"

namespace chopsticks::s3 {

/// The one message for a control answer that was not what it should be; empty for 2xx.
std::string explain(const control_reply& reply, const core_state& core,
                    const std::string& endpoint);

/// A foreign text for a message: on one line and cut.
std::string short_text(std::string text);

}  // namespace chopsticks::s3
