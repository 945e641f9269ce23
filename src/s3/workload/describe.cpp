// What the workload s3 is: its rows. What each operation sends is in s3/protocol/operation.cpp, by
// the same name.

#include <algorithm>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/s3/workload/exec_options.hpp>
#include <chopsticks/scenario/program_options.hpp>
#include <chopsticks/scenario/service_model.hpp>

#include "further_operations.hpp"
#include "read_settings.hpp"

namespace chopsticks::s3 {

namespace {

namespace catalogue = scenario::catalogue;

/// What a target answers that has not what is to be removed.
constexpr native_code not_there = native_code::of_http(404);

using parameters = std::vector<catalogue::parameter>;
using scenario::payload;
using scenario::subject_use;

bool is_storage_class(std::string_view text) {
    return text == "none" || (!text.empty() && text.size() <= 64 &&
                              text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                                  std::string_view::npos);
}

catalogue::parameter acl_parameter(std::vector<std::string_view> words) {
    const std::string_view standard = words.front();
    return {"acl", "a canned ACL, e.g. private", standard, "who else may do what with the object",
            catalogue::word_value{std::move(words)}};
}

catalogue::parameter conditional_parameter(const char* what) {
    return {"conditional", "true or false", "false", what, catalogue::flag_value{}};
}

catalogue::parameter metadata_parameter() {
    return {"metadata", "count, 0 to 2000", "0", "bytes of user metadata",
            catalogue::count_value{.standard = 0, .least = 0, .most = 2000}};
}

catalogue::parameter storage_class_parameter() {
    return {"storage_class", "a storage class, e.g. STANDARD_IA", "none",
            "where the service keeps the object",
            catalogue::text_value{.standard = "none",
                                  .wanted = "a storage class in capital letters",
                                  .fits = is_storage_class}};
}

catalogue::parameter tags_parameter(bool has_to_have_one) {
    const std::uint64_t least = has_to_have_one ? 1 : 0;
    return {"tags", has_to_have_one ? "count, 1 to 10" : "count, 0 to 10",
            has_to_have_one ? "1" : "0", "tags of the object",
            catalogue::count_value{.standard = least, .least = least, .most = 10}};
}

catalogue::parameter encryption_parameter() {
    return {"encryption", "none, AES256, kms or customer", "none",
            "how the service encrypts the object; customer: with a key that is sent along",
            catalogue::word_value{{"none", "AES256", "kms", "customer"}}};
}

bool is_visible_text(std::string_view text) {
    return !text.empty() && text.size() <= 512 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

catalogue::parameter kms_key_parameter() {
    return {"kms_key", "text", "none",
            "with encryption: kms: the key's id; none: the service's own",
            catalogue::text_value{.standard = "none",
                                  .wanted = "visible ASCII of at most 512 bytes",
                                  .fits = is_visible_text}};
}

parameters put_parameters() {
    return {overwrite_parameter(),
            conditional_parameter("only if there is no such object yet; of one that is rewritten, "
                                  "only if it has the ETag of its version before"),
            acl_parameter({"none", "private", "public-read", "public-read-write",
                           "authenticated-read", "bucket-owner-read", "bucket-owner-full-control"}),
            metadata_parameter(),
            storage_class_parameter(),
            tags_parameter(false),
            encryption_parameter(),
            kms_key_parameter()};
}

parameters multipart_put_parameters() {
    parameters all = multipart_parameters();
    all.push_back(storage_class_parameter());
    all.push_back(encryption_parameter());
    all.push_back(kms_key_parameter());
    return all;
}

parameters get_parameters() {
    return {range_parameter(),
            conditional_parameter("only if the object has the ETag that it is to have"),
            customer_key_parameter()};
}

std::vector<catalogue::parameter> list_parameters() {
    return {{"max_keys", "count, 1 to 1000", "1000", "keys per page",
             catalogue::count_value{.standard = 1000, .least = 1, .most = 1000}},
            {"pages", "count", "1", "pages to follow at most; 0 = to the end",
             catalogue::count_value{.standard = 1, .least = 0, .most = 1'000'000'000}},
            {"directory", "true or false", "false",
             "list one of the data set's 256 directories instead of all of it",
             catalogue::flag_value{}, "list_directory"},
            {"delimiter", "true or false", "false", "show directories as one entry each",
             catalogue::flag_value{}},
            {"start_after", "true or false", "false", "begin behind a random key",
             catalogue::flag_value{}}};
}

parameters list_v2_parameters() {
    parameters all = list_parameters();
    all.push_back({"fetch_owner", "true or false", "false", "ask for the owner of each object",
                   catalogue::flag_value{}});
    all.push_back({"restore_status", "true or false", "false",
                   "ask whether archived objects are restored", catalogue::flag_value{}});
    return all;
}

/// Rows that are not used by every scenario. What they do to an object leaves its content as it is.
std::vector<catalogue::operation> further_object_operations() {
    constexpr auto none = subject_use::none;
    constexpr auto read = subject_use::read;
    constexpr auto amend = subject_use::amend;
    return {
        plain("copy", "have the service copy an object onto itself, with new metadata", amend,
              {"copyobject", "cp"},
              {metadata_parameter(), storage_class_parameter(), encryption_parameter(),
               kms_key_parameter()}),
        {.name = "multi_delete",
         .description = "delete the oldest objects that nobody reads, many with one request",
         .use = subject_use::remove,
         .carries = payload::none,
         .replay = {.why_not = "a recording does not have the keys of the request"},
         .aliases = {"deleteobjects", "multidelete", "delete_objects"},
         .parameters = {{"batch", "count, 1 to 1000", "100", "objects per request",
                         catalogue::batch_value{.standard = 100, .most = 1000}}}},
        plain("list_v1", "list objects (version 1 of the API)", none, {"listobjectsv1"},
              list_parameters()),
        plain("list_versions", "list versions of objects", none,
              {"listobjectversions", "listversions"}, list_parameters()),
        plain("get_unmodified", "read an object only if it has changed, which it has not: 304",
              read, {"revalidate"}, {customer_key_parameter()}),
        plain("head_unmodified", "the same with head: 304", read, {"revalidate_head"},
              {customer_key_parameter()}),
        plain("get_unmatched", "read an object only if it has an ETag that it has not: 412", read,
              {}, {customer_key_parameter()}),
        {.name = "put_existing",
         .description = "write an object that is there only if it is not: 412",
         .use = amend,
         .carries = payload::sent,
         .replay = {.why_not = "a recording does not say that the object was there"},
         .aliases = {}},
        plain("delete_unmatched", "delete an object only if it has an ETag that it has not: 412",
              amend, {}),
        {.name = "presigned_get",
         .description = "read an object by a URL that is signed in advance",
         .use = read,
         .carries = payload::received,
         .replay = {.kind = "presigned_get"},
         .aliases = {"get_presigned"},
         .parameters = {range_parameter(), customer_key_parameter()}},
        {.name = "presigned_put",
         .description = "write an object by a URL that is signed in advance",
         .use = subject_use::make,
         .carries = payload::sent,
         .replay = {.kind = "presigned_put"},
         .aliases = {"put_presigned"},
         .parameters = {overwrite_parameter(), encryption_parameter(), kms_key_parameter()}},
        plain("get_tagging", "ask for an object's tags", read, {"getobjecttagging"}),
        plain("put_tagging", "set an object's tags", amend, {"putobjecttagging"},
              {tags_parameter(true)}),
        plain("delete_tagging", "remove an object's tags", amend, {"deleteobjecttagging"}),
        plain("get_acl", "ask for an object's ACL", read, {"getobjectacl"}),
        plain("put_acl", "set an object's ACL", amend, {"putobjectacl"},
              {acl_parameter({"private", "public-read", "public-read-write", "authenticated-read",
                              "bucket-owner-read", "bucket-owner-full-control"})}),
        plain("get_attributes", "ask for an object's size and ETag by its attributes", read,
              {"getobjectattributes"}, {customer_key_parameter()}),
        {.name = "form_put",
         .description = "write an object with a form and its signed policy, as browsers do",
         .use = subject_use::make,
         .carries = payload::sent,
         .replay = {.kind = "form_put"},
         .aliases = {"post_object", "postobject", "put_post"},
         .parameters = {overwrite_parameter(), metadata_parameter(), storage_class_parameter(),
                        encryption_parameter(), kms_key_parameter()}},
    };
}

std::vector<catalogue::operation> configuration_operations() {
    const auto read = [](std::string_view name, std::string_view description,
                         std::string_view alias) {
        return plain(name, description, subject_use::none, {alias});
    };
    constexpr auto amend = subject_use::amend_container;
    return {
        plain(
            "put_bucket_acl", "set the ACL of a bucket that create_bucket made", amend,
            {"putbucketacl"},
            {acl_parameter({"private", "public-read", "public-read-write", "authenticated-read"})}),
        plain("put_bucket_tagging", "set the tags of a bucket that create_bucket made", amend,
              {"putbuckettagging"}),
        plain("delete_bucket_tagging", "remove the tags of a bucket that create_bucket made", amend,
              {"deletebuckettagging"}),
        plain("put_bucket_versioning", "have a bucket that create_bucket made keep versions", amend,
              {"putbucketversioning"}),
        read("list_buckets", "list the buckets of the user", "listbuckets"),
        read("get_bucket_acl", "ask for the bucket's ACL", "getbucketacl"),
        read("get_bucket_cors", "ask for the bucket's CORS rules", "getbucketcors"),
        read("get_bucket_encryption", "ask how the bucket encrypts", "getbucketencryption"),
        read("get_bucket_lifecycle", "ask for the bucket's lifecycle rules",
             "getbucketlifecycleconfiguration"),
        read("get_bucket_location", "ask for the bucket's region", "getbucketlocation"),
        read("get_bucket_logging", "ask where the bucket's accesses are logged",
             "getbucketlogging"),
        read("get_bucket_notification", "ask for the bucket's notifications",
             "getbucketnotificationconfiguration"),
        read("get_bucket_object_lock", "ask for the bucket's object lock",
             "getobjectlockconfiguration"),
        read("get_bucket_ownership_controls", "ask who owns the bucket's objects",
             "getbucketownershipcontrols"),
        read("get_bucket_policy", "ask for the bucket's policy", "getbucketpolicy"),
        read("get_bucket_policy_status", "ask whether the bucket's policy makes it public",
             "getbucketpolicystatus"),
        read("get_bucket_public_access_block", "ask what the bucket blocks of public access",
             "getpublicaccessblock"),
        read("get_bucket_replication", "ask for the bucket's replication rules",
             "getbucketreplication"),
        read("get_bucket_request_payment", "ask who pays for requests", "getbucketrequestpayment"),
        read("get_bucket_tagging", "ask for the bucket's tags", "getbuckettagging"),
        read("get_bucket_versioning", "ask whether the bucket keeps versions",
             "getbucketversioning"),
        read("get_bucket_website", "ask for the bucket's website", "getbucketwebsite"),
    };
}

std::vector<catalogue::operation> joined(
    std::vector<catalogue::operation> all,
    std::initializer_list<std::vector<catalogue::operation>> more) {
    for (const auto& some : more)
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

// A driver that is a program: what of its options cannot work is told before the run.
void check_any_program(const scenario::workload_settings& of) {
    scenario::read_program_options(of, scenario::program_kind::any);
}
void check_shipped_program(const scenario::workload_settings& of) {
    scenario::read_program_options(of, scenario::program_kind::shipped);
}
void check_script(const scenario::workload_settings& of) {
    scenario::read_program_options(of, scenario::program_kind::script);
}
void check_exec(const scenario::workload_settings& of) {
    read_exec_options(of, "exec");
}
void check_s5cmd(const scenario::workload_settings& of) {
    read_exec_options(of, "s5cmd");
}

catalogue::driver program_row(std::string_view name, std::string_view description,
                              void (*check)(const scenario::workload_settings&)) {
    return {.name = name,
            .description = description,
            .takes_options = true,
            .check = check,
            .runs_programs = true};
}

catalogue::workload make() {
    return {
        .name = "s3",
        .description = "an S3 object store: Ceph RGW, MinIO, AWS and others",
        .shape = scenario::subject_shape::objects,
        .drivers =
            {
                {"native",
                 "HTTP/1.1, one connection per user: a parser and an event loop of our own (the "
                 "default)",
                 true},
                {"beast", "the same on Boost.Asio and Boost.Beast, to compare with"},
                {"curl", "the same by libcurl: HTTP/2, proxies; a check of the others"},
                scenario::catalogue::dummy_driver(true),
                program_row("process",
                            "a program of yours does the operations: the driver "
                            "protocol, over its standard input and output",
                            check_any_program),
                program_row("boto3", "the same, a program that comes along: Python's boto3",
                            check_script),
                program_row("minio", "the same, a program that comes along: Go's minio-go",
                            check_shipped_program),
                program_row("exec",
                            "a program is run for each operation: a tool that is known here, or "
                            "any other by its commands",
                            check_exec),
                program_row("s5cmd", "the same: the tool of this name", check_s5cmd),
            },
        .features =
            {
                {"sends requests, over HTTP and HTTPS",
                 {"native", "beast", "curl", "process", "boto3", "minio", "exec", "s5cmd"}},
                {"resumes TLS sessions", {"native", "beast", "curl"}},
                {"waits for 100 Continue", {"native", "beast", "curl"}},
                {"hashes payloads", {"native", "beast", "curl"}},
                {"verifies contents and ETags", {"native", "beast", "curl"}},
                {"hears an early answer to a put", {"native", "beast"}},
                {"speaks HTTP/2 (http_version)", {"curl"}},
                {"goes through proxies (proxy)", {"curl"}},
                {"drops bodies in the kernel", {"native"}},
                {"allocates nothing per request", {"native", "dummy"}},
            },
        .operations = joined(
            {
                {.name = "put",
                 .description = "write an object",
                 .use = scenario::subject_use::make,
                 .carries = scenario::payload::sent,
                 .replay = {.kind = "put", .unasked = true},
                 .aliases = {"upload", "write", "create", "putobject"},
                 .parameters = put_parameters()},
                {.name = "multipart_put",
                 .description = "write an object in parts",
                 .use = scenario::subject_use::make,
                 .carries = scenario::payload::sent,
                 .replay = {.why_not = "a recording has its requests one by one"},
                 .aliases = {"multipart", "mpu", "multipart_upload", "multipartupload"},
                 .parameters = multipart_put_parameters(),
                 .parts = {"create_upload", "upload_part", "complete_upload", "abort_upload"}},
                {.name = "get",
                 .description = "read an object",
                 .use = scenario::subject_use::read,
                 .carries = scenario::payload::received,
                 .replay = {.kind = "get", .unasked = true},
                 .aliases = {"download", "read", "fetch", "getobject"},
                 .parameters = get_parameters()},
                {.name = "head",
                 .description = "ask for an object's size and metadata",
                 .use = scenario::subject_use::read,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "head", .unasked = true},
                 .aliases = {"stat", "info", "headobject"},
                 .parameters = {conditional_parameter("only if the object has the ETag that it is "
                                                      "to have"),
                                customer_key_parameter()}},
                {.name = "delete",
                 .description = "delete the oldest object that nobody reads",
                 .use = scenario::subject_use::remove,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "delete", .unasked = true},
                 .aliases = {"rm", "remove", "del", "deleteobject"},
                 .parameters = {conditional_parameter("only if the object has the ETag that it is "
                                                      "to have")},
                 .expected = {not_there}},
                {.name = "list",
                 .description = "list objects (version 2 of the API)",
                 .use = scenario::subject_use::none,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "list", .unasked = true},
                 .aliases = {"ls", "listobjects", "listobjectsv2"},
                 .parameters = list_v2_parameters()},
                {.name = "create_bucket",
                 .description = "make a bucket beside the configured one",
                 .use = scenario::subject_use::make_container,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "create_bucket"},
                 .aliases = {"createbucket"},
                 .parameters = {{"object_lock", "true or false", "false",
                                 "a bucket that can lock objects, and keeps versions",
                                 catalogue::flag_value{}}}},
                {.name = "head_bucket",
                 .description = "ask whether the configured bucket exists",
                 .use = scenario::subject_use::none,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "head_bucket"},
                 .aliases = {"headbucket"}},
                {.name = "delete_bucket",
                 .description = "delete a bucket that create_bucket made",
                 .use = scenario::subject_use::remove_container,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "delete_bucket"},
                 .aliases = {"deletebucket"},
                 .expected = {not_there}},
            },
            {further_object_operations(), configuration_operations(), version_operations(),
             upload_operations(), bucket_operations(), lock_operations(), archive_operations()}),
        .prepare_with = "put",
        .clean_with = "delete",
        .clean_container_with = "delete_bucket",
        .container = "bucket",
        .settings = {.read = read_settings,
                     .example =
                         "a workload config begins like this: `endpoint: http://localhost:8000`",
                     .top_keys = {"endpoint",
                                  "endpoints",
                                  "access_key",
                                  "secret_key",
                                  "session_token",
                                  "profile",
                                  "bucket",
                                  "create_bucket",
                                  "versioning",
                                  "object_lock",
                                  "plain_customer_keys",
                                  "region",
                                  "addressing",
                                  "payload",
                                  "expect_continue",
                                  "retries",
                                  "discard",
                                  "tls",
                                  "http_version",
                                  "proxy"}},
    };
}

}  // namespace

const scenario::catalogue::workload& describe_workload() {
    static const catalogue::workload described = make();
    return described;
}

}  // namespace chopsticks::s3
