#pragma once
/// \file
/// A workload config as it is sent to another machine.

#include <functional>
#include <string>
#include <string_view>

namespace chopsticks::scenario {

/// The document as text that is YAML and JSON, without the keys that `leave_out` says, whatever is
/// below them. Throws config_error for a text that is no YAML.
std::string portable(std::string_view text, const std::string& file,
                     const std::function<bool(std::string_view key)>& leave_out);

}  // namespace chopsticks::scenario
