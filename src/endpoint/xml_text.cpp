#include "xml_text.hpp"

#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <utility>

namespace chopsticks::endpoint {

void append_element(std::string& out, std::string_view name, std::string_view value) {
    out += '<';
    out += name;
    out += '>';
    s3::append_xml_escaped(out, value);
    out += "</";
    out += name;
    out += '>';
}

xml_text::xml_text(std::string_view root, bool encode_keys)
    : root_(root), encode_keys_(encode_keys), text_(xml_declaration) {
    text_ += '<';
    text_ += root;
    text_ += s3_namespace;
    text_ += '>';
}

void xml_text::open(std::string_view name) {
    text_ += '<';
    text_ += name;
    text_ += '>';
}

void xml_text::close(std::string_view name) {
    text_ += "</";
    text_ += name;
    text_ += '>';
}

void xml_text::element(std::string_view name, std::string_view value) {
    append_element(text_, name, value);
}

void xml_text::element(std::string_view name, std::uint64_t value) {
    append_element(text_, name, std::to_string(value));
}

void xml_text::element(std::string_view name, bool value) {
    append_element(text_, name, value ? std::string_view("true") : std::string_view("false"));
}

void xml_text::key(std::string_view name, std::string_view value) {
    append_element(
        text_, name,
        encode_keys_ ? http::percent_encode(value, http::slash::keep) : std::string(value));
}

std::string xml_text::finish() {
    close(root_);
    return std::move(text_);
}

}  // namespace chopsticks::endpoint
