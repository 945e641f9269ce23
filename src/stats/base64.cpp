#include "base64.hpp"

#include <array>
#include <cstdint>

namespace chopsticks::stats {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 255;

constexpr auto digit_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group =
                group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            text.push_back(i + j > bytes.size() ? '=' : alphabet[group >> (18 - 6 * j) & 63]);
        }
    }
    return text;
}

bool base64_decode(std::string_view text, std::string& bytes) {
    if (text.size() % 4 != 0) return false;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    const std::size_t digits = text.size() - padding;

    bytes.clear();
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    unsigned bit_count = 0;
    for (char c : text.substr(0, digits)) {
        const std::uint8_t value = digit_values[static_cast<unsigned char>(c)];
        if (value == no_digit) return false;
        bits = bits << 6 | value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes.push_back(static_cast<char>(static_cast<unsigned char>(bits >> bit_count)));
        }
    }
    return (bits & ((1U << bit_count) - 1)) == 0;
}

}  // namespace chopsticks::stats
