#pragma once
/// \file
/// The JSON type of the results: objects keep the order in which their members were put in, so that
/// a document reads from what matters most to the details.

#include <nlohmann/json.hpp>

namespace chopsticks::results {

using json = nlohmann::ordered_json;

}  // namespace chopsticks::results
