// Which operation a request is. Method, depth of the path and the sub-resource in the query decide.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "served.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

/// Sub-resources of buckets that can be asked for; few can be set.
constexpr std::array<std::string_view, 17> bucket_properties = {
    "accelerate",
    "acl",
    "cors",
    "encryption",
    "lifecycle",
    "logging",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "tagging",
    "versioning",
    "website",
};

/// Those that no bucket has here.
constexpr std::array<std::string_view, 3> never_set = {"lifecycle", "replication", "website"};

template <typename Names>
bool has_any(const request& r, const Names& names) {
    return std::any_of(r.query.begin(), r.query.end(), [&](const s3::name_value& p) {
        return std::find(names.begin(), names.end(), p.name) != names.end();
    });
}

}  // namespace

void service::route(exchange& x) {
    const request& r = x.head;
    std::string unserved = unserved_part(r);
    if (!unserved.empty()) {
        x.refusal_ = s3_code::not_implemented;
        x.refusal_text_ = "Not implemented here: " + std::move(unserved);
        return;
    }
    if (r.bucket.empty()) {
        x.op = r.method == "GET" && r.key.empty() ? op_kind::list_buckets : op_kind::other;
        x.run_ = &service::list_buckets;
        if (x.op == op_kind::other) x.refusal_ = s3_code::method_not_allowed;
        return;
    }
    const std::string* version = r.parameter("versionId");
    if (version != nullptr) {
        x.version_ = *version;
        if (*version != null_version && !is_opaque_id(*version)) {
            x.refusal_ = s3_code::invalid_argument;
            x.refusal_text_ = "Invalid version id specified";
        }
    }
    if (r.key.empty()) {
        route_bucket(x);
    } else {
        route_key(x);
    }
}

void service::route_bucket(exchange& x) {
    const request& r = x.head;
    const bool property = has_any(r, bucket_properties);
    const auto asked = [&](std::string_view name) { return r.parameter(name) != nullptr; };
    const auto is = [&](op_kind op, void (service::*run)(exchange&), body_use use = body_use::none,
                        permission what = may_nothing) {
        x.op = op;
        x.run_ = run;
        x.use_ = use;
        x.need_ = {what, false};
    };
    const bool changes = r.method == "PUT" || r.method == "DELETE";
    if (r.method == "GET") {
        if (asked("location")) {
            is(op_kind::get_location, &service::get_location);
        } else if (asked("uploads")) {
            is(op_kind::list_uploads, &service::list_uploads, body_use::none, may_read);
        } else if (asked("versions")) {
            is(op_kind::list_versions, &service::list_versions, body_use::none, may_read);
        } else if (asked("acl")) {
            is(op_kind::other, &service::bucket_acl, body_use::none, may_read_acl);
        } else if (property) {
            is(op_kind::other, &service::bucket_property);
        } else {
            is(op_kind::list, &service::list, body_use::none, may_read);
        }
    } else if (r.method == "POST" && asked("delete")) {
        is(op_kind::delete_objects, &service::delete_objects, body_use::text, may_write);
    } else if (r.method == "POST" && r.query.empty()) {
        is(op_kind::put, &service::post, body_use::form, may_write);
    } else if (changes && asked("ownershipControls")) {
        is(op_kind::other, &service::set_ownership, body_use::text);
    } else if (changes && asked("publicAccessBlock")) {
        is(op_kind::other, &service::set_public_block, body_use::text);
    } else if (r.method == "PUT" && asked("versioning")) {
        is(op_kind::other, &service::set_versioning, body_use::text);
    } else if (r.method == "PUT" && asked("tagging")) {
        is(op_kind::other, &service::set_bucket_tags, body_use::text);
    } else if (r.method == "PUT" && asked("object-lock")) {
        is(op_kind::other, &service::set_lock_rule, body_use::text);
    } else if (r.method == "DELETE" && asked("tagging")) {
        is(op_kind::other, &service::delete_bucket_tags);
    } else if (r.method == "PUT" && asked("encryption")) {
        is(op_kind::other, &service::set_bucket_encryption, body_use::text);
    } else if (changes && asked("cors")) {
        const bool sets = r.method == "PUT";
        is(op_kind::other, sets ? &service::set_cors : &service::delete_cors,
           sets ? body_use::text : body_use::none);
    } else if (changes && asked("policy")) {
        const bool sets = r.method == "PUT";
        is(op_kind::other, sets ? &service::set_policy : &service::delete_policy,
           sets ? body_use::text : body_use::none);
    } else if (r.method == "DELETE" && asked("encryption")) {
        is(op_kind::other, &service::delete_bucket_encryption);
    } else if (r.method == "PUT" && asked("acl")) {
        is(op_kind::other, &service::grant_access, body_use::text, may_write_acl);
    } else if (r.method == "DELETE" && has_any(r, never_set)) {
        is(op_kind::other, &service::delete_absent_setup);
    } else if (r.method == "POST") {
        x.refusal_ = s3_code::not_implemented;
        x.refusal_text_ =
            "Not implemented here: POST with the query parameter " + r.query.front().name;
    } else if (r.method == "PUT") {
        is(op_kind::create_bucket, &service::create_bucket, body_use::text);
    } else if (r.method == "HEAD") {
        is(op_kind::head_bucket, &service::head_bucket, body_use::none, may_read);
    } else if (r.method == "DELETE") {
        is(op_kind::delete_bucket, &service::delete_bucket);
    } else {
        x.refusal_ = s3_code::method_not_allowed;
    }
}

