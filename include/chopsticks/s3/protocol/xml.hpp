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

/// Error: errc::bad_message.
result<std::string> xml_unescape(std::string_view text);

}  // namespace chopsticks::s3
