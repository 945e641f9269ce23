#include <charconv>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <cstring>

namespace chopsticks::s3 {

void write_key_suffix(std::uint64_t index, char* out) noexcept {
    const unsigned directory = key_directory(index);
    out[0] = hex_digits[directory >> 4];
    out[1] = hex_digits[directory & 15];
    out[2] = '/';
    for (int i = 15; i >= 0; --i) {
        out[3 + i] = hex_digits[index & 15];
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

bool is_made_key(std::string_view prefix, std::string_view key) noexcept {
    if (key.ends_with(aside_suffix)) key.remove_suffix(aside_suffix.size());
    return parse_object_key(prefix, key).has_value();
}

std::string made_bucket_stem(std::string_view bucket, std::string_view run_id, std::size_t group) {
    std::string tail = "-" + std::string(run_id) + "-" + std::to_string(group) + "-";
    for (char& c : tail)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    constexpr std::size_t longest_name = 63;
    const std::size_t taken = tail.size() + bucket_number_size;
    const std::size_t room = taken + 1 < longest_name ? longest_name - taken : 1;
    std::string_view head = bucket.substr(0, room);
    // "a.-b" and "a--b" are names that some refuse.
    while (head.size() > 1 && (head.back() == '-' || head.back() == '.'))
        head.remove_suffix(1);
    return std::string(head) + tail;
}

std::string made_bucket_name(std::string_view stem, std::uint64_t number) {
    char number_text[bucket_number_size];
    const char* const end =
        std::to_chars(number_text, number_text + sizeof number_text, number, 36).ptr;
    return std::string(stem) +
           std::string(number_text, static_cast<std::size_t>(end - number_text));
}

std::optional<std::uint64_t> parse_made_bucket(std::string_view stem, std::string_view name) {
    if (!name.starts_with(stem)) return std::nullopt;
    const std::string_view number_text = name.substr(stem.size());
    std::uint64_t number = 0;
    const auto parsed =
        std::from_chars(number_text.data(), number_text.data() + number_text.size(), number, 36);
    if (parsed.ec != std::errc{} || parsed.ptr != number_text.data() + number_text.size())
        return std::nullopt;
    // Neither leading zeros nor capitals.
    if (made_bucket_name(stem, number) != name) return std::nullopt;
    return number;
}

}  // namespace chopsticks::s3
