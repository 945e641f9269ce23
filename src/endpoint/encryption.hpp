#pragma once
// Server-side encryption as clients see it: what they ask for is kept and told, and a customer's
// key is needed for what was put with it. Contents lie in memory as they came. Plain values.
//
// Source: Amazon S3 User Guide, "Protecting data with server-side encryption".

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "request.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

struct encryption {
    std::string algorithm;  ///< x-amz-server-side-encryption; empty: with a customer's key
    std::string key_id;     ///< of KMS; empty: it is not of KMS
    std::string key_md5;    ///< of a customer's key, base64
    /// Whether KMS is asked once for a bucket rather than for each object; nothing: it is not said.
    std::optional<bool> bucket_key;

    bool of_kms() const noexcept { return !key_id.empty(); }
    bool of_customer() const noexcept { return !key_md5.empty(); }
};

/// Null: none.
using encryption_ref = std::shared_ptr<const encryption>;

/// What a request that makes an object or an upload asks for.
s3_refusal read_encryption(const request& r, encryption_ref& out);

/// What an object gets of what it asked for itself (null: nothing) and of its bucket's default.
encryption_ref with_default(const encryption_ref& asked, const encryption_ref& by_default);

/// A document <ServerSideEncryptionConfiguration>, which sets the default of a bucket.
s3_refusal read_default(std::string_view text, encryption_ref& out);
std::string default_document(const encryption& e);

/// Whether a request to read an object, or the source of a copy, has the key that it needs.
enum class key_fields : std::uint8_t { of_request, of_copy_source };
s3_refusal check_key(const request& r, key_fields which, const encryption_ref& kept);

/// The same of a part, against the upload that it is of.
s3_refusal check_part_key(const request& r, const encryption_ref& begun);

/// "Name: value\r\n" of all that is told of it.
std::string encryption_answer(const encryption& e);

}  // namespace chopsticks::endpoint
