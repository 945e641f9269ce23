#pragma once
/// \file
/// Percent-encoding as AWS's signature wants it (a subset of RFC 3986): A-Z a-z 0-9 - . _ ~ stay,
/// everything else becomes %XX in upper case, byte by byte, so that UTF-8 needs no decoding.
/// Pure functions; any core.

#include <chopsticks/core/error.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace chopsticks::http {

/// What becomes of '/': kept in paths, encoded in queries.
enum class slash : bool { encode, keep };

/// What '+' means to percent_decode: itself in paths, a space in HTML-form style queries.
enum class plus : bool { literal, space };

/// Bytes the encoding of `raw` has.
std::size_t percent_encoded_size(std::string_view raw, slash how) noexcept;

/// Writes the encoding to `out`, which has room for percent_encoded_size bytes (3 * raw.size() is
/// always enough); returns the end of what was written. Does not allocate.
char* percent_encode_to(char* out, std::string_view raw, slash how) noexcept;

std::string percent_encode(std::string_view raw, slash how);

/// Error: errc::invalid_argument when a '%' is not followed by two hex digits.
result<std::string> percent_decode(std::string_view text, plus how = plus::literal);

}  // namespace chopsticks::http
