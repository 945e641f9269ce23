#include <chopsticks/scenario/portable.hpp>
#include <cstdio>

#include "yaml.hpp"

namespace chopsticks::scenario {

namespace {

using key_test = std::function<bool(std::string_view)>;

void quote(std::string_view text, std::string& to) {
    to += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            to += '\\';
            to += c;
        } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
            to += code;
        } else {
            to += c;
        }
    }
    to += '"';
}

void write(const value& v, const key_test& leave_out, std::string& to) {
    const char* between = "";
    switch (v.what) {
        case value::kind::null:
            to += "null";
            return;
        case value::kind::scalar:
            quote(v.text, to);
            return;
        case value::kind::list:
            to += '[';
            for (const value& item : v.items) {
                to += between;
                write(item, leave_out, to);
                between = ", ";
            }
            to += ']';
            return;
        case value::kind::map:
            to += '{';
            for (const value::entry& one : v.entries) {
                if (leave_out(one.key)) continue;
                to += between;
                quote(one.key, to);
                to += ": ";
                write(one.content, leave_out, to);
                between = ", ";
            }
            to += '}';
            return;
    }
}

}  // namespace

std::string portable(std::string_view text, const std::string& file, const key_test& leave_out) {
    std::string out;
    write(parse_document(text, file), leave_out, out);
    return out;
}

}  // namespace chopsticks::scenario
