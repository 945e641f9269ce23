#include "served.hpp"

#include <algorithm>
#include <array>

#include "checksum.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view amz_prefix = "x-amz-";

/// Sub-resources that route() knows, and parameters that handlers read. In order.
constexpr std::array<std::string_view, 55> parameters = {
    "AWSAccessKeyId",  // who sends it, of a signature that is not read
    "Expires",
    "Signature",
    "accelerate",
    "acl",
    "allow-unordered",
    "append",
    "attributes",
    "bucket",  // with etag and key, what a form redirects to says of itself
    "bucket-region",
    "continuation-token",
    "cors",
    "delete",
    "delimiter",
    "encoding-type",
    "encryption",
    "etag",
    "fetch-owner",
    "key",
    "key-marker",
    "legal-hold",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "marker",
    "max-buckets",
    "max-keys",
    "max-parts",
    "max-uploads",
    "notification",
    "object-lock",
    "ownershipControls",
    "part-number-marker",
    "partNumber",
    "policy",
    "policyStatus",
    "position",
    "prefix",
    "publicAccessBlock",
    "renameObject",
    "replication",
    "requestPayment",
    "retention",
    "start-after",
    "tagging",
    "upload-id-marker",
    "uploadId",
    "uploads",
    "version-id-marker",
    "versionId",
    "versioning",
    "versions",
    "website",
    "x-id",  // only says what is meant
};

/// Fields x-amz-* that are served whatever their value, or refused where it is read. In order.
constexpr std::array<std::string_view, 53> fields = {
    "x-amz-acl",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bypass-governance-retention",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-type",
    "x-amz-client-token",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-copy-source-range",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key-md5",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-max-parts",
    "x-amz-metadata-directive",
    "x-amz-mp-object-size",
    "x-amz-object-attributes",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-ownership",
    "x-amz-part-number-marker",
    "x-amz-rename-source",
    "x-amz-rename-source-if-match",
    "x-amz-rename-source-if-modified-since",
    "x-amz-rename-source-if-none-match",
    "x-amz-rename-source-if-unmodified-since",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-server-side-encryption-customer-key-md5",
    "x-amz-source-expected-bucket-owner",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-trailer",
    "x-amz-user-agent",
    "x-amz-write-offset-bytes",
};

/// Those that ask for what is so anyway.
struct granted {
    std::string_view name;
    std::string_view value;
};
constexpr std::array<granted, 4> what_is_so = {{
    {"x-amz-checksum-mode", "ENABLED"},
    {"x-amz-optional-object-attributes", "RestoreStatus"},
    {"x-amz-request-payer", "requester"},
    {"x-amz-checksum-mode", "DISABLED"},
}};

/// What a pre-signed query says of its signature.
constexpr std::array<std::string_view, 8> of_signature = {
    "X-Amz-Algorithm", "X-Amz-Content-Sha256", "X-Amz-Credential", "X-Amz-Date",
    "X-Amz-Expires",   "X-Amz-Security-Token", "X-Amz-Signature",  "X-Amz-SignedHeaders",
};

static_assert(std::is_sorted(parameters.begin(), parameters.end()));
static_assert(std::is_sorted(fields.begin(), fields.end()));
static_assert(std::is_sorted(of_signature.begin(), of_signature.end()));

template <typename Names>
bool among(const Names& names, std::string_view one) noexcept {
    return std::binary_search(names.begin(), names.end(), one);
}

bool is_amz(std::string_view name) noexcept {
    return name.size() > amz_prefix.size() &&
           same_name(name.substr(0, amz_prefix.size()), amz_prefix);
}

/// Of a field in lower case.
bool is_served(std::string_view name, std::string_view value) {
    if (among(fields, name) || name.starts_with("x-amz-meta-") ||
        checksum_of_field(name) != nullptr) {
        return true;
    }
    return std::any_of(what_is_so.begin(), what_is_so.end(), [&](const granted& so) {
        return so.name == name && so.value == trimmed(value);
    });
}

std::string unserved_field(std::string_view name, std::string_view value) {
    // Every request has a few of these: no memory is taken for those that are served.
    std::array<char, 64> room;
    std::string long_name;
    std::string_view lowered;
    if (name.size() <= room.size()) {
        std::transform(name.begin(), name.end(), room.begin(), lower_char);
        lowered = {room.data(), name.size()};
    } else {
        long_name = lower(name);
        lowered = long_name;
    }
    if (is_served(lowered, value)) return {};
    return "the header " + std::string(lowered) + (value.empty() ? "" : ": " + std::string(value));
}

}  // namespace

bool hoisted_field(std::string_view parameter) noexcept {
    return is_amz(parameter) && !among(of_signature, parameter);
}

std::string unserved_part(const request& r) {
    for (const s3::name_value& p : r.query) {
        if (is_amz(p.name)) {
            if (!hoisted_field(p.name)) continue;
            std::string wrong = unserved_field(p.name, p.value);
            if (!wrong.empty()) return wrong;
            continue;
        }
        // What the answer is to say of itself.
        if (p.name.starts_with("response-")) continue;
        if (!among(parameters, p.name)) return "the query parameter " + p.name;
    }
    for (const s3::name_value& h : r.headers) {
        if (!is_amz(h.name)) continue;
        std::string wrong = unserved_field(h.name, h.value);
        if (!wrong.empty()) return wrong;
    }
    return {};
}

}  // namespace chopsticks::endpoint
