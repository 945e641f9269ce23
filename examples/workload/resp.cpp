#include "resp.hpp"

#include <charconv>

namespace redis_example {

namespace {

/// A line is a status, an error or a number; a server sends no longer ones.
constexpr std::size_t line_most = 4096;

void add_number(std::string& to, std::uint64_t number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    to.append(digits, end);
    to.append("\r\n");
}

bool read_number(std::string_view text, std::int64_t& out) {
    const char* const end = text.data() + text.size();
    const auto done = std::from_chars(text.data(), end, out);
    return !text.empty() && done.ec == std::errc() && done.ptr == end;
}

}  // namespace

parsed parse_reply(std::string_view in, std::uint64_t most, reply& out, std::size_t& used) {
    out = {};
    if (in.empty()) return parsed::partial;
    if (std::string_view("+-:$*").find(in.front()) == std::string_view::npos) return parsed::wrong;
    const std::size_t end = in.substr(0, line_most).find("\r\n");
    if (end == std::string_view::npos) {
        return in.size() < line_most ? parsed::partial : parsed::wrong;
    }
    const std::string_view line = in.substr(1, end - 1);
    used = end + 2;
    switch (in.front()) {
        case '+':
            out.what = reply::kind::status;
            out.text = line;
            return parsed::whole;
        case '-':
            out.what = reply::kind::error;
            out.text = line;
            return parsed::whole;
        default:
            if (!read_number(line, out.number)) return parsed::wrong;
    }
    if (in.front() == ':') {
        out.what = reply::kind::number;
        return parsed::whole;
    }
    if (out.number == -1) return parsed::whole;
    if (out.number < 0 || static_cast<std::uint64_t>(out.number) > most) return parsed::wrong;
    if (in.front() == '*') {
        out.what = reply::kind::array;
        return parsed::whole;
    }
    const auto bytes = static_cast<std::size_t>(out.number);
    // As soon as it can be seen: a text of another length than was said.
    if (in.size() > used + bytes && in[used + bytes] != '\r') return parsed::wrong;
    if (in.size() < used + bytes + 2) return parsed::partial;
    if (in[used + bytes + 1] != '\n') return parsed::wrong;
    out.what = reply::kind::text;
    out.text = in.substr(used, bytes);
    used += bytes + 2;
    return parsed::whole;
}

void begin_command(std::string& to, std::size_t words) {
    to.push_back('*');
    add_number(to, words);
}

void begin_word(std::string& to, std::uint64_t bytes) {
    to.push_back('$');
    add_number(to, bytes);
}

void add_word(std::string& to, std::string_view word) {
    begin_word(to, word.size());
    to.append(word);
    to.append("\r\n");
}

}  // namespace redis_example
