#include "further_operations.hpp"

namespace chopsticks::s3 {

namespace {

namespace catalogue = scenario::catalogue;

using further = std::vector<catalogue::operation>;
using scenario::payload;
using scenario::subject_use;

constexpr const char* not_one_request = "a recording has its requests one by one";

/// An upload on an object that is there, whose content it leaves as it is.
catalogue::operation beside(std::string_view name, std::string_view description, payload carries,
                            std::vector<std::string_view> aliases,
                            std::vector<std::string_view> parts) {
    return {.name = name,
            .description = description,
            .use = subject_use::amend,
            .carries = carries,
            .replay = {.why_not = not_one_request},
            .aliases = std::move(aliases),
            .parameters = multipart_parameters(),
            .parts = std::move(parts)};
}

catalogue::operation set_up(std::string_view name, std::string_view description,
                            std::string_view alias) {
    return plain(name, description, subject_use::amend_container, {alias}, {});
}

}  // namespace

catalogue::operation plain(std::string_view name, std::string_view description, subject_use use,
                           std::vector<std::string_view> aliases,
                           std::vector<catalogue::parameter> with) {
    return {.name = name,
            .description = description,
            .use = use,
            .carries = payload::none,
            .replay = {.kind = name},
            .aliases = std::move(aliases),
            .parameters = std::move(with)};
}

catalogue::parameter range_parameter() {
    return {"range", "size", "the whole object",
            "read so many bytes at a random offset instead of the whole object",
            catalogue::range_value{}};
}

catalogue::parameter overwrite_parameter() {
    return {"overwrite", "true or false", "false",
            "rewrite existing objects in turn instead of adding new ones",
            catalogue::flag_value{.when_set = subject_use::rewrite}};
}

catalogue::parameter customer_key_parameter() {
    return {"encryption", "none or customer", "none",
            "customer: send the key along that the object was written with",
            catalogue::word_value{{"none", "customer"}}};
}

std::vector<catalogue::parameter> multipart_parameters() {
    return {{"part_size", "size", "8 MiB", "bytes of each part but the last, 5MiB or more",
             catalogue::size_value{.standard = 8 << 20, .least = 5 << 20}},
            {"concurrency", "count, 1 to 1000", "4",
             "parts of an object on their way at a time, each on a connection of its own",
             catalogue::count_value{.standard = 4, .least = 1, .most = 1000}}};
}

further version_operations() {
    return {
        {.name = "get_version",
         .description = "read a named version of an object: the oldest of those that are known",
         .use = subject_use::read,
         .carries = payload::received,
         .replay = {.why_not = "a recording does not say which versions there are"},
         .aliases = {"getobjectversion"},
         .parameters = {range_parameter(), customer_key_parameter()}},
        {.name = "head_version",
         .description = "ask for a named version's size and metadata",
         .use = subject_use::read,
         .carries = payload::none,
         .replay = {.why_not = "a recording does not say which versions there are"},
         .aliases = {"headobjectversion"},
         .parameters = {customer_key_parameter()}},
        {.name = "delete_version",
         .description = "delete an earlier version of an object by its name",
         .use = subject_use::amend,
         .carries = payload::none,
         .replay = {.why_not = "a recording does not say which versions there are"},
         .aliases = {"deleteobjectversion"}},
        {.name = "delete_all_versions",
         .description = "delete an object, then its versions and its delete marker by their names",
         .use = subject_use::remove,
         .carries = payload::none,
         .replay = {.why_not = not_one_request},
         .aliases = {"delete_versions"},
         .parts = {"make_marker", "remove_version", "remove_marker"}},
        {.name = "get_part",
         .description = "read one of the parts that an object was written in, by its number",
         .use = subject_use::read,
         .carries = payload::received,
         .replay = {.why_not = "a recording does not say which parts there are"},
         .aliases = {"get_part_number", "getpart"},
         .parameters = {multipart_parameters().front(), customer_key_parameter()}},
        plain("copy_unmatched",
              "copy an object onto itself only if it has an ETag that it has not: 412",
              subject_use::amend, {}, {}),
    };
}

further upload_operations() {
    return {
        beside("multipart_copy", "have the service copy an object onto itself in parts",
               payload::none, {"upload_part_copy", "uploadpartcopy"},
               {"create_upload", "copy_part", "complete_upload", "abort_upload"}),
        beside("multipart_put_existing",
               "write an object that is there in parts only if it is not: 412, and give it up",
               payload::sent, {},
               {"create_upload", "upload_part", "complete_existing", "abort_upload"}),
        beside("multipart_abort", "send an upload's parts, list them, and give it up",
               payload::sent, {"abort_multipart_upload", "abortmultipartupload"},
               {"create_upload", "upload_part", "list_parts", "abort_upload"}),
        beside("multipart_leave",
               "send an upload's parts, list them, and leave it unfinished until the cleanup",
               payload::sent, {"incomplete_upload"},
               {"create_upload", "upload_part", "list_parts", "abort_upload"}),
        {.name = "append_put",
         .description = "write an object by appending to it, and ask whether all is there",
         .use = subject_use::make,
         .carries = payload::sent,
         .replay = {.why_not = not_one_request},
         .aliases = {"append_object", "appendobject"},
         .parameters = {{"piece", "size", "8 MiB", "bytes of each piece but the last",
                         catalogue::size_value{.standard = 8 << 20, .least = 1}},
                        {"dialect", "rgw or s3", "rgw",
                         "rgw: ?append&position=; s3: x-amz-write-offset-bytes",
                         catalogue::word_value{{"rgw", "s3"}}}},
         .parts = {"append_piece", "append_check"}},
        {.name = "rename_put",
         .description = "write an object by another name, rename it, and ask whether it is there",
         .use = subject_use::make,
         .carries = payload::sent,
         .replay = {.why_not = not_one_request},
         .aliases = {"rename", "renameobject"},
         .parameters = {overwrite_parameter()},
         .parts = {"put_aside", "rename_object", "rename_check"}},
        {.name = "select",
         .description = "write a table beside the objects, select from it, and remove it",
         .use = subject_use::none,
         .carries = payload::received,
         .replay = {.why_not = "a recording does not say what was selected from what"},
         .aliases = {"selectobjectcontent", "select_object_content"},
         .parameters = {{"rows", "count, 1 to 100000", "1000", "rows of the table",
                         catalogue::count_value{.standard = 1000, .least = 1, .most = 100'000}},
                        {"all", "true or false", "false",
                         "have all rows sent instead of their number", catalogue::flag_value{}}},
         .parts = {"put_table", "select_rows", "remove_table"}},
        plain("list_uploads", "list unfinished uploads of the run", subject_use::none,
              {"listmultipartuploads"},
              {{"max_keys", "count, 1 to 1000", "1000", "uploads per page",
                catalogue::count_value{.standard = 1000, .least = 1, .most = 1000}}}),
    };
}

further lock_operations() {
    constexpr auto amend = subject_use::amend;
    return {
        plain("put_retention", "lock an object for a time", amend, {"putobjectretention"},
              {{"mode", "governance or compliance", "governance",
                "whether the run can remove it before, or nobody",
                catalogue::word_value{{"governance", "compliance"}}},
               {"retain", "count, 1 to 3153600000", "60", "seconds from the request on",
                catalogue::count_value{.standard = 60, .least = 1, .most = 3'153'600'000}}}),
        plain("get_retention", "ask until when an object is locked", subject_use::read,
              {"getobjectretention"}, {}),
        plain("put_legal_hold", "lock an object, or unlock it", amend, {"putobjectlegalhold"},
              {{"hold", "true or false", "true", "lock it; false: unlock it",
                catalogue::flag_value{.standard = true}}}),
        plain("get_legal_hold", "ask whether an object is locked", subject_use::read,
              {"getobjectlegalhold"}, {}),
    };
}

further archive_operations() {
    return {
        plain("restore", "have an archived object brought back for a day", subject_use::amend,
              {"restoreobject", "restore_object"}),
    };
}

further bucket_operations() {
    return {
        set_up("suspend_bucket_versioning",
               "have a bucket that create_bucket made keep no more "
               "versions",
               "suspendbucketversioning"),
        set_up("put_bucket_lifecycle", "set a lifecycle rule of a bucket that create_bucket made",
               "putbucketlifecycleconfiguration"),
        set_up("delete_bucket_lifecycle", "remove the lifecycle rules of such a bucket",
               "deletebucketlifecycle"),
        set_up("put_bucket_policy", "set the policy of such a bucket", "putbucketpolicy"),
        set_up("delete_bucket_policy", "remove the policy of such a bucket", "deletebucketpolicy"),
        set_up("put_bucket_encryption", "have such a bucket encrypt by default (AES256)",
               "putbucketencryption"),
        set_up("delete_bucket_encryption", "have such a bucket encrypt as the service does",
               "deletebucketencryption"),
        set_up("put_bucket_public_access_block", "have such a bucket block public access",
               "putpublicaccessblock"),
        set_up("delete_bucket_public_access_block", "have such a bucket block none of it",
               "deletepublicaccessblock"),
        set_up("put_bucket_ownership_controls", "give the objects of such a bucket to its owner",
               "putbucketownershipcontrols"),
        set_up("delete_bucket_ownership_controls", "remove who owns the objects of such a bucket",
               "deletebucketownershipcontrols"),
        set_up("put_bucket_cors", "set a CORS rule of such a bucket", "putbucketcors"),
        set_up("delete_bucket_cors", "remove the CORS rules of such a bucket", "deletebucketcors"),
        set_up("put_bucket_object_lock",
               "have such a bucket, made with object_lock, lock new objects for a day",
               "putobjectlockconfiguration"),
    };
}

}  // namespace chopsticks::s3
