#pragma once
/// \file
/// The end of the report: warnings, and what the run comes to.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstddef>
#include <string>

namespace chopsticks::results {

/// Warnings, then a line or more for each of the three verdicts, also of results that were written
/// before they had verdicts. \param indent where text begins \param width columns
std::string verdict_lines(const json& document, std::size_t indent, std::size_t width,
                          const terminal_options& options);

}  // namespace chopsticks::results
