#pragma once
/// \file
/// Documents that are small or rare enough to be read as a tree, in whatever name space.

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <pugixml.hpp>
#include <string_view>

namespace chopsticks::s3 {

inline error_code bad_body() {
    return make_error_code(boost::system::errc::bad_message);
}

/// The first child of a name; empty when there is none.
inline pugi::xml_node child_of(const pugi::xml_node& parent, std::string_view name) {
    for (const pugi::xml_node& node : parent.children()) {
        if (xml_local_name(node.name()) == name) return node;
    }
    return {};
}

inline const char* text_of(const pugi::xml_node& parent, std::string_view name) {
    return child_of(parent, name).child_value();
}

/// Parses and finds the root; an empty node when either fails.
inline pugi::xml_node parse_root(pugi::xml_document& document, std::string_view body,
                                 std::string_view name) {
    // White space in keys is theirs: parse_default normalises line ends only.
    if (!document.load_buffer(body.data(), body.size(),
                              pugi::parse_default | pugi::parse_ws_pcdata_single)) {
        return {};
    }
    return child_of(document, name);
}

}  // namespace chopsticks::s3
