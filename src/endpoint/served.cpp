#include "served.hpp"

#include <algorithm>
#include <array>

namespace chopsticks::endpoint {

namespace {

/// Sub-resources that route() knows, and parameters that handlers read.
constexpr std::array<std::string_view, 36> parameters = {
    "acl",
    "continuation-token",
    "cors",
    "delete",
    "delimiter",
    "encoding-type",
    "encryption",
    "fetch-owner",
    "key-marker",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "notification",
    "ownershipControls",
    "part-number-marker",
    "partNumber",
    "policy",
    "prefix",
    "requestPayment",
    "start-after",
    "tagging",
    "upload-id-marker",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "website",
    // Only say what is meant, or by whom it is sent.
    "x-id",
    "AWSAccessKeyId",
    "Expires",
    "Signature",
};

/// Fields x-amz-* that are served whatever their value.
constexpr std::array<std::string_view, 14> fields = {
    "x-amz-checksum-algorithm",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-metadata-directive",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-trailer",
};

/// Those that ask for what is so anyway.
struct granted {
    std::string_view name;
    std::string_view value;
};
constexpr std::array<granted, 10> what_is_so = {{
    {"x-amz-acl", "private"},
    {"x-amz-acl", "bucket-owner-full-control"},
    {"x-amz-bucket-object-lock-enabled", "false"},
    {"x-amz-checksum-mode", "ENABLED"},
    {"x-amz-object-ownership", "BucketOwnerEnforced"},
    {"x-amz-optional-object-attributes", "RestoreStatus"},
    {"x-amz-request-payer", "requester"},
    {"x-amz-storage-class", "STANDARD"},
    {"x-amz-tagging-directive", "COPY"},
    {"x-amz-expected-bucket-owner", "chopsticks"},
}};

/// Of a field in lower case.
bool is_served(std::string_view name, std::string_view value) {
    if (std::find(fields.begin(), fields.end(), name) != fields.end()) return true;
    if (name.starts_with("x-amz-meta-") || name.starts_with("x-amz-checksum-")) {
        return name != "x-amz-checksum-mode" || value == "ENABLED";
    }
    return std::any_of(what_is_so.begin(), what_is_so.end(), [&](const granted& so) {
        return so.name == name && so.value == trimmed(value);
    });
}

}  // namespace

std::string unserved_part(const request& r) {
    for (const s3::name_value& p : r.query) {
        // Of a presigned request the signature's, and what its answer is to say of itself.
        if (lower(p.name).starts_with("x-amz-") || p.name.starts_with("response-")) continue;
        if (std::find(parameters.begin(), parameters.end(), p.name) == parameters.end()) {
            return "the query parameter " + p.name;
        }
    }
    for (const s3::name_value& h : r.headers) {
        const std::string name = lower(h.name);
        if (!name.starts_with("x-amz-") || is_served(name, h.value)) continue;
        return "the header " + name + (h.value.empty() ? "" : ": " + h.value);
    }
    return {};
}

}  // namespace chopsticks::endpoint
