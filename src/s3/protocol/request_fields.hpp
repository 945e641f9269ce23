#pragma once
/// \file
/// Fields behind the signature, each with its end of line. Neither allocate nor throw.

#include <chopsticks/s3/protocol/request_form.hpp>
#include <cstdint>
#include <string_view>

namespace chopsticks::s3 {

/// In each request.
inline constexpr std::string_view user_agent = "User-Agent: chopsticks/" CHOPSTICKS_VERSION "\r\n";
/// How long a URL that is signed in advance is good, and the policy of a form, in seconds.
inline constexpr std::uint32_t signed_ahead_s = 3600;

void write_precondition(request_text& to, precondition only_if, std::string_view etag) noexcept;

/// Content-MD5 (RFC 1864).
void write_body_digest(request_text& to, std::string_view body) noexcept;

}  // namespace chopsticks::s3
