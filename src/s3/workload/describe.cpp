// What the workload s3 is: its rows. What each operation sends is in s3/protocol/operation.cpp, by
// the same name.

#include <chopsticks/s3/workload.hpp>

#include "read_settings.hpp"

namespace chopsticks::s3 {

namespace {

namespace catalogue = scenario::catalogue;

/// What a target answers that has not what is to be removed.
constexpr native_code not_there = native_code::of_http(404);

std::vector<catalogue::parameter> put_parameters() {
    return {{"overwrite", "true or false", "false",
             "rewrite existing objects in turn instead of adding new ones",
             catalogue::flag_value{.when_set = scenario::subject_use::rewrite}}};
}

std::vector<catalogue::parameter> multipart_parameters() {
    return {{"part_size", "size", "8 MiB", "bytes of each part but the last, 5MiB or more",
             catalogue::size_value{.standard = 8 << 20, .least = 5 << 20}},
            {"concurrency", "count, 1 to 1000", "4",
             "parts of an object on their way at a time, each on a connection of its own",
             catalogue::count_value{.standard = 4, .least = 1, .most = 1000}}};
}

std::vector<catalogue::parameter> get_parameters() {
    return {{"range", "size", "the whole object",
             "read so many bytes at a random offset instead of the whole object",
             catalogue::range_value{}}};
}

std::vector<catalogue::parameter> list_parameters() {
    return {{"max_keys", "count, 1 to 1000", "1000", "keys per page",
             catalogue::count_value{.standard = 1000, .least = 1, .most = 1000}},
            {"pages", "count", "1", "pages to follow at most; 0 = to the end",
             catalogue::count_value{.standard = 1, .least = 0, .most = 1'000'000'000}},
            {"directory", "true or false", "false",
             "list one of the data set's 256 directories instead of all of it",
             catalogue::flag_value{}, "list_directory"}};
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
                {"dummy",
                 "answers at once and sends nothing; shows what the generator itself can do", true},
            },
        .features =
            {
                {"sends requests, over HTTP and HTTPS", {"native", "beast"}},
                {"resumes TLS sessions", {"native", "beast"}},
                {"waits for 100 Continue", {"native", "beast"}},
                {"hashes payloads", {"native", "beast"}},
                {"verifies contents and ETags", {"native", "beast"}},
                {"hears an early answer to a put", {"native", "beast"}},
                {"drops bodies in the kernel", {"native"}},
                {"allocates nothing per request", {"native", "dummy"}},
            },
        .operations =
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
                 .parameters = multipart_parameters(),
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
                 .aliases = {"stat", "info", "headobject"}},
                {.name = "delete",
                 .description = "delete the oldest object that nobody reads",
                 .use = scenario::subject_use::remove,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "delete", .unasked = true},
                 .aliases = {"rm", "remove", "del", "deleteobject"},
                 .expected = {not_there}},
                {.name = "list",
                 .description = "list objects (version 2 of the API)",
                 .use = scenario::subject_use::none,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "list", .unasked = true},
                 .aliases = {"ls", "listobjects", "listobjectsv2"},
                 .parameters = list_parameters()},
                {.name = "create_bucket",
                 .description = "make a bucket beside the configured one",
                 .use = scenario::subject_use::make_container,
                 .carries = scenario::payload::none,
                 .replay = {.kind = "create_bucket"},
                 .aliases = {"createbucket"}},
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
        .prepare_with = "put",
        .clean_with = "delete",
        .clean_container_with = "delete_bucket",
        .container = "bucket",
        .settings = {.read = read_settings,
                     .example =
                         "a workload config begins like this: `endpoint: http://localhost:8000`",
                     .top_keys = {"endpoint", "endpoints", "access_key", "secret_key",
                                  "session_token", "profile", "bucket", "create_bucket", "region",
                                  "addressing", "payload", "expect_continue", "retries", "discard",
                                  "tls"}},
    };
}

}  // namespace

const scenario::catalogue::workload& describe_workload() {
    static const catalogue::workload described = make();
    return described;
}

}  // namespace chopsticks::s3
