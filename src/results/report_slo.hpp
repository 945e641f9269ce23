#pragma once
/// \file
/// The objectives' part of the report.

#include <chopsticks/results/terminal.hpp>
#include <string>

namespace chopsticks::results {

/// A line per objective of the document; empty without any. \param met also those that were met
std::string slo_lines(const json& document, std::size_t indent, std::size_t width,
                      const terminal_options& options, bool met);

}  // namespace chopsticks::results
