#pragma once
/// \file
/// The report's part about what was due, what became of it, and when the target was silent.

#include <chopsticks/results/json.hpp>
#include <string>
#include <vector>

namespace chopsticks::results {

std::string load_lines(const json& document, std::size_t indent, std::size_t width);

/// One for each group and endpoint that was without a success for more of the measure phase than
/// the scenario allows.
std::vector<std::string> outage_sentences(const json& document);

}  // namespace chopsticks::results
