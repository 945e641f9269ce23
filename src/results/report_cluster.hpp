#pragma once
/// \file
/// The report's part about the cluster that was watched beside the load.

#include <chopsticks/results/json.hpp>
#include <cstddef>
#include <string>

namespace chopsticks::results {

/// A paragraph, and a line for each of the first things that it told and of the findings. Empty
/// where no cluster was watched.
std::string cluster_lines(const json& document, std::size_t indent, std::size_t width);

}  // namespace chopsticks::results
