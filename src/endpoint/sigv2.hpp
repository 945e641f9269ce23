#pragma once
// AWS Signature Version 2, which old clients still send and Ceph still takes.
//
// Source: Amazon S3 User Guide, "Signing and authenticating REST requests (AWS signature version
// 2)".

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "request.hpp"

namespace chopsticks::endpoint {

/// The secret of an access key; null: there is no such user.
using find_secret = std::function<const std::string*(std::string_view access_key)>;

/// Whether a request claims to be signed in that way, in a field or in its query.
bool is_sigv2(const request& r) noexcept;

struct sigv2_verdict {
    int status = 200;  ///< 200: it is signed by access_key
    std::string_view code;
    std::string_view message;
    std::string access_key;
    std::string string_to_sign;
};

/// Of a request that is_sigv2. `now_s` is the server's wall clock.
sigv2_verdict verify_sigv2(const request& r, std::int64_t now_s, const find_secret& secret);

/// Base64 of the signature of a text.
std::string sigv2_signature(std::string_view secret, std::string_view text);

}  // namespace chopsticks::endpoint
