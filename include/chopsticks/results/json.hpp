#pragma once
/// \file
/// The JSON type of the results, and its text: objects keep the order in which their members were
/// put in, so that a document reads from what matters most to the details.

#include <nlohmann/json.hpp>
#include <string>

namespace chopsticks::results {

using json = nlohmann::ordered_json;

/// Error texts come from the target and are cut at a byte count, so they need not be valid UTF-8:
/// what is not becomes U+FFFD instead of an exception that would lose the result.
inline std::string dump(const json& value, int indent = -1) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace chopsticks::results
