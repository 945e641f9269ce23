#pragma once
/// \file
/// Commands that a person is told to type.

#include <string>
#include <string_view>

namespace chopsticks {

/// The text as one word of a POSIX shell: in single quotes where it has what a shell would read as
/// something else, a pattern say, or where it is empty.
std::string shell_word(std::string_view text);

}  // namespace chopsticks
