#pragma once
/// \file
/// The report's part about what drivers count of their own.

#include <chopsticks/results/json.hpp>
#include <cstddef>
#include <string>

namespace chopsticks::results {

/// A line for each of those figures that had something in the load; empty without any.
std::string driver_figure_lines(const json& document, std::size_t width);

}  // namespace chopsticks::results
