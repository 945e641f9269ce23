#pragma once
/// \file
/// Base64 with padding (RFC 4648, section 4), as histograms are written. Any thread.

#include <string>
#include <string_view>

namespace chopsticks::stats {

std::string base64_encode(std::string_view bytes);

/// False if the text is not what base64_encode makes of some bytes; `bytes` is then unspecified.
bool base64_decode(std::string_view text, std::string& bytes);

}  // namespace chopsticks::stats
