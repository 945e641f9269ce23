#pragma once
/// \file
/// What those that print a document share: its members, its numbers as text, colours.

#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <cstdint>
#include <string>

namespace chopsticks::results {

inline std::string painted(const std::string& words, const char* color,
                           const terminal_options& options) {
    return options.color ? color + words + plain : words;
}

// A document that was read back is whole only as far as check_result looks: a member that is not
// there, or null because it was unknown, is 0 or empty here, never an exception.

inline const json& member(const json& object, const char* key) {
    static const json nothing;
    if (!object.is_object()) return nothing;
    const auto found = object.find(key);
    return found == object.end() ? nothing : *found;
}

inline double number(const json& object, const char* key) {
    const json& value = member(object, key);
    return value.is_number() ? value.get<double>() : 0;
}

inline std::uint64_t count(const json& object, const char* key) {
    const json& value = member(object, key);
    return value.is_number_integer() ? value.get<std::uint64_t>() : 0;
}

inline std::string text(const json& object, const char* key) {
    const json& value = member(object, key);
    return value.is_string() ? printable(value.get_ref<const std::string&>()) : std::string();
}

inline bool flag(const json& object, const char* key) {
    return member(object, key) == json(true);
}

/// A count in full as long as that is readable.
inline std::string whole(std::uint64_t value) {
    return value < 1'000'000'000 ? std::to_string(value) : format_count(static_cast<double>(value));
}

inline std::string percent(double share, int decimals) {
    return decimal(share * 100, decimals) + "%";
}

/// "0%", "0.3%", "12%"
inline std::string percent(double share) {
    return percent(share, share > 0 && share < 0.0095 ? 1 : 0);
}

/// "1 error", "2 errors".
inline std::string of_these(std::uint64_t n, const std::string& one, const std::string& many) {
    return whole(n) + " " + (n == 1 ? one : many);
}

}  // namespace chopsticks::results
