#include <algorithm>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/tags.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <iterator>
#include <string>

#include "judge.hpp"

namespace chopsticks::s3 {

namespace {

void write_range(request_text& to, const asked& what) {
    if (what.length == 0) return;
    to << "Range: bytes=" << what.offset << "-" << what.offset + what.length - 1 << "\r\n";
}

void write_directory(request_text& to, const asked& what) {
    if (const auto directory = what.directory()) {
        const char name[] = {hex_digits[*directory >> 4], hex_digits[*directory & 15]};
        to << std::string_view(name, sizeof name) << "%2F";
    }
}

/// The key of the object, of which the list shows what is behind it.
void write_start(request_text& to, const asked& what, std::string_view prefix) {
    char key[key_suffix_size];
    write_key_suffix(what.object, key);
    to << prefix;
    to.encoded({key, sizeof key});
}

// The queries of lists, in the order of their names, as the canonical form wants them.

void write_list_query(request_text& to, const asked& what, std::string_view prefix) {
    if (!what.token.empty()) {
        to << "continuation-token=";
        to.encoded(what.token) << "&";
    }
    if (what.delimited) to << "delimiter=%2F&";
    if (what.names_owner) to << "fetch-owner=true&";
    to << "list-type=2&max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    write_directory(to, what);
    if (what.behind_a_key) {
        to << "&start-after=";
        write_start(to, what, prefix);
    }
}

/// Where a list of the first version, or of versions, goes on.
void write_marker(request_text& to, const asked& what, std::string_view prefix,
                  std::string_view name) {
    if (what.token.empty() && !what.behind_a_key) return;
    to << name << "=";
    if (what.token.empty()) {
        write_start(to, what, prefix);
    } else {
        to.encoded(what.token);
    }
    to << "&";
}

void write_list_v1_query(request_text& to, const asked& what, std::string_view prefix) {
    if (what.delimited) to << "delimiter=%2F&";
    write_marker(to, what, prefix, "marker");
    to << "max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    write_directory(to, what);
}

void write_list_versions_query(request_text& to, const asked& what, std::string_view prefix) {
    if (what.delimited) to << "delimiter=%2F&";
    write_marker(to, what, prefix, "key-marker");
    to << "max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    write_directory(to, what);
    if (!what.version_token.empty()) {
        to << "&version-id-marker=";
        to.encoded(what.version_token);
    }
    to << "&versions=";
}

// What is said of an object as it is written.

void write_acl(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) to << what.fields->acl;
}

void write_storage_class(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) to << what.fields->storage_class;
}

void write_metadata(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) to << what.fields->metadata;
}

void write_tagging(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) write_tags_field(to, what.object, what.fields->tags);
}

void write_copy_source(request_text& to, const asked& what, const request_place& place) {
    char key[key_suffix_size];
    write_key_suffix(what.object, key);
    to << place.bucket << "/" << place.prefix << std::string_view(key, sizeof key);
}

void write_delete_body(std::string& to, const asked& what) {
    to.assign("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (const subject& one : what.subjects) {
        char key[key_suffix_size];
        write_key_suffix(one.object, key);
        to.append("<Object><Key>");
        append_xml_escaped(to, what.prefix);
        to.append(key, sizeof key).append("</Key></Object>");
    }
    to.append("</Delete>");
}

void write_part_query(request_text& to, const asked& what, std::string_view) {
    to << "partNumber=" << std::uint64_t{what.part_number} << "&uploadId=";
    to.encoded(what.upload_id);
}

void write_upload_query(request_text& to, const asked& what, std::string_view) {
    to << "uploadId=";
    to.encoded(what.upload_id);
}

/// Empty in us-east-1; names the region elsewhere.
std::string location_of(const request_options& options) {
    if (options.region == "us-east-1") return {};
    return "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<LocationConstraint>" +
           xml_escape(options.region) + "</LocationConstraint></CreateBucketConfiguration>";
}

// In the order of their names.
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