void service::route_key(exchange& x) {
    const request& r = x.head;
    const auto asked = [&](std::string_view name) { return r.parameter(name) != nullptr; };
    const auto is = [&](op_kind op, void (service::*run)(exchange&), body_use use = body_use::none,
                        access_need need = {}) {
        x.op = op;
        x.run_ = run;
        x.use_ = use;
        x.need_ = need;
    };
    constexpr access_need reading{may_read, true};
    constexpr access_need writing{may_write, false};
    if (!r.query.empty()) {
        const bool reads = r.method == "GET";
        const bool writes = r.method == "PUT";
        if (asked("tagging") && (reads || writes || r.method == "DELETE")) {
            return is(op_kind::other,
                      reads    ? &service::get_tags
                      : writes ? &service::set_tags
                               : &service::delete_tags,
                      writes ? body_use::text : body_use::none);
        }
        if (asked("acl") && (reads || writes)) {
            return is(op_kind::other, reads ? &service::object_acl : &service::grant_access,
                      writes ? body_use::text : body_use::none,
                      {reads ? may_read_acl : may_write_acl, true});
        }
        if (asked("retention") && (reads || writes)) {
            return is(op_kind::other, reads ? &service::get_retention : &service::set_retention,
                      writes ? body_use::text : body_use::none);
        }
        if (asked("legal-hold") && (reads || writes)) {
            return is(op_kind::other, reads ? &service::get_hold : &service::set_hold,
                      writes ? body_use::text : body_use::none);
        }
        if (asked("attributes") && reads) {
            return is(op_kind::other, &service::get_attributes, body_use::none, reading);
        }
        if (asked("append") && writes) {
            return is(op_kind::put, &service::append, body_use::keep, writing);
        }
        if (asked("renameObject") && writes) {
            return is(op_kind::other, &service::rename, body_use::none, writing);
        }
    }
    const bool version_named = !x.version_.empty();
    const bool of_upload = asked("uploadId");
    if (r.method == "PUT" && !r.query.empty()) {
        const char* lost = asked("partNumber") && !of_upload ? "partNumber without uploadId"
                           : version_named                   ? "versionId"
                           : asked("position")               ? "position without append"
                                                             : nullptr;
        if (lost != nullptr) {
            x.refusal_ = s3_code::invalid_argument;
            x.refusal_text_ = "This operation does not accept " + std::string(lost);
            return;
        }
    }
    const bool copies = r.header("x-amz-copy-source") != nullptr;
    if (r.method == "GET" && of_upload) {
        is(op_kind::list_parts, &service::list_parts, body_use::none, writing);
    } else if (r.method == "GET" || r.method == "HEAD") {
        is(r.method == "GET" ? op_kind::get : op_kind::head, &service::get, body_use::none,
           reading);
    } else if (r.method == "PUT" && of_upload) {
        is(op_kind::upload_part, &service::upload_part, copies ? body_use::none : body_use::keep,
           writing);
    } else if (r.method == "PUT" && copies) {
        is(op_kind::copy, &service::copy, body_use::none, writing);
    } else if (r.method == "PUT") {
        const bool appends = r.header("x-amz-write-offset-bytes") != nullptr;
        is(op_kind::put, appends ? &service::append : &service::put, body_use::keep, writing);
    } else if (r.method == "DELETE" && of_upload) {
        is(op_kind::abort_upload, &service::abort_upload, body_use::none, writing);
    } else if (r.method == "DELETE") {
        // Of versions the bucket's owner disposes alone.
        is(op_kind::remove, &service::remove, body_use::none,
           version_named ? access_need{} : writing);
    } else if (r.method == "POST" && of_upload) {
        is(op_kind::complete_upload, &service::complete_upload, body_use::text, writing);
    } else if (r.method == "POST" && asked("uploads")) {
        is(op_kind::create_upload, &service::create_upload, body_use::none, writing);
    } else {
        x.refusal_ = s3_code::method_not_allowed;
    }
}

}  // namespace chopsticks::endpoint
