#include "policy_actions.hpp"

#include <algorithm>
#include <string>

#include "bucket_policy.hpp"

namespace chopsticks::endpoint {

namespace {

/// A sub-resource; empty names: there is no such operation, or it is refused.
struct action_row {
    std::string_view parameter;
    std::string_view get;
    std::string_view put;
    std::string_view remove;
};

constexpr std::array<action_row, 20> bucket_actions = {{
    {"accelerate", "s3:GetAccelerateConfiguration", "", ""},
    {"acl", "s3:GetBucketAcl", "s3:PutBucketAcl", ""},
    {"cors", "s3:GetBucketCORS", "s3:PutBucketCORS", "s3:PutBucketCORS"},
    {"encryption", "s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration",
     "s3:PutEncryptionConfiguration"},
    {"lifecycle", "s3:GetLifecycleConfiguration", "", "s3:PutLifecycleConfiguration"},
    {"location", "s3:GetBucketLocation", "", ""},
    {"logging", "s3:GetBucketLogging", "", ""},
    {"notification", "s3:GetBucketNotification", "", ""},
    {"object-lock", "s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration",
     ""},
    {"ownershipControls", "s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls",
     "s3:PutBucketOwnershipControls"},
    {"policy", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"},
    {"policyStatus", "s3:GetBucketPolicyStatus", "", ""},
    {"publicAccessBlock", "s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock",
     "s3:PutBucketPublicAccessBlock"},
    {"replication", "s3:GetReplicationConfiguration", "", "s3:PutReplicationConfiguration"},
    {"requestPayment", "s3:GetBucketRequestPayment", "", ""},
    {"tagging", "s3:GetBucketTagging", "s3:PutBucketTagging", "s3:PutBucketTagging"},
    {"uploads", "s3:ListBucketMultipartUploads", "", ""},
    {"versioning", "s3:GetBucketVersioning", "s3:PutBucketVersioning", ""},
    {"versions", "s3:ListBucketVersions", "", ""},
    {"website", "s3:GetBucketWebsite", "", "s3:DeleteBucketWebsite"},
}};

/// Of objects, and of versions that are named.
constexpr std::array<action_row, 5> object_actions = {{
    {"tagging", "s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObjectTagging"},
    {"acl", "s3:GetObjectAcl", "s3:PutObjectAcl", ""},
    {"retention", "s3:GetObjectRetention", "s3:PutObjectRetention", ""},
    {"legal-hold", "s3:GetObjectLegalHold", "s3:PutObjectLegalHold", ""},
    {"attributes", "s3:GetObjectAttributes", "", ""},
}};
constexpr std::array<action_row, 3> version_actions = {{
    {"tagging", "s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging",
     "s3:DeleteObjectVersionTagging"},
    {"acl", "s3:GetObjectVersionAcl", "s3:PutObjectVersionAcl", ""},
    {"attributes", "s3:GetObjectVersionAttributes", "", ""},
}};

constexpr std::array<std::string_view, 10> plain_actions = {
    "s3:AbortMultipartUpload",
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
};

std::string_view of_method(const action_row& row, std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" ? row.get
           : method == "PUT"                   ? row.put
           : method == "DELETE"                ? row.remove
                                               : std::string_view();
}

template <typename Rows>
std::string_view action_among(const Rows& rows, const request& r) {
    for (const action_row& row : rows) {
        if (r.parameter(row.parameter) != nullptr) return of_method(row, r.method);
    }
    return {};
}

void add_bucket_actions(const request& r, policy_actions& out) {
    const std::string_view named = action_among(bucket_actions, r);
    if (!named.empty()) return out.add(named);
    if (r.method == "GET" || r.method == "HEAD") return out.add("s3:ListBucket");
    if (r.method == "DELETE") out.add("s3:DeleteBucket");
}

void add_write_actions(const request& r, policy_actions& out) {
    out.add("s3:PutObject");
    if (r.header("x-amz-tagging") != nullptr) out.add("s3:PutObjectTagging");
    if (r.header("x-amz-object-lock-mode") != nullptr) out.add("s3:PutObjectRetention");
    if (r.header("x-amz-object-lock-legal-hold") != nullptr) out.add("s3:PutObjectLegalHold");
}

void add_object_actions(const request& r, policy_actions& out) {
    const bool version = r.parameter("versionId") != nullptr;
    const bool reads = r.method == "GET" || r.method == "HEAD";
    std::string_view named = version ? action_among(version_actions, r) : std::string_view();
    if (named.empty()) named = action_among(object_actions, r);
    if (!named.empty()) {
        out.add(named);
        if (r.parameter("attributes") == nullptr) return;
    }
    if (r.parameter("uploadId") != nullptr && (reads || r.method == "DELETE")) {
        return out.add(reads ? "s3:ListMultipartUploadParts" : "s3:AbortMultipartUpload");
    }
    if (reads) return out.add(version ? "s3:GetObjectVersion" : "s3:GetObject");
    if (r.method == "DELETE") {
        return out.add(version ? "s3:DeleteObjectVersion" : "s3:DeleteObject");
    }
    add_write_actions(r, out);
}

}  // namespace

policy_actions actions_of(const request& r) {
    policy_actions out;
    if (r.key.empty()) {
        add_bucket_actions(r, out);
    } else {
        add_object_actions(r, out);
        if (r.header("x-amz-bypass-governance-retention") != nullptr) {
            out.add("s3:BypassGovernanceRetention");
        }
    }
    return out;
}

bool names_served_action(std::string_view pattern) {
    const auto fits = [&](std::string_view action) {
        return !action.empty() && matches(pattern, lower(action));
    };
    const auto any_of_rows = [&](const auto& rows) {
        return std::any_of(rows.begin(), rows.end(), [&](const action_row& row) {
            return fits(row.get) || fits(row.put) || fits(row.remove);
        });
    };
    return std::any_of(plain_actions.begin(), plain_actions.end(), fits) ||
           any_of_rows(bucket_actions) || any_of_rows(object_actions) ||
           any_of_rows(version_actions);
}

}  // namespace chopsticks::endpoint
