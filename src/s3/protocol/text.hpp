#pragma once
// Small things of text that the files of this folder share.

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = lower(c);
    return out;
}

/// Whether two names of header fields are the same.
constexpr bool same_name(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

constexpr std::string_view trimmed(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// \name Parts of the two forms of a signed request (sigv4.cpp)
/// \{
bool parse_credential(std::string_view text, authorization& out);
bool parse_signed_headers(std::string_view text, authorization& out);
/// 64 lower-case hex digits.
bool is_hex_digest(std::string_view text);
/// \}

}  // namespace chopsticks::s3
