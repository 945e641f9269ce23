#pragma once
/// \file
/// AWS Signature Version 4 for S3, written out step by step for any request: what a server verifies
/// with, and what the fast path (signer.hpp, request.hpp) is tested against. Functions allocate and
/// are pure; any core.
///
/// Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)":
/// "Authorization header", "Query parameters", and the two pages on chunked uploads. S3 differs
/// from other services: the path is encoded once and never normalised, and the payload hash is a
/// header.

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// Who signs. Never printed.
struct credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token;  ///< empty: none
};

/// A header field or a query parameter. In queries both parts are decoded.
struct name_value {
    std::string name;
    std::string value;
};

/// Values of x-amz-content-sha256 that are no hash.
constexpr std::string_view payload_hash_unsigned = "UNSIGNED-PAYLOAD";
constexpr std::string_view payload_hash_streaming_signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view payload_hash_streaming_signed_trailer =
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
constexpr std::string_view payload_hash_streaming_unsigned_trailer =
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// \name The four steps
/// \{

/// Encodes every parameter, sorts by encoded name, then value, and joins: "a=1&b=".
std::string canonical_query(std::span<const name_value> query);

/// Step 1. `raw_path` is decoded ("/bucket/a key"); `signed_headers` are lower-case and sorted, and
/// each is looked up in `headers` regardless of case, fields of one name being joined with commas.
std::string canonical_request(std::string_view method, std::string_view raw_path,
                              std::span<const name_value> query,
                              std::span<const name_value> headers,
                              std::span<const std::string> signed_headers,
                              std::string_view payload_hash);

/// "20130524/us-east-1/s3/aws4_request".
std::string credential_scope(std::string_view date, std::string_view region,
                             std::string_view service = "s3");

/// Step 2. `amz_date` is "20130524T000000Z".
std::string string_to_sign(std::string_view amz_date, std::string_view scope,
                           std::string_view canonical_request);

/// Step 3. `date` is the first eight characters of the amz_date.
sha256_digest signing_key(std::string_view secret_key, std::string_view date,
                          std::string_view region, std::string_view service = "s3");

/// Step 4, in hex.
std::string signature(const sha256_digest& signing_key, std::string_view string_to_sign);

/// \}

/// 16 characters "20130524T000000Z" at `out` for seconds since the epoch; years 0 to 9999.
void write_amz_date(std::int64_t wall_s, char* out) noexcept;

std::string amz_date(std::int64_t wall_s);

/// The inverse of amz_date. Error: errc::invalid_argument.
result<std::int64_t> parse_amz_date(std::string_view text);

/// Decodes "a=1&b" into parameters, '+' being a space. Error: errc::invalid_argument.
result<std::vector<name_value>> parse_query(std::string_view query);

/// What a request says about its signature.
struct authorization {
    std::string access_key;
    std::string date;  ///< of the scope, "20130524"
    std::string region;
    std::string service;
    std::vector<std::string> signed_headers;
    std::string signature;  ///< 64 hex digits

    std::string scope() const { return credential_scope(date, region, service); }
    /// Of S3 in that region.
    bool is_for(std::string_view in_region) const { return region == in_region && service == "s3"; }
};

/// Parses the value of an Authorization field. Error: errc::bad_message.
result<authorization> parse_authorization(std::string_view header);

/// Signs `headers` (host and whatever is in them; x-amz-date must be) and returns the value of the
/// Authorization field: the slow twin of the fast path. `signed_headers` empty = all of `headers`.
std::string authorization_header(const credentials& who, std::string_view region,
                                 std::string_view method, std::string_view raw_path,
                                 std::span<const name_value> query,
                                 std::span<const name_value> headers, std::string_view payload_hash,
                                 std::vector<std::string> signed_headers = {});

/// A query string that makes `raw_path` readable for `expires_s` seconds without a header:
/// "X-Amz-Algorithm=...&X-Amz-Signature=...". Only `host` is signed.
std::string presigned_query(const credentials& who, std::string_view region,
                            std::string_view method, std::string_view host,
                            std::string_view raw_path, std::span<const name_value> query,
                            std::int64_t wall_s, std::int64_t expires_s);

/// A request as a server received it.
struct received_request {
    std::string_view method;
    std::string_view target;  ///< of the request line: "/bucket/a%20key?list-type=2"
    std::span<const name_value> headers;
};

/// What came of verifying.
enum class verdict : std::uint8_t {
    ok,
    missing,               ///< neither an Authorization field nor a signature in the query
    malformed,             ///< the Authorization field cannot be read
    malformed_query,       ///< the parameters of a pre-signed URL, or the target, cannot be read
    unknown_access_key,    ///< find_signing_key does not know it
    wrong_region,          ///< the scope names another region or service
    too_skewed,            ///< the clocks are more than 15 minutes apart
    expired,               ///< a pre-signed URL whose time is over
    unsigned_header,       ///< `host` or an x-amz-* field is not among the signed ones
    missing_payload_hash,  ///< no x-amz-content-sha256
    mismatch,              ///< all could be read, and the signature is another
};

/// The code of S3's error response for a verdict, e.g. "SignatureDoesNotMatch"; "" for ok.
std::string_view s3_code(verdict v) noexcept;

/// The HTTP status that goes with it; 200 for ok.
int http_status(verdict v) noexcept;

/// How the payload is protected, from x-amz-content-sha256.
enum class payload_kind : std::uint8_t {
    unsigned_payload,            ///< not hashed
    hashed,                      ///< `payload_hash` is 64 hex digits that the body must have
    streaming_signed,            ///< aws-chunked, each chunk signed
    streaming_signed_trailer,    ///< the same, with signed trailer fields
    streaming_unsigned_trailer,  ///< aws-chunked, a checksum in the trailer
};

/// Everything a server wants to know afterwards.
struct verification {
    verdict outcome = verdict::missing;
    bool presigned = false;
    payload_kind payload = payload_kind::unsigned_payload;
    authorization claims;      ///< as far as it could be read
    std::string payload_hash;  ///< x-amz-content-sha256 as sent
    std::string amz_date;
    std::string session_token;
    std::string canonical_request;  ///< for the error body of a mismatch
    std::string string_to_sign;     ///< as above
};

/// Gives the signing key of a scope, as signing_key() does, so that a server can cache it; nothing
/// when the access key is unknown.
using find_signing_key = std::function<std::optional<sha256_digest>(const authorization& claims)>;

/// Verifies the header form and the pre-signed form. `now_s` is the server's wall clock.
verification verify(const received_request& request, std::string_view region, std::int64_t now_s,
                    const find_signing_key& find_key);

}  // namespace chopsticks::s3
