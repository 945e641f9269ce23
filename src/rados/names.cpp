#include "names.hpp"

namespace chopsticks::rados {

namespace {

constexpr std::string_view log_start = "log-";
constexpr std::size_t map_digits = 8;

void append_hex(std::string& to, std::uint64_t value, std::size_t digits) {
    constexpr char hex[] = "0123456789abcdef";
    for (std::size_t n = digits; n-- > 0;)
        to.push_back(hex[value >> (4 * n) & 0xf]);
}

/// All of the text, in lower case.
std::optional<std::uint64_t> parse_hex(std::string_view text) noexcept {
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            value = value << 4 | static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value << 4 | static_cast<std::uint64_t>(c - 'a' + 10);
        } else {
            return std::nullopt;
        }
    }
    return value;
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void append_suffix(std::string& to, std::uint64_t index) {
    append_hex(to, index, suffix_size);
}

std::optional<std::uint64_t> parse_suffix(std::string_view suffix) noexcept {
    if (suffix.size() != suffix_size) return std::nullopt;
    return parse_hex(suffix);
}

std::string log_suffix(unsigned core, std::uint64_t user) {
    return std::string(log_start) + std::to_string(core) + "-" + std::to_string(user);
}

bool is_log_suffix(std::string_view suffix) noexcept {
    if (!suffix.starts_with(log_start)) return false;
    suffix.remove_prefix(log_start.size());
    const std::size_t dash = suffix.find('-');
    return dash != std::string_view::npos && is_number(suffix.substr(0, dash)) &&
           is_number(suffix.substr(dash + 1));
}

std::string marks_prefix(std::string_view prefix) {
    return std::string(prefix) + "runs/";
}

std::string mark_name(std::string_view prefix, std::string_view run_id, std::string_view group) {
    return marks_prefix(prefix).append(run_id).append("/").append(group);
}

std::string kept_prefix(std::string_view prefix, std::string_view name) {
    return std::string(prefix).append("kept/").append(name).append("/");
}

std::string map_key(std::uint64_t number) {
    std::string key = "k";
    append_hex(key, number, map_digits);
    return key;
}

std::optional<std::uint64_t> parse_map_key(std::string_view key) noexcept {
    if (key.size() != 1 + map_digits || key.front() != 'k') return std::nullopt;
    return parse_hex(key.substr(1));
}

}  // namespace chopsticks::rados
