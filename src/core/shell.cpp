#include <chopsticks/core/shell.hpp>

namespace chopsticks {

std::string shell_word(std::string_view text) {
    // No ~ or =, which say something at the beginning of a word; no brackets, which are a pattern.
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,";
    if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
        return std::string(text);
    std::string out = "'";
    for (const char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace chopsticks
