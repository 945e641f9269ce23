#include <array>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/http/percent.hpp>

namespace chopsticks::http {

namespace {

constexpr auto make_unreserved() {
    std::array<bool, 256> table{};
    for (char c = 'a'; c <= 'z'; ++c)
        table[static_cast<unsigned char>(c)] = true;
    for (char c = 'A'; c <= 'Z'; ++c)
        table[static_cast<unsigned char>(c)] = true;
    for (char c = '0'; c <= '9'; ++c)
        table[static_cast<unsigned char>(c)] = true;
    for (char c : {'-', '.', '_', '~'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}

constexpr auto unreserved = make_unreserved();

bool stays(char c, slash how) noexcept {
    return unreserved[static_cast<unsigned char>(c)] || (c == '/' && how == slash::keep);
}

}  // namespace

std::size_t percent_encoded_size(std::string_view raw, slash how) noexcept {
    std::size_t size = raw.size();
    for (const char c : raw)
        size += stays(c, how) ? 0 : 2;
    return size;
}

char* percent_encode_to(char* out, std::string_view raw, slash how) noexcept {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : raw) {
        if (stays(c, how)) {
            *out++ = c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    return out;
}

std::string percent_encode(std::string_view raw, slash how) {
    std::string out(percent_encoded_size(raw, how), '\0');
    percent_encode_to(out.data(), raw, how);
    return out;
}

result<std::string> percent_decode(std::string_view text, plus how) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && how == plus::space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return make_error_code(boost::system::errc::invalid_argument);
            }
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

}  // namespace chopsticks::http
