#include <charconv>
#include <chopsticks/process/json_line.hpp>

namespace chopsticks::process {

namespace {

constexpr std::uint64_t most_exact = std::uint64_t{1} << 53;
constexpr unsigned most_depth = 16;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// The bytes of a number at the beginning of `text`; 0: there is none.
std::size_t number_size(std::string_view text) noexcept {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at]))
            ++at;
        return at > start;
    };
    if (at < text.size() && text[at] == '-') ++at;
    const bool zero = at < text.size() && text[at] == '0';
    const std::size_t whole = at;
    if (!digits() || (zero && at > whole + 1)) return 0;
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (!digits()) return 0;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (!digits()) return 0;
    }
    return at;
}

/// Four hex digits at the beginning; negative: there are none.
int hex4(std::string_view text) noexcept {
    if (text.size() < 4) return -1;
    int value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + 4, value, 16);
    return failed == std::errc() && end == text.data() + 4 ? value : -1;
}

std::size_t write_utf8(std::uint32_t code, char (&out)[4]) noexcept {
    const auto byte = [](std::uint32_t bits) { return static_cast<char>(bits); };
    if (code < 0x80) {
        out[0] = byte(code);
        return 1;
    }
    if (code < 0x800) {
        out[0] = byte(0xc0 | (code >> 6));
        out[1] = byte(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = byte(0xe0 | (code >> 12));
        out[1] = byte(0x80 | ((code >> 6) & 0x3f));
        out[2] = byte(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = byte(0xf0 | (code >> 18));
    out[1] = byte(0x80 | ((code >> 12) & 0x3f));
    out[2] = byte(0x80 | ((code >> 6) & 0x3f));
    out[3] = byte(0x80 | (code & 0x3f));
    return 4;
}

/// One character of a text, or a whole escape, off its front.
std::size_t take_character(std::string_view& raw, char (&out)[4]) noexcept {
    if (raw.front() != '\\' || raw.size() < 2) {
        out[0] = raw.front();
        raw.remove_prefix(1);
        return 1;
    }
    const char kind = raw[1];
    raw.remove_prefix(2);
    if (kind != 'u') {
        constexpr std::string_view from = "nrtbf";
        constexpr std::string_view to = "\n\r\t\b\f";
        const std::size_t at = from.find(kind);
        out[0] = at == std::string_view::npos ? kind : to[at];
        return 1;
    }
    std::uint32_t code = static_cast<std::uint32_t>(hex4(raw));
    raw.remove_prefix(4);
    if (code >= 0xd800 && code < 0xe000) {
        const bool pair = code < 0xdc00 && raw.size() >= 6 && raw.substr(0, 2) == "\\u";
        const int low = pair ? hex4(raw.substr(2)) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
            raw.remove_prefix(6);
            code = 0x10000 + ((code - 0xd800) << 10) + static_cast<std::uint32_t>(low - 0xdc00);
        } else {
            code = 0xfffd;
        }
    }
    return write_utf8(code, out);
}

}  // namespace

std::optional<std::uint64_t> json_value::count() const noexcept {
    std::uint64_t value = 0;
    if (kind != json_kind::number) return {};
    const auto [end, failed] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (failed != std::errc() || end != raw.data() + raw.size() || value > most_exact) return {};
    return value;
}

std::optional<double> json_value::number() const noexcept {
    double value = 0;
    if (kind != json_kind::number) return {};
    const auto [end, failed] = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (failed != std::errc() || end != raw.data() + raw.size()) return {};
    return value;
}

std::size_t json_value::copy_text(std::span<char> out) const noexcept {
    if (kind != json_kind::text) return 0;
    std::size_t size = 0;
    for (std::string_view left = raw; !left.empty();) {
        char character[4];
        const std::size_t bytes = take_character(left, character);
        if (size + bytes > out.size()) break;
        for (std::size_t i = 0; i < bytes; ++i)
            out[size++] = character[i];
    }
    return size;
}

std::string json_value::text() const {
    std::string out(raw.size(), '\0');
    out.resize(copy_text(out));
    return out;
}

json_walk::json_walk(std::string_view whole) noexcept : left_(whole) {
    skip_blanks();
    if (take('{')) {
        close_ = '}';
    } else if (take('[')) {
        close_ = ']';
    } else {
        state_ = state::broken;
    }
}

void json_walk::skip_blanks() noexcept {
    const std::size_t at = left_.find_first_not_of(" \t\r\n");
    left_.remove_prefix(at == std::string_view::npos ? left_.size() : at);
}

bool json_walk::take(char c) noexcept {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
}

bool json_walk::next() noexcept {
    if (state_ == state::ended || state_ == state::broken) return false;
    skip_blanks();
    if (take(close_)) {
        skip_blanks();
        state_ = left_.empty() ? state::ended : state::broken;
        return false;
    }
    if (state_ == state::further && !take(',')) return broken();
    state_ = state::further;
    if (close_ == '}') {
        skip_blanks();
        if (!read_text(name_)) return broken();
        skip_blanks();
        if (!take(':')) return broken();
    }
    skip_blanks();
    return read_value(value_, 0) || broken();
}

bool json_walk::read_text(std::string_view& inside) noexcept {
    if (!take('"')) return false;
    for (std::size_t at = 0; at < left_.size(); ++at) {
        const char c = left_[at];
        if (c == '"') {
            inside = left_.substr(0, at);
            left_.remove_prefix(at + 1);
            return true;
        }
        if (static_cast<unsigned char>(c) < 0x20) return false;
        if (c != '\\') continue;
        ++at;
        constexpr std::string_view escapes = "\"\\/bfnrtu";
        if (at == left_.size() || escapes.find(left_[at]) == std::string_view::npos) return false;
        if (left_[at] == 'u') {
            if (hex4(left_.substr(at + 1)) < 0) return false;
            at += 4;
        }
    }
    return false;
}

bool json_walk::read_value(json_value& into, unsigned depth) noexcept {
    if (left_.empty() || depth > most_depth) return false;
    const char c = left_.front();
    if (c == '"') {
        into.kind = json_kind::text;
        return read_text(into.raw);
    }
    if (c == '{' || c == '[') {
        const std::string_view before = left_;
        into.kind = c == '{' ? json_kind::object : json_kind::array;
        left_.remove_prefix(1);
        if (!skip_nested(c == '{' ? '}' : ']', depth + 1)) return false;
        into.raw = before.substr(0, before.size() - left_.size());
        return true;
    }
    for (const std::string_view word : {"true", "false", "null"}) {
        if (!left_.starts_with(word)) continue;
        into.kind = word == "null" ? json_kind::null : json_kind::boolean;
        into.raw = word;
        left_.remove_prefix(word.size());
        return true;
    }
    const std::size_t size = number_size(left_);
    into.kind = json_kind::number;
    into.raw = left_.substr(0, size);
    left_.remove_prefix(size);
    return size > 0;
}

bool json_walk::skip_nested(char close, unsigned depth) noexcept {
    for (bool first = true;; first = false) {
        skip_blanks();
        if (first && take(close)) return true;
        if (close == '}') {
            std::string_view name;
            if (!read_text(name)) return false;
            skip_blanks();
            if (!take(':')) return false;
            skip_blanks();
        }
        json_value inside;
        if (!read_value(inside, depth)) return false;
        skip_blanks();
        if (take(close)) return true;
        if (!take(',')) return false;
    }
}

void append_json_text(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += "\\u00";
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[c & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace chopsticks::process
