#pragma once
// Character classes of RFC 9110, section 5.6, and the scan that the parsers spend their time in.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace chopsticks::http {

constexpr auto make_token_table() {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c)
        table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c)
        table[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c)
        table[c] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
        table[static_cast<unsigned char>(c)] = true;
    return table;
}

constexpr auto token_table = make_token_table();

constexpr bool is_token(char c) noexcept {
    return token_table[static_cast<unsigned char>(c)];
}

/// What a field value, a reason phrase or a chunk extension may hold: visible characters, spaces,
/// tabs and bytes over 0x7f.
constexpr bool is_text(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

/// The first character at or after `p` that is no is_token, or `end`.
inline const char* skip_token(const char* p, const char* end) noexcept {
    for (; end - p >= 4; p += 4) {
        if (!is_token(p[0])) return p;
        if (!is_token(p[1])) return p + 1;
        if (!is_token(p[2])) return p + 2;
        if (!is_token(p[3])) return p + 3;
    }
    while (p != end && is_token(*p))
        ++p;
    return p;
}

/// The first character at or after `p` that is no is_text, or `end`. Eight bytes at a time: a byte
/// below 0x20 borrows into its top bit when 0x20 is taken from each, a 0x7f does when xor made it
/// 0; bytes over 0x7f are masked out. Borrows may mark a byte above a real hit, never one below the
/// first, so the lowest mark is right in little-endian order. Tabs are rare and looked at singly.
inline const char* skip_text(const char* p, const char* end) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    while (end - p >= 8) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        const std::uint64_t control = (word - ones * 0x20) & ~word;
        const std::uint64_t rubout = word ^ (ones * 0x7f);
        const std::uint64_t hits = (control | ((rubout - ones) & ~rubout & ~word)) & (ones * 0x80);
        if (hits == 0) {
            p += 8;
            continue;
        }
        if constexpr (std::endian::native == std::endian::little) {
            p += std::countr_zero(hits) / 8;
            if (*p != '\t') return p;
            ++p;
        } else {
            break;
        }
    }
    while (p != end && is_text(*p))
        ++p;
    return p;
}

/// Whether `text` is `lower` but for the case of ASCII letters; `lower` has no upper-case letters.
constexpr bool equals_lower(std::string_view text, std::string_view lower) noexcept {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const char folded = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
        if (folded != lower[i]) return false;
    }
    return true;
}

}  // namespace chopsticks::http
