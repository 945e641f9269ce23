// As etag.cpp has it, which may be compiled together with this.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>

#include <chopsticks/s3/protocol/customer_key.hpp>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>

namespace chopsticks::s3 {

customer_key derive_customer_key(std::string_view secret_key) {
    const sha256_digest key = hmac_sha256_key(secret_key).sign("chopsticks customer key 1");
    unsigned char text[4 * ((sizeof key + 2) / 3) + 1];
    customer_key out;
    const int size = ::EVP_EncodeBlock(text, key.data(), static_cast<int>(key.size()));
    out.key.assign(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    out.md5.resize(content_md5_size);
    write_content_md5(as_text(key), out.md5.data());
    return out;
}

}  // namespace chopsticks::s3
