// Documents that made buckets are set up with. Each is the least that says something and that
// leaves the run's own requests as they are.

#include <chopsticks/s3/protocol/request_form.hpp>
#include <string>

#include "request_parts.hpp"

namespace chopsticks::s3 {

namespace {

std::string bucket_document(std::string_view root, std::string_view inside) {
    std::string out;
    out.append("<").append(root).append(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    out.append(inside).append("</").append(root).append(">");
    return out;
}

}  // namespace

std::string versioning_suspended(const request_options&) {
    return bucket_document("VersioningConfiguration", "<Status>Suspended</Status>");
}

std::string bucket_lifecycle(const request_options&) {
    return bucket_document("LifecycleConfiguration",
                           "<Rule><ID>chopsticks</ID><Filter><Prefix /></Filter>"
                           "<Status>Enabled</Status><AbortIncompleteMultipartUpload>"
                           "<DaysAfterInitiation>7</DaysAfterInitiation>"
                           "</AbortIncompleteMultipartUpload></Rule>");
}

std::string bucket_encryption(const request_options&) {
    return bucket_document("ServerSideEncryptionConfiguration",
                           "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256"
                           "</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>");
}

std::string public_access_block(const request_options&) {
    return bucket_document(
        "PublicAccessBlockConfiguration",
        "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"
        "<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true"
        "</RestrictPublicBuckets>");
}

std::string ownership_controls(const request_options&) {
    return bucket_document("OwnershipControls",
                           "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>");
}

std::string bucket_cors(const request_options&) {
    return bucket_document("CORSConfiguration",
                           "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>"
                           "http://localhost</AllowedOrigin></CORSRule>");
}

/// Of objects that are put there from then on; made buckets have none.
std::string bucket_object_lock(const request_options&) {
    return bucket_document("ObjectLockConfiguration",
                           "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
                           "<DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days>"
                           "</DefaultRetention></Rule>");
}

/// Refuses what nobody sends: it needs no principal of anybody's.
void write_bucket_policy(std::string& to, const asked& what) {
    to.assign("{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"chopsticks\", ");
    to.append("\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:GetObject\", ");
    to.append("\"Resource\": \"arn:aws:s3:::").append(what.bucket).append("/denied-*\"}]}");
}

}  // namespace chopsticks::s3
