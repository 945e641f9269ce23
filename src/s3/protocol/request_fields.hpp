#pragma once
/// \file
/// Fields behind the signature, each with its end of line. Neither allocate nor throw.

#include <chopsticks/s3/protocol/request_form.hpp>
#include <string_view>

namespace chopsticks::s3 {

void write_precondition(request_text& to, precondition only_if, std::string_view etag) noexcept;

/// Content-MD5 (RFC 1864).
void write_body_digest(request_text& to, std::string_view body) noexcept;

}  // namespace chopsticks::s3
