#pragma once
/// \file
/// JSON to text as all of the results do it.

#include <chopsticks/results/json.hpp>
#include <cmath>
#include <string>

namespace chopsticks::results {

/// Six decimals of a share, a rate or a time in seconds: more would be noise, and would make a diff
/// of two results unreadable. What is not finite is 0.
inline double rounded(double value) {
    if (!std::isfinite(value)) return 0;
    const double scaled = std::round(value * 1e6);
    return std::abs(scaled) < 9e15 ? scaled / 1e6 : value;
}

// What is empty or 0 because nobody knew it is null.

inline json known(const std::string& text) {
    if (text.empty()) return nullptr;
    return text;
}

inline json known(std::uint64_t number) {
    if (number == 0) return nullptr;
    return number;
}

template <typename T>
json or_null(const std::optional<T>& value) {
    if (!value) return nullptr;
    return *value;
}

inline json or_null(const std::optional<double>& value) {
    if (!value) return nullptr;
    return rounded(*value);
}

}  // namespace chopsticks::results
