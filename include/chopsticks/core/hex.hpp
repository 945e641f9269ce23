#pragma once
// Hexadecimal digits, for every protocol and file that has some.

namespace chopsticks {

inline constexpr char hex_digits[] = "0123456789abcdef";

/// The value of one digit in either case; -1 if it is none.
constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace chopsticks
