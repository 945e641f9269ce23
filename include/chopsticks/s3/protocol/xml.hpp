#pragma once
/// \file
/// Text in XML. Pure functions; any core.

#include <chopsticks/core/error.hpp>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// Text as the content of an element or of a quoted attribute: & < > " ' and control characters are
/// escaped, the latter as S3 does it ("&#x1;"), which XML 1.0 parsers may refuse. UTF-8 stays.
std::string xml_escape(std::string_view text);

/// xml_escape at the end of `out`.
void append_xml_escaped(std::string& out, std::string_view text);

/// Undoes the five named entities and numeric references into `out`, which has room for text.size()
/// bytes (the result is never longer). Returns the end of what was written, or nullptr for an
/// unknown, unfinished or out-of-range reference. Does not allocate.
char* xml_unescape_to(char* out, std::string_view text) noexcept;

/// The name of an element without its name space: "Error" of "ns:Error".
constexpr std::string_view xml_local_name(std::string_view name) noexcept {
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// Where a document begins. Both are empty if there is no whole start tag behind an optional byte
/// order mark, declaration and comments.
struct xml_root {
    std::string_view name;    ///< of the root element, without its name space
    std::string_view inside;  ///< all behind its start tag; empty of "<name/>"
};

/// Finds it in a document that may be cut off anywhere, or be none. Does not allocate.
xml_root find_xml_root(std::string_view body) noexcept;

/// The content of the first <name>...</name>, in whatever name space, still escaped; empty: there
/// is none. For elements that hold text only: what is between the tags must be free of other tags.
/// Does not allocate.
std::string_view xml_element(std::string_view body, std::string_view name) noexcept;

/// Error: errc::bad_message.
result<std::string> xml_unescape(std::string_view text);

}  // namespace chopsticks::s3
