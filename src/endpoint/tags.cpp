#include "tags.hpp"

#include <algorithm>
#include <chopsticks/s3/protocol/sigv4.hpp>
#include <pugixml.hpp>

#include "xml_text.hpp"

namespace chopsticks::endpoint {

namespace {

/// S3 counts UTF-16 units; these are characters, and differ for few.
std::size_t characters(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

s3_refusal check_tags(const tag_set& tags, std::size_t most) {
    if (tags.size() > most) {
        return {s3_code::too_many_tags,
                "Object tags cannot be greater than " + std::to_string(most)};
    }
    for (std::size_t i = 0; i < tags.size(); ++i) {
        const auto& [name, value] = tags[i];
        if (name.empty() || characters(name) > 128 || name.starts_with("aws:")) {
            return {s3_code::invalid_tag, "The TagKey you have provided is invalid"};
        }
        if (characters(value) > 256) {
            return {s3_code::invalid_tag, "The TagValue you have provided is invalid"};
        }
        for (std::size_t k = 0; k < i; ++k) {
            if (tags[k].first == name) {
                return {s3_code::invalid_tag, "Cannot provide multiple Tags with the same key"};
            }
        }
    }
    return {};
}

}  // namespace

s3_refusal read_tags(std::string_view field, tag_set& out) {
    out.clear();
    if (field.empty()) return {};
    const auto parsed = s3::parse_query(field);
    if (!parsed) {
        return {s3_code::invalid_argument,
                "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
                "parameters without tag name duplicates."};
    }
    for (const s3::name_value& p : *parsed)
        out.emplace_back(p.name, p.value);
    return check_tags(out, object_tags_max);
}

s3_refusal read_tag_document(std::string_view text, std::size_t most, tag_set& out) {
    out.clear();
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size(),
                                             pugi::parse_default | pugi::parse_ws_pcdata_single);
    const auto set = document.child("Tagging").child("TagSet");
    if (!parsed || !set) return {s3_code::malformed_xml, {}};
    for (const auto& tag : set.children()) {
        if (tag.type() != pugi::node_element) continue;
        if (std::string_view(tag.name()) != "Tag" || !tag.child("Key") || !tag.child("Value")) {
            return {s3_code::malformed_xml, {}};
        }
        out.emplace_back(tag.child_value("Key"), tag.child_value("Value"));
    }
    return check_tags(out, most);
}

std::string tag_document(const tag_set& tags) {
    xml_text xml("Tagging");
    xml.open("TagSet");
    tag_set sorted = tags;
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [name, value] : sorted) {
        xml.open("Tag");
        xml.element("Key", name);
        xml.element("Value", value);
        xml.close("Tag");
    }
    xml.close("TagSet");
    return xml.finish();
}

}  // namespace chopsticks::endpoint
