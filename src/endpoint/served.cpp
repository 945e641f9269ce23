#include "served.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "checksum.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view amz_prefix = "x-amz-";

/// Where a parameter has a meaning; bits. Elsewhere it would let another operation run than the one
/// that was meant.
enum place : std::uint16_t {
    service_get = 1,
    bucket_get = 2,
    bucket_put = 4,
    bucket_delete = 8,
    bucket_post = 16,
    key_get = 32,
    key_head = 64,
    key_put = 128,
    key_delete = 256,
    key_post = 512,
    chooses = 1024,  ///< says which operation it is; there is one of these at most
    anywhere = chooses - 1,
    nowhere = 0,
};

struct served_parameter {
    std::string_view name;
    unsigned places;
};

/// Sub-resources that route() knows, and parameters that handlers read. In order.
constexpr std::array<served_parameter, 55> parameters = {{
    {"AWSAccessKeyId", anywhere},  // who sends it, of a signature that is not read
    {"Expires", anywhere},
    {"Signature", anywhere},
    {"accelerate", chooses | bucket_get},
    {"acl", chooses | bucket_get | bucket_put | key_get | key_put},
    {"allow-unordered", bucket_get},
    {"append", chooses | key_put},
    {"attributes", chooses | key_get},
    {"bucket", bucket_get | key_get},  // with etag and key, what a form redirects to says of itself
    {"bucket-region", service_get},
    {"continuation-token", service_get | bucket_get},
    {"cors", chooses | bucket_get | bucket_put | bucket_delete},
    {"delete", chooses | bucket_post},
    {"delimiter", bucket_get},
    {"encoding-type", bucket_get | key_get},
    {"encryption", chooses | bucket_get | bucket_put | bucket_delete},
    {"etag", bucket_get | key_get},
    {"fetch-owner", bucket_get},
    {"key", bucket_get | key_get},
    {"key-marker", bucket_get},
    {"legal-hold", chooses | key_get | key_put},
    {"lifecycle", chooses | bucket_get | bucket_delete},
    {"list-type", bucket_get},
    {"location", chooses | bucket_get},
    {"logging", chooses | bucket_get},
    {"marker", bucket_get},
    {"max-buckets", service_get},
    {"max-keys", bucket_get},
    {"max-parts", key_get},
    {"max-uploads", bucket_get},
    {"notification", chooses | bucket_get},
    {"object-lock", chooses | bucket_get | bucket_put},
    {"ownershipControls", chooses | bucket_get | bucket_put | bucket_delete},
    {"part-number-marker", key_get},
    {"partNumber", key_get | key_head | key_put},
    {"policy", chooses | bucket_get | bucket_put | bucket_delete},
    {"policyStatus", chooses | bucket_get},
    {"position", key_put},
    {"prefix", service_get | bucket_get},
    {"publicAccessBlock", chooses | bucket_get | bucket_put | bucket_delete},
    {"renameObject", chooses | key_put},
    {"replication", chooses | bucket_get | bucket_delete},
    {"requestPayment", chooses | bucket_get},
    {"retention", chooses | key_get | key_put},
    {"start-after", bucket_get},
    {"tagging", chooses | bucket_get | bucket_put | bucket_delete | key_get | key_put | key_delete},
    {"upload-id-marker", bucket_get},
    {"uploadId", chooses | key_get | key_put | key_delete | key_post},
    {"uploads", chooses | bucket_get | key_post},
    {"version-id-marker", bucket_get},
    {"versionId", key_get | key_head | key_put | key_delete},
    {"versioning", chooses | bucket_get | bucket_put},
    {"versions", chooses | bucket_get},
    {"website", chooses | bucket_get | bucket_delete},
    {"x-id", anywhere},  // only says what is meant
}};

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

constexpr bool by_name(const served_parameter& a, const served_parameter& b) noexcept {
    return a.name < b.name;
}
static_assert(std::is_sorted(parameters.begin(), parameters.end(), by_name));
static_assert(std::is_sorted(fields.begin(), fields.end()));
static_assert(std::is_sorted(of_signature.begin(), of_signature.end()));

template <typename Names>
bool among(const Names& names, std::string_view one) noexcept {
    return std::binary_search(names.begin(), names.end(), one);
}

const served_parameter* find_parameter(std::string_view name) noexcept {
    const auto at = std::lower_bound(parameters.begin(), parameters.end(),
                                     served_parameter{name, nowhere}, by_name);
    return at != parameters.end() && at->name == name ? &*at : nullptr;
}

place place_of(const request& r) noexcept {
    const std::string_view method = r.method;
    if (r.bucket.empty()) return method == "GET" ? service_get : nowhere;
    const bool whole = r.key.empty();
    if (method == "GET") return whole ? bucket_get : key_get;
    if (method == "PUT") return whole ? bucket_put : key_put;
    if (method == "DELETE") return whole ? bucket_delete : key_delete;
    if (method == "POST") return whole ? bucket_post : key_post;
    return method == "HEAD" && !whole ? key_head : nowhere;
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
    const served_parameter* chosen = nullptr;
    for (const s3::name_value& p : r.query) {
        if (is_amz(p.name)) {
            if (!hoisted_field(p.name)) continue;
            std::string wrong = unserved_field(p.name, p.value);
            if (!wrong.empty()) return wrong;
            continue;
        }
        // What the answer is to say of itself.
        if (p.name.starts_with("response-")) continue;
        const served_parameter* known = find_parameter(p.name);
        if (known == nullptr) return "the query parameter " + p.name;
        if ((known->places & anywhere) != anywhere && (known->places & place_of(r)) == 0) {
            return r.method + " with the query parameter " + p.name;
        }
        if ((known->places & chooses) == 0) continue;
        if (chosen != nullptr && chosen != known) {
            return "the query parameters " + std::string(chosen->name) + " and " + p.name +
                   " at a time";
        }
        chosen = known;
    }
    for (const s3::name_value& h : r.headers) {
        if (!is_amz(h.name)) continue;
        std::string wrong = unserved_field(h.name, h.value);
        if (!wrong.empty()) return wrong;
    }
    return {};
}

}  // namespace chopsticks::endpoint
