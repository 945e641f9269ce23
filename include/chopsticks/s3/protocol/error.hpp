#pragma once
/// \file
/// What an S3 service says when it refuses. Pure functions, nothing allocates; any core.

#include <chopsticks/core/error.hpp>
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

}  // namespace chopsticks::s3
