#pragma once
/// \file
/// The report's part about operations that failed.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstddef>
#include <string>

namespace chopsticks::results {

/// The kinds of errors with their counts; empty without any.
std::string error_lines(const json& document, std::size_t width, const terminal_options& options);

}  // namespace chopsticks::results
