#pragma once
/// \file
/// From text to the tree of document.hpp.

#include <chopsticks/scenario/document.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <string>
#include <string_view>

namespace chopsticks::scenario {

/// Parses the text of one document; an empty text gives a null value.
value parse_document(std::string_view text, const std::string& file);

/// Puts an override's value into the tree, making maps on the way where there is nothing yet.
/// \param path the part of the override's path that counts in this tree
void apply_override(value& root, const override_value& setting, std::string_view path);

}  // namespace chopsticks::scenario
