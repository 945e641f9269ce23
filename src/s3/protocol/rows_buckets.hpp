#pragma once
/// \file
/// Rows of the table of operations: how buckets are set up. What is changed are made buckets; what
/// is read is the configured one's.

#include "judge.hpp"
#include "row_parts.hpp"

namespace chopsticks::s3 {

/// The configuration of a bucket, which may have none: then that is the answer.
constexpr operation_row bucket_read(std::string_view name, std::string_view query,
                                    std::string_view root, std::string_view holds = {},
                                    std::string_view none = {},
                                    std::string_view none_elsewhere = {}) {
    operation_row row{
        .name = name,
        .request = {.method = "GET", .target = request_target::bucket, .query = query},
        .gives = answer_body::text,
        .root = root,
        .holds = holds,
        .judge = judge_document,
        .successes = {200}};
    if (!none.empty()) row.refusals[0] = {404, none};
    if (!none_elsewhere.empty()) row.refusals[1] = {404, none_elsewhere};
    return row;
}

constexpr operation_row policy_read() {
    operation_row row = bucket_read("get_bucket_policy", "policy=", {}, {}, "NoSuchBucketPolicy");
    row.judge = judge_policy;
    return row;
}

/// A document for a made bucket. `rendered`: the same for all of them.
constexpr operation_row bucket_write(std::string_view name, std::string_view query,
                                     std::string (*rendered)(const request_options&)) {
    const operation_row row{.name = name,
                            .request = {.method = "PUT",
                                        .target = request_target::made_bucket,
                                        .sends = request_body::rendered,
                                        .query = query,
                                        .body = rendered,
                                        .digested = true},
                            .gives = answer_body::text,
                            .buckets = bucket_effect::amends,
                            .judge = judge_plain,
                            .successes = {200, 204}};
    return row;
}

constexpr operation_row bucket_clear(std::string_view name, std::string_view query) {
    const operation_row row{
        .name = name,
        .request = {.method = "DELETE", .target = request_target::made_bucket, .query = query},
        .gives = answer_body::text,
        .buckets = bucket_effect::amends,
        .judge = judge_plain,
        .successes = {200, 204}};
    return row;
}

/// Whose document names the bucket.
constexpr operation_row policy_write() {
    operation_row row = bucket_write("put_bucket_policy", "policy=", nullptr);
    row.request.sends = request_body::given;
    row.request.write_body = write_bucket_policy;
    return row;
}

inline constexpr operation_row bucket_rows[] = {
    bucket_read("get_bucket_acl", "acl=", "AccessControlPolicy", "AccessControlList"),
    bucket_read("get_bucket_cors", "cors=", "CORSConfiguration", "CORSRule",
                "NoSuchCORSConfiguration"),
    bucket_read("get_bucket_encryption", "encryption=", "ServerSideEncryptionConfiguration", "Rule",
                "ServerSideEncryptionConfigurationNotFoundError"),
    bucket_read("get_bucket_lifecycle", "lifecycle=", "LifecycleConfiguration", "Rule",
                "NoSuchLifecycleConfiguration"),
    bucket_read("get_bucket_location", "location=", "LocationConstraint"),
    bucket_read("get_bucket_logging", "logging=", "BucketLoggingStatus"),
    bucket_read("get_bucket_notification", "notification=", "NotificationConfiguration"),
    bucket_read("get_bucket_object_lock", "object-lock=", "ObjectLockConfiguration", {},
                "ObjectLockConfigurationNotFoundError"),
    bucket_read("get_bucket_ownership_controls", "ownershipControls=", "OwnershipControls", "Rule",
                "OwnershipControlsNotFoundError"),
    policy_read(),
    bucket_read("get_bucket_policy_status", "policyStatus=", "PolicyStatus", "IsPublic",
                "NoSuchBucketPolicy"),
    bucket_read("get_bucket_public_access_block", "publicAccessBlock=",
                "PublicAccessBlockConfiguration", {}, "NoSuchPublicAccessBlockConfiguration"),
    bucket_read("get_bucket_replication", "replication=", "ReplicationConfiguration", "Rule",
                "ReplicationConfigurationNotFoundError"),
    bucket_read("get_bucket_request_payment", "requestPayment=", "RequestPaymentConfiguration",
                "Payer"),
    bucket_read("get_bucket_tagging", "tagging=", "Tagging", "TagSet", "NoSuchTagSet",
                "NoSuchTagSetError"),
    bucket_read("get_bucket_versioning", "versioning=", "VersioningConfiguration"),
    bucket_read("get_bucket_website", "website=", "WebsiteConfiguration", {},
                "NoSuchWebsiteConfiguration"),
    bucket_write("suspend_bucket_versioning", "versioning=", versioning_suspended),
    bucket_write("put_bucket_lifecycle", "lifecycle=", bucket_lifecycle),
    bucket_clear("delete_bucket_lifecycle", "lifecycle="),
    policy_write(),
    bucket_clear("delete_bucket_policy", "policy="),
    bucket_write("put_bucket_encryption", "encryption=", bucket_encryption),
    bucket_clear("delete_bucket_encryption", "encryption="),
    bucket_write("put_bucket_public_access_block", "publicAccessBlock=", public_access_block),
    bucket_clear("delete_bucket_public_access_block", "publicAccessBlock="),
    bucket_write("put_bucket_ownership_controls", "ownershipControls=", ownership_controls),
    bucket_clear("delete_bucket_ownership_controls", "ownershipControls="),
    bucket_write("put_bucket_cors", "cors=", bucket_cors),
    bucket_write("put_bucket_object_lock", "object-lock=", bucket_object_lock),
    bucket_clear("delete_bucket_cors", "cors="),
};

}  // namespace chopsticks::s3
