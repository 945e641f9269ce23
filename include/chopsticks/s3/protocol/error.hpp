#pragma once
/// \file
/// What an S3 service says when it refuses. Pure functions, nothing allocates; any core.

#include <chopsticks/core/error.hpp>
#include <cstddef>
#include <span>
#include <string_view>

namespace chopsticks::s3 {

/// The elements of an error body. Views into it, still XML-escaped; empty when an element is
/// missing, cut off, or the body is something else (HTML of a proxy, rubbish).
struct error_info {
    std::string_view code;  ///< "NoSuchKey": letters, digits and dots only, at most 64
    std::string_view message;
    std::string_view resource;
    std::string_view region;    ///< of AuthorizationHeaderMalformed and redirects
    std::string_view endpoint;  ///< of redirects
    std::string_view bucket;
    std::string_view request_id;
};

/// Reads `<Error><Code>...` from a body that may be cut off anywhere.
error_info parse_error(std::string_view body) noexcept;

/// The decision from a status and the code of the body (may be empty, as in answers to HEAD). 2xx
/// is ok. 429 and 503 ask to slow down, whatever their body, but for 503 InsufficientStorage; so do
/// SlowDown and its relatives under other statuses. 1xx as a final answer, and what is no status,
/// is bad_response.
op_status classify(int http_status, std::string_view code) noexcept;

/// Whether the body of a 2xx says that the operation failed: services that began to answer before
/// they knew do that, and so do gateways. `out` holds what it says.
bool error_in_success(std::string_view body, error_info& out) noexcept;

/// The decision for such a body: asking to slow down and passing troubles of the server are what
/// they are under their own status, anything else is bad_response.
op_status classify_in_success(std::string_view code) noexcept;

/// A foreign text (an error's message, the beginning of a page) for a person: entities decoded,
/// control characters and rows of spaces as one space, cut to `out`. Returns the bytes written.
std::size_t write_plain_text(std::string_view text, std::span<char> out) noexcept;

}  // namespace chopsticks::s3
