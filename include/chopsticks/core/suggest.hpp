#pragma once
/// \file
/// What a person may have meant by a word that is none of those there are. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace chopsticks {

/// The candidate that a person may have meant by `word`, or empty if none is near. The case of
/// letters does not count.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// `did you mean "x"?` or `known are a, b, c`, for the end of a message.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace chopsticks
