#pragma once
/// \file
/// The key that objects are encrypted with where the client brings one (SSE-C).

#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// As fields say it: base64. A secret: it is in no log, no result and no message.
struct customer_key {
    std::string key;
    std::string md5;
};

/// The same for the same secret key of an account: what one run wrote a later one can read. Nobody
/// comes from one to the other. Pure; allocates.
customer_key derive_customer_key(std::string_view secret_key);

}  // namespace chopsticks::s3
