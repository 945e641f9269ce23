#pragma once
/// \file
/// The scenarios that come with the program. They are in it, so that `-f mixed` works wherever the
/// program is; the files below scenarios/ are what they are made from.

#include <span>
#include <string>
#include <string_view>

namespace chopsticks::scenario {

struct shipped_scenario {
    std::string_view name;
    std::string_view text;  ///< YAML, with its comments
};

/// All of them, by name. Valid for ever.
std::span<const shipped_scenario> shipped_scenarios() noexcept;

/// The one of this name, or null.
const shipped_scenario* find_shipped(std::string_view name) noexcept;

/// `did you mean "mixed"?` or the names of all, for the end of a message.
std::string shipped_suggestion(std::string_view word);

}  // namespace chopsticks::scenario
