#include "s3_error.hpp"

#include <chopsticks/core/assert.hpp>
#include <cstddef>

namespace chopsticks::endpoint {

namespace {

struct row {
    s3_code code;
    s3_error_text text;
};

constexpr row rows[] = {
    {s3_code::none, {200, "", ""}},
    {s3_code::access_denied, {403, "AccessDenied", "Access Denied"}},
    {s3_code::authorization_header_malformed,
     {400, "AuthorizationHeaderMalformed", "The authorization header is malformed."}},
    {s3_code::authorization_query_malformed,
     {400, "AuthorizationQueryParametersError", "The authorization query parameters are wrong."}},
    {s3_code::bad_digest,
     {400, "BadDigest", "The checksum you specified did not match what we received."}},
    {s3_code::bad_request, {400, "BadRequest", "Bad Request"}},
    {s3_code::bucket_already_exists,
     {409, "BucketAlreadyExists",
      "The requested bucket name is not available. Select a different name and try again."}},
    {s3_code::bucket_already_owned_by_you,
     {409, "BucketAlreadyOwnedByYou",
      "Your previous request to create the named bucket succeeded and you already own it."}},
    {s3_code::bucket_not_empty,
     {409, "BucketNotEmpty", "The bucket you tried to delete is not empty."}},
    {s3_code::entity_too_large,
     {400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size."}},
    {s3_code::entity_too_small,
     {400, "EntityTooSmall",
      "Your proposed upload is smaller than the minimum allowed object size."}},
    {s3_code::incomplete_body,
     {400, "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header."}},
    {s3_code::insufficient_storage,
     {503, "InsufficientStorage", "The endpoint's memory cap does not leave room for this."}},
    {s3_code::internal_error,
     {500, "InternalError", "We encountered an internal error. Please try again."}},
    {s3_code::invalid_access_key_id,
     {403, "InvalidAccessKeyId",
      "The AWS access key ID you provided does not exist in our records."}},
    {s3_code::invalid_argument, {400, "InvalidArgument", "Invalid Argument"}},
    {s3_code::invalid_bucket_name,
     {400, "InvalidBucketName", "The specified bucket is not valid."}},
    {s3_code::invalid_bucket_state,
     {409, "InvalidBucketState", "The request is not valid with the current state of the bucket."}},
    {s3_code::invalid_digest,
     {400, "InvalidDigest", "The Content-MD5 or checksum you specified is not valid."}},
    {s3_code::invalid_part,
     {400, "InvalidPart",
      "One or more of the specified parts could not be found, or its ETag did not match."}},
    {s3_code::invalid_part_number,
     {416, "InvalidPartNumber", "The requested partnumber is not satisfiable"}},
    {s3_code::invalid_part_order,
     {400, "InvalidPartOrder", "The list of parts was not in ascending order."}},
    {s3_code::invalid_range, {416, "InvalidRange", "The requested range is not satisfiable"}},
    {s3_code::invalid_request, {400, "InvalidRequest", "Invalid Request"}},
    {s3_code::invalid_storage_class,
     {400, "InvalidStorageClass", "The storage class you specified is not valid"}},
    {s3_code::invalid_tag, {400, "InvalidTag", "The tag provided was not a valid tag."}},
    {s3_code::invalid_uri, {400, "InvalidURI", "Couldn't parse the specified URI."}},
    {s3_code::key_too_long, {400, "KeyTooLongError", "Your key is too long."}},
    {s3_code::location_constraint,
     {400, "IllegalLocationConstraintException",
      "The location constraint is incompatible for the region this request was sent to."}},
    {s3_code::malformed_trailer,
     {400, "MalformedTrailerError",
      "The request contained trailing data that was not well-formed or did not conform to our "
      "published schema."}},
    {s3_code::malformed_xml,
     {400, "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our schema."}},
    {s3_code::metadata_too_large,
     {400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed size."}},
    {s3_code::method_not_allowed,
     {405, "MethodNotAllowed", "The specified method is not allowed against this resource."}},
    {s3_code::missing_content_length,
     {411, "MissingContentLength", "You must provide the Content-Length HTTP header."}},
    {s3_code::no_such_bucket, {404, "NoSuchBucket", "The specified bucket does not exist"}},
    {s3_code::no_such_bucket_policy,
     {404, "NoSuchBucketPolicy", "The bucket policy does not exist"}},
    {s3_code::no_such_cors,
     {404, "NoSuchCORSConfiguration", "The CORS configuration does not exist"}},
    {s3_code::no_such_encryption,
     {404, "ServerSideEncryptionConfigurationNotFoundError",
      "The server side encryption configuration was not found"}},
    {s3_code::no_such_key, {404, "NoSuchKey", "The specified key does not exist."}},
    {s3_code::no_such_lifecycle,
     {404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"}},
    {s3_code::no_such_object_lock,
     {404, "ObjectLockConfigurationNotFoundError",
      "Object Lock configuration does not exist for this bucket"}},
    {s3_code::no_such_object_lock_of,
     {404, "NoSuchObjectLockConfiguration",
      "The specified object does not have a ObjectLock configuration"}},
    {s3_code::no_such_tag_set, {404, "NoSuchTagSet", "The TagSet does not exist"}},
    {s3_code::no_such_upload,
     {404, "NoSuchUpload",
      "The specified multipart upload does not exist. It may have been aborted or completed."}},
    {s3_code::no_such_version, {404, "NoSuchVersion", "The specified version does not exist."}},
    {s3_code::no_such_website,
     {404, "NoSuchWebsiteConfiguration",
      "The specified bucket does not have a website configuration"}},
    {s3_code::not_implemented,
     {501, "NotImplemented",
      "A header or query you provided implies functionality that is not "
      "implemented."}},
    {s3_code::not_modified, {304, "NotModified", ""}},
    {s3_code::object_locked,
     {403, "AccessDenied", "Access Denied because object protected by object lock."}},
    {s3_code::precondition_failed,
     {412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"}},
    {s3_code::request_time_too_skewed,
     {403, "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large."}},
    {s3_code::request_timeout,
     {400, "RequestTimeout",
      "Your socket connection to the server was not read from or written to within the timeout "
      "period. Idle connections will be closed."}},
    {s3_code::signature_does_not_match,
     {403, "SignatureDoesNotMatch",
      "The request signature we calculated does not match the signature you provided. Check your "
      "key and signing method."}},
    {s3_code::content_sha256_mismatch,
     {400, "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed."}},
    {s3_code::conditional_conflict,
     {409, "ConditionalRequestConflict",
      "The conditional request cannot succeed due to a conflicting operation against this "
      "resource."}},
    {s3_code::unresolvable_address,
     {400, "UnresolvableGrantByEmailAddress",
      "The e-mail address you provided does not match any account on record."}},
    {s3_code::acl_not_supported,
     {400, "AccessControlListNotSupported", "The bucket does not allow ACLs"}},
    {s3_code::acl_with_ownership,
     {400, "InvalidBucketAclWithObjectOwnership",
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"}},
    {s3_code::no_such_public_block,
     {404, "NoSuchPublicAccessBlockConfiguration",
      "The public access block configuration was not found"}},
    {s3_code::malformed_post,
     {400, "MalformedPOSTRequest",
      "The body of your POST request is not well-formed multipart/form-data."}},
    {s3_code::invalid_policy_document,
     {400, "InvalidPolicyDocument",
      "The content of the form does not meet the conditions specified in the policy document."}},
    {s3_code::field_too_long,
     {400, "MaxPostPreDataLengthExceeded",
      "Your POST request fields preceding the upload file were too large."}},
    {s3_code::position_not_length,
     {409, "PositionNotEqualToLength", "The position is not the size of the object."}},
    {s3_code::object_not_appendable,
     {409, "ObjectNotAppendable", "The object was not made by appends."}},
    {s3_code::invalid_write_offset,
     {400, "InvalidWriteOffset",
      "The write offset value that you specified does not match the current object size."}},
    {s3_code::idempotency_mismatch,
     {400, "IdempotencyParameterMismatch",
      "The client token was used before, for something else."}},
    {s3_code::invalid_encryption_algorithm,
     {400, "InvalidEncryptionAlgorithmError",
      "The encryption request you specified is not valid. The valid value is AES256."}},
    {s3_code::access_forbidden, {403, "AccessForbidden", "CORSResponse: not allowed"}},
    {s3_code::malformed_policy, {400, "MalformedPolicy", "Policies must be valid JSON"}},
    {s3_code::wrong_customer_key, {403, "AccessDenied", "Access Denied"}},
    {s3_code::too_many_tags, {400, "BadRequest", "The tag set has too many tags."}},
    {s3_code::invalid_retention_period,
     {400, "InvalidArgument", "Default retention period must be a positive integer."}},
    {s3_code::nothing_to_match, {404, "NoSuchKey", "The specified key does not exist."}},
};

/// What Ceph's RGW says otherwise.
constexpr row ceph_rows[] = {
    {s3_code::authorization_query_malformed, {403, "AccessDenied", "Access Denied"}},
    {s3_code::wrong_customer_key,
     {400, "InvalidArgument",
      "The calculated MD5 hash of the key did not match the hash that was provided."}},
    {s3_code::too_many_tags, {400, "InvalidTag", "The tag set has too many tags."}},
    {s3_code::invalid_retention_period,
     {400, "InvalidRetentionPeriod", "Default retention period must be a positive integer."}},
    {s3_code::nothing_to_match,
     {412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"}},
};

}  // namespace

const s3_error_text& describe(s3_code code, dialect answers) noexcept {
    if (answers == dialect::ceph) {
        for (const row& r : ceph_rows) {
            if (r.code == code) return r.text;
        }
    }
    const auto index = static_cast<std::size_t>(code);
    CHOPSTICKS_ASSERT(index < sizeof rows / sizeof rows[0]);
    CHOPSTICKS_ASSERT(rows[index].code == code);
    return rows[index].text;
}

}  // namespace chopsticks::endpoint
