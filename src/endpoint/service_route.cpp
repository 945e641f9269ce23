// Which operation a request is. Method, depth of the path and the sub-resource in the query decide.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "served.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

/// Sub-resources that can be asked for, but not set.
constexpr std::array<std::string_view, 11> properties = {
    "acl",
    "cors",
    "encryption",
    "lifecycle",
    "logging",
    "notification",
    "ownershipControls",
    "policy",
    "requestPayment",
    "tagging",
    "website",
};

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
    if (version != nullptr && !version->empty() && *version != "null") {
        x.refusal_ = s3_code::not_implemented;
        return;
    }
    if (r.key.empty()) {
        route_bucket(x);
    } else {
        route_key(x);
    }
}

void service::route_bucket(exchange& x) {
    const request& r = x.head;
    const bool property = has_any(r, properties) || r.parameter("versioning") != nullptr;
    const auto is = [&](op_kind op, void (service::*run)(exchange&),
                        body_use use = body_use::none) {
        x.op = op;
        x.run_ = run;
        x.use_ = use;
    };
    if (r.method == "GET") {
        if (r.parameter("location") != nullptr) {
            is(op_kind::get_location, &service::get_location);
        } else if (r.parameter("uploads") != nullptr) {
            is(op_kind::list_uploads, &service::list_uploads);
        } else if (property) {
            is(op_kind::other, &service::bucket_property);
        } else {
            is(op_kind::list, &service::list);
        }
    } else if (r.method == "POST" && r.parameter("delete") != nullptr) {
        is(op_kind::delete_objects, &service::delete_objects, body_use::text);
    } else if (property || r.method == "POST") {
        x.refusal_ = s3_code::not_implemented;
    } else if (r.method == "PUT") {
        is(op_kind::create_bucket, &service::create_bucket, body_use::text);
    } else if (r.method == "HEAD") {
        is(op_kind::head_bucket, &service::head_bucket);
    } else if (r.method == "DELETE") {
        is(op_kind::delete_bucket, &service::delete_bucket);
    } else {
        x.refusal_ = s3_code::method_not_allowed;
    }
}

void service::route_key(exchange& x) {
    const request& r = x.head;
    const bool property = has_any(r, properties);
    const bool of_upload = r.parameter("uploadId") != nullptr;
    const auto is = [&](op_kind op, void (service::*run)(exchange&),
                        body_use use = body_use::none) {
        x.op = op;
        x.run_ = run;
        x.use_ = use;
    };
    const bool copies = r.header("x-amz-copy-source") != nullptr;
    if (r.method == "GET" && of_upload) {
        is(op_kind::list_parts, &service::list_parts);
    } else if (r.method == "GET" && property) {
        is(op_kind::other, &service::object_property);
    } else if (property) {
        x.refusal_ = s3_code::not_implemented;
    } else if (r.method == "GET" || r.method == "HEAD") {
        is(r.method == "GET" ? op_kind::get : op_kind::head, &service::get);
    } else if (r.method == "PUT" && of_upload) {
        is(op_kind::upload_part, &service::upload_part, copies ? body_use::none : body_use::keep);
    } else if (r.method == "PUT" && copies) {
        is(op_kind::copy, &service::copy);
    } else if (r.method == "PUT") {
        is(op_kind::put, &service::put, body_use::keep);
    } else if (r.method == "DELETE" && of_upload) {
        is(op_kind::abort_upload, &service::abort_upload);
    } else if (r.method == "DELETE") {
        is(op_kind::remove, &service::remove);
    } else if (r.method == "POST" && of_upload) {
        is(op_kind::complete_upload, &service::complete_upload, body_use::text);
    } else if (r.method == "POST" && r.parameter("uploads") != nullptr) {
        is(op_kind::create_upload, &service::create_upload);
    } else {
        x.refusal_ = s3_code::method_not_allowed;
    }
}

}  // namespace chopsticks::endpoint
