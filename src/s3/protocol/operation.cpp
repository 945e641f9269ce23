#include <algorithm>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/tags.hpp>
#include <iterator>

#include "judge.hpp"
#include "request_parts.hpp"

namespace chopsticks::s3 {

namespace {

constexpr signed_field acl_field{.name = "x-amz-acl", .write = write_acl, .may_be_absent = true};
constexpr signed_field metadata_field{
    .name = "x-amz-meta-chopsticks", .write = write_metadata, .may_be_absent = true};
constexpr signed_field storage_class_field{
    .name = "x-amz-storage-class", .write = write_storage_class, .may_be_absent = true};
constexpr signed_field tagging_field{
    .name = "x-amz-tagging", .write = write_tagging, .may_be_absent = true};

constexpr asked_parameter is_conditional{.name = "conditional", .flag = &asked::conditional};
constexpr asked_parameter with_acl{.name = "acl", .text = &object_fields::acl};
constexpr asked_parameter with_metadata{.name = "metadata", .filler = &object_fields::metadata};
constexpr asked_parameter with_storage_class{.name = "storage_class",
                                             .text = &object_fields::storage_class};
constexpr asked_parameter with_tags{.name = "tags", .number = &object_fields::tags};
constexpr asked_parameter with_max_keys{.name = "max_keys", .count = &asked::max_keys};
constexpr asked_parameter with_pages{.name = "pages", .count = &asked::pages};
constexpr asked_parameter of_directory{.name = "directory", .flag = &asked::one_directory};
constexpr asked_parameter is_delimited{.name = "delimiter", .flag = &asked::delimited};
constexpr asked_parameter behind_a_key{.name = "start_after", .flag = &asked::behind_a_key};

constexpr expected_refusal not_met{412, "PreconditionFailed"};

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

/// RGW can be told to answer a put with any of the three.
constexpr operation_row rows[] = {
    {.name = "put",
     .request = {.method = "PUT",
                 .sends = request_body::content,
                 .fields = {acl_field, metadata_field, storage_class_field, tagging_field}},
     .parameters = {is_conditional, with_acl, with_metadata, with_storage_class, with_tags},
     .gives = answer_body::text,
     .names_etag = true,
     .writes = true,
     .makes_object = true,
     .judge = judge_put,
     .successes = {200, 201, 204}},
    {.name = "get",
     .request = {.method = "GET", .write_fields = write_range},
     .parameters = {is_conditional},
     .gives = answer_body::content,
     .names_etag = true,
     .judge = judge_get,
     .successes = {200, 206}},
    {.name = "head",
     .request = {.method = "HEAD"},
     .parameters = {is_conditional},
     .gives = answer_body::none,
     .names_etag = true,
     .judge = judge_head,
     .successes = {200}},
    {.name = "delete",
     .request = {.method = "DELETE"},
     .parameters = {is_conditional},
     .gives = answer_body::text,
     .writes = true,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "list",
     .request = {.method = "GET",
                 .target = request_target::bucket,
                 .write_query = write_list_query},
     .parameters = {with_max_keys,
                    with_pages,
                    of_directory,
                    is_delimited,
                    behind_a_key,
                    {.name = "fetch_owner", .flag = &asked::names_owner}},
     .gives = answer_body::listing,
     .judge = judge_list,
     .successes = {200}},
    {.name = "create_bucket",
     .request = {.method = "PUT",
                 .target = request_target::made_bucket,
                 .sends = request_body::rendered,
                 .body = location_of},
     .gives = answer_body::text,
     .buckets = bucket_effect::makes,
     .judge = judge_plain,
     .successes = {200, 201, 204}},
    {.name = "head_bucket",
     .request = {.method = "HEAD", .target = request_target::bucket},
     .gives = answer_body::none,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "delete_bucket",
     .request = {.method = "DELETE", .target = request_target::made_bucket},
     .gives = answer_body::text,
     .buckets = bucket_effect::removes,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "create_upload",
     .request = {.method = "POST", .query = "uploads="},
     .gives = answer_body::text,
     .judge = judge_upload_begun,
     .successes = {200}},
    {.name = "upload_part",
     .request = {.method = "PUT", .sends = request_body::content, .write_query = write_part_query},
     .gives = answer_body::text,
     .names_etag = true,
     .judge = judge_part,
     .successes = {200}},
    {.name = "complete_upload",
     .request = {.method = "POST", .sends = request_body::given, .write_query = write_upload_query},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_upload_completed,
     .successes = {200}},
    {.name = "abort_upload",
     .request = {.method = "DELETE", .write_query = write_upload_query},
     .gives = answer_body::text,
     .judge = judge_plain,
     .successes = {200, 204}},
    // Onto itself: its content stays what it is, and all of it is written anew by the service.
    {.name = "copy",
     .request = {.method = "PUT",
                 .fields = {{.name = "x-amz-copy-source", .write = write_copy_source},
                            metadata_field,
                            {.name = "x-amz-metadata-directive", .value = "REPLACE"},
                            storage_class_field}},
     .parameters = {with_metadata, with_storage_class},
     .gives = answer_body::text,
     .root = "CopyObjectResult",
     .holds = "ETag",
     .writes = true,
     .makes_object = true,
     .judge = judge_copy,
     .successes = {200}},
    {.name = "multi_delete",
     .request = {.method = "POST",
                 .target = request_target::bucket,
                 .sends = request_body::given,
                 .query = "delete=",
                 .write_body = write_delete_body,
                 .digested = true},
     .gives = answer_body::text,
     .is_long = true,
     .root = "DeleteResult",
     .writes = true,
     .judge = judge_deleted,
     .successes = {200}},
    {.name = "list_v1",
     .request = {.method = "GET",
                 .target = request_target::bucket,
                 .write_query = write_list_v1_query},
     .parameters = {with_max_keys, with_pages, of_directory, is_delimited, behind_a_key},
     .gives = answer_body::listing,
     .lists = list_kind::v1,
     .judge = judge_list,
     .successes = {200}},
    {.name = "list_versions",
     .request = {.method = "GET",
                 .target = request_target::bucket,
                 .write_query = write_list_versions_query},
     .parameters = {with_max_keys, with_pages, of_directory, is_delimited, behind_a_key},
     .gives = answer_body::listing,
     .lists = list_kind::versions,
     .judge = judge_list,
     .successes = {200}},
    // Their conditions are never met.
    {.name = "get_unmodified",
     .request = {.method = "GET", .only_if = precondition::unlike},
     .gives = answer_body::text,
     .names_etag = true,
     .judge = judge_ignored,
     .refusals = {{304}}},
    {.name = "head_unmodified",
     .request = {.method = "HEAD", .only_if = precondition::unlike},
     .gives = answer_body::none,
     .names_etag = true,
     .judge = judge_ignored,
     .refusals = {{304}}},
    {.name = "get_unmatched",
     .request = {.method = "GET", .only_if = precondition::match_other},
     .gives = answer_body::text,
     .judge = judge_ignored,
     .refusals = {not_met}},
    {.name = "put_existing",
     .request = {.method = "PUT", .sends = request_body::content, .only_if = precondition::absent},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_ignored,
     .refusals = {not_met}},
    {.name = "delete_unmatched",
     .request = {.method = "DELETE", .only_if = precondition::match_other},
     .gives = answer_body::text,
     .writes = true,
     .judge = judge_ignored,
     .refusals = {not_met}},
    {.name = "presigned_get",
     .request = {.method = "GET", .write_fields = write_range, .presigned = true},
     .gives = answer_body::content,
     .names_etag = true,
     .judge = judge_get,
     .successes = {200, 206}},
    {.name = "presigned_put",
     .request = {.method = "PUT", .sends = request_body::content, .presigned = true},
     .gives = answer_body::text,
     .names_etag = true,
     .writes = true,
     .makes_object = true,
     .judge = judge_put,
     .successes = {200, 201, 204}},
    {.name = "get_tagging",
     .request = {.method = "GET", .query = "tagging="},
     .gives = answer_body::text,
     .root = "Tagging",
     .holds = "TagSet",
     .judge = judge_tags,
     .successes = {200},
     // Of an object without tags; S3 itself sends an empty set.
     .refusals = {{404, "NoSuchTagSet"}, {404, "NoSuchTagSetError"}}},
    {.name = "put_tagging",
     .request = {.method = "PUT",
                 .sends = request_body::given,
                 .query = "tagging=",
                 .write_body = write_tags_body,
                 .digested = true},
     .parameters = {{.name = "tags", .count = &asked::tags}},
     .gives = answer_body::text,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "delete_tagging",
     .request = {.method = "DELETE", .query = "tagging="},
     .gives = answer_body::text,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "get_acl",
     .request = {.method = "GET", .query = "acl="},
     .gives = answer_body::text,
     .root = "AccessControlPolicy",
     .holds = "AccessControlList",
     .judge = judge_document,
     .successes = {200}},
    {.name = "put_acl",
     .request = {.method = "PUT", .query = "acl=", .fields = {acl_field}},
     .parameters = {with_acl},
     .gives = answer_body::text,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "get_attributes",
     .request = {.method = "GET",
                 .query = "attributes=",
                 .fields = {{.name = "x-amz-object-attributes",
                             .value = "ETag,ObjectSize,StorageClass"}}},
     .gives = answer_body::text,
     .root = "GetObjectAttributesResponse",
     .holds = "ObjectSize",
     .judge = judge_attributes,
     .successes = {200}},
    {.name = "list_buckets",
     .request = {.method = "GET", .target = request_target::service},
     .gives = answer_body::text,
     .is_long = true,
     .root = "ListAllMyBucketsResult",
     .holds = "Buckets",
     .judge = judge_document,
     .successes = {200}},
    {.name = "put_bucket_acl",
     .request = {.method = "PUT",
                 .target = request_target::made_bucket,
                 .query = "acl=",
                 .fields = {acl_field}},
     .parameters = {with_acl},
     .gives = answer_body::text,
     .buckets = bucket_effect::amends,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "put_bucket_tagging",
     .request = {.method = "PUT",
                 .target = request_target::made_bucket,
                 .sends = request_body::rendered,
                 .query = "tagging=",
                 .body = bucket_tags,
                 .digested = true},
     .gives = answer_body::text,
     .buckets = bucket_effect::amends,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "delete_bucket_tagging",
     .request = {.method = "DELETE", .target = request_target::made_bucket, .query = "tagging="},
     .gives = answer_body::text,
     .buckets = bucket_effect::amends,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "put_bucket_versioning",
     .request = {.method = "PUT",
                 .target = request_target::made_bucket,
                 .sends = request_body::rendered,
                 .query = "versioning=",
                 .body = versioning_enabled,
                 .digested = true},
     .gives = answer_body::text,
     .buckets = bucket_effect::amends,
     .judge = judge_plain,
     .successes = {200, 204}},
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
};

/// A row that leaves something out is no row. Of an answer whose body nobody sees, an error in it
/// would count as success.
constexpr bool is_whole(const operation_row& row) {
    const request_form& r = row.request;
    return !row.name.empty() && !r.method.empty() && row.judge != nullptr &&
           (row.successes[0] != 0 || row.refusals[0].status != 0) &&
           (row.gives == answer_body::none) == r.is_head() &&
           (r.body != nullptr) == (r.sends == request_body::rendered) &&
           (r.write_body == nullptr || r.sends == request_body::given);
}
static_assert(std::all_of(std::begin(rows), std::end(rows), is_whole));

}  // namespace

std::span<const operation_row> all_rows() noexcept {
    return rows;
}

const operation_row* find_row(std::string_view name) noexcept {
    const auto* const found = std::find_if(std::begin(rows), std::end(rows),
                                           [=](const operation_row& r) { return r.name == name; });
    return found != std::end(rows) ? found : nullptr;
}

}  // namespace chopsticks::s3
