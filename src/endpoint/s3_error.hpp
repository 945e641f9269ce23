#pragma once
// The refusals of the endpoint, as S3 words them.

#include <chopsticks/endpoint/server.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::endpoint {

enum class s3_code : std::uint8_t {
    none,  ///< no error
    access_denied,
    authorization_header_malformed,
    authorization_query_malformed,
    bad_digest,
    bad_request,
    bucket_already_exists,
    bucket_already_owned_by_you,
    bucket_not_empty,
    entity_too_large,
    entity_too_small,
    incomplete_body,
    insufficient_storage,
    internal_error,
    invalid_access_key_id,
    invalid_argument,
    invalid_bucket_name,
    invalid_bucket_state,
    invalid_digest,
    invalid_part,
    invalid_part_number,
    invalid_part_order,
    invalid_range,
    invalid_request,
    invalid_storage_class,
    invalid_tag,
    invalid_uri,
    key_too_long,
    location_constraint,
    malformed_trailer,
    malformed_xml,
    metadata_too_large,
    method_not_allowed,
    missing_content_length,
    no_such_bucket,
    no_such_bucket_policy,
    no_such_cors,
    no_such_encryption,
    no_such_key,
    no_such_lifecycle,
    no_such_object_lock,
    no_such_object_lock_of,
    no_such_tag_set,
    no_such_upload,
    no_such_version,
    no_such_website,
    not_implemented,
    not_modified,
    object_locked,
    precondition_failed,
    request_time_too_skewed,
    request_timeout,
    signature_does_not_match,
    content_sha256_mismatch,
    conditional_conflict,
    unresolvable_address,
    acl_not_supported,
    acl_with_ownership,
    no_such_public_block,
    malformed_post,
    invalid_policy_document,
    field_too_long,
    position_not_length,
    object_not_appendable,
    invalid_write_offset,
    idempotency_mismatch,
    invalid_encryption_algorithm,
    access_forbidden,
    malformed_policy,
    wrong_customer_key,
    too_many_tags,
    invalid_retention_period,
    nothing_to_match,
};

struct s3_error_text {
    int status;
    std::string_view code;
    std::string_view message;
};

/// A refusal with words of its own; empty: the code's.
struct s3_refusal {
    s3_code code = s3_code::none;
    std::string text;

    explicit operator bool() const noexcept { return code != s3_code::none; }
};

/// Status, Code element and default message.
const s3_error_text& describe(s3_code code, dialect answers = dialect::aws) noexcept;

}  // namespace chopsticks::endpoint
