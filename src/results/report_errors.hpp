#pragma once
/// \file
/// The report's part about operations that failed.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

namespace chopsticks::results {

/// Operations to which the target answered that it does not have them.
std::uint64_t unsupported_operations(const json& document);

/// What the target does not support, then the kinds of other errors, with their counts; empty
/// without any.
std::string error_lines(const json& document, std::size_t width, const terminal_options& options);

}  // namespace chopsticks::results
