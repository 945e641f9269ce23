#include <chopsticks/s3/protocol/key.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

constexpr char digits[] = "0123456789abcdef";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

void write_key_suffix(std::uint64_t index, char* out) noexcept {
    const unsigned directory = key_directory(index);
    out[0] = digits[directory >> 4];
    out[1] = digits[directory & 15];
    out[2] = '/';
    for (int i = 15; i >= 0; --i) {
        out[3 + i] = digits[index & 15];
        index >>= 4;
    }
}

std::string object_key(std::string_view prefix, std::uint64_t index) {
    std::string key(prefix.size() + key_suffix_size, '\0');
    prefix.copy(key.data(), prefix.size());
    write_key_suffix(index, key.data() + prefix.size());
    return key;
}

std::optional<std::uint64_t> parse_object_key(std::string_view prefix,
                                              std::string_view key) noexcept {
    if (key.size() != prefix.size() + key_suffix_size || !key.starts_with(prefix)) {
        return std::nullopt;
    }
    const std::string_view suffix = key.substr(prefix.size());
    std::uint64_t index = 0;
    for (const char c : suffix.substr(3)) {
        const int value = hex_value(c);
        if (value < 0) return std::nullopt;
        index = index * 16 + static_cast<unsigned>(value);
    }
    char expected[key_suffix_size];
    write_key_suffix(index, expected);
    if (suffix != std::string_view(expected, sizeof expected)) return std::nullopt;
    return index;
}

}  // namespace chopsticks::s3
