#include "sigv2.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <chopsticks/core/assert.hpp>
#include <map>
#include <tuple>
#include <vector>

#include "digest.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::int64_t skew_most_s = 15 * 60;
constexpr std::string_view scheme = "AWS ";

/// Parameters that are part of what is signed. In order.
constexpr std::array<std::string_view, 31> signed_parameters = {
    "accelerate",
    "acl",
    "cors",
    "delete",
    "encryption",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
};
static_assert(std::is_sorted(signed_parameters.begin(), signed_parameters.end()));

bool is_signed_parameter(std::string_view name) noexcept {
    return std::binary_search(signed_parameters.begin(), signed_parameters.end(), name);
}

std::string_view raw_path(const request& r) noexcept {
    std::string_view target = r.target;
    if (const std::size_t host = target.find("://");
        !target.starts_with('/') && host != std::string_view::npos) {
        const std::size_t slash = target.find('/', host + 3);
        target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    return target.substr(0, target.find('?'));
}

/// `tail` is put behind the path.
std::string string_to_sign(const request& r, std::string_view date, std::string_view tail) {
    std::string out = r.method + '\n';
    out += r.header_or("Content-MD5", "");
    out += '\n';
    out += r.header_or("Content-Type", "");
    out += '\n';
    out += date;
    out += '\n';
    std::map<std::string, std::string> amz;
    for (const s3::name_value& h : r.headers) {
        std::string name = lower(h.name);
        if (!name.starts_with("x-amz-")) continue;
        const auto [at, added] = amz.try_emplace(std::move(name), trimmed(h.value));
        if (!added) at->second += ',' + std::string(trimmed(h.value));
    }
    for (const auto& [name, value] : amz)
        out += name + ':' + value + '\n';
    // A bucket that the host names is part of the resource all the same.
    const bool of_host = !r.bucket.empty() && std::string_view(r.path).substr(1) == r.key;
    if (of_host) out += '/' + r.bucket;
    out += raw_path(r);
    out += tail;
    std::vector<const s3::name_value*> query;
    for (const s3::name_value& p : r.query) {
        if (is_signed_parameter(p.name)) query.push_back(&p);
    }
    // Of one name in the order in which they came.
    std::sort(query.begin(), query.end(), [](const auto* a, const auto* b) {
        return std::tie(a->name, a) < std::tie(b->name, b);
    });
    char joint = '?';
    for (const s3::name_value* p : query) {
        out += joint;
        out += p->name;
        if (!p->value.empty()) out += '=' + p->value;
        joint = '&';
    }
    return out;
}

sigv2_verdict denied(int status, std::string_view code, std::string_view message) {
    return {status, code, message, {}, {}};
}

/// Of whom, and of what was signed, stays.
void deny(sigv2_verdict& to, s3_code why) {
    const s3_error_text& text = describe(why);
    to.status = text.status;
    to.code = text.code;
    to.message = text.message;
}

}  // namespace

bool is_sigv2(const request& r) noexcept {
    if (const std::string* header = r.header("Authorization")) return header->starts_with(scheme);
    return r.parameter("Signature") != nullptr && r.parameter("AWSAccessKeyId") != nullptr;
}

std::string sigv2_signature(std::string_view secret, std::string_view text) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const auto* made =
        HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
    CHOPSTICKS_ASSERT(made != nullptr);
    return to_base64({reinterpret_cast<const char*>(out), size});
}

sigv2_verdict verify_sigv2(const request& r, std::int64_t now_s, const find_secret& secret) {
    sigv2_verdict out;
    std::string claimed;
    std::string date;
    if (const std::string* header = r.header("Authorization")) {
        const std::string_view value = trimmed(std::string_view(*header).substr(scheme.size()));
        const std::size_t colon = value.rfind(':');
        if (colon == std::string_view::npos || colon == 0) {
            return denied(400, "InvalidArgument",
                          "AWS authorization header is invalid. Expected AwsAccessKeyId:signature");
        }
        out.access_key = value.substr(0, colon);
        claimed = value.substr(colon + 1);
        const std::string* amz_date = r.header("x-amz-date");
        const std::string_view said =
            trimmed(amz_date != nullptr ? std::string_view(*amz_date) : r.header_or("Date", ""));
        const auto when = parse_http_date(said);
        if (!when || *when < 0) {
            return denied(403, "AccessDenied",
                          "AWS authentication requires a valid Date or x-amz-date header");
        }
        if (*when > now_s + skew_most_s || *when < now_s - skew_most_s) {
            sigv2_verdict skewed;
            deny(skewed, s3_code::request_time_too_skewed);
            return skewed;
        }
        // Of x-amz-date the fields x-amz-* tell.
        if (amz_date == nullptr) date = r.header_or("Date", "");
    } else {
        out.access_key = r.parameter_or("AWSAccessKeyId", "");
        claimed = r.parameter_or("Signature", "");
        date = r.parameter_or("Expires", "");
        const auto until = parse_number(date);
        if (!until)
            return denied(403, "AccessDenied", "Invalid date (should be seconds since epoch)");
        if (now_s < 0 || static_cast<std::uint64_t>(now_s) > *until) {
            return denied(403, "AccessDenied", "Request has expired");
        }
    }
    const std::string* found = secret(out.access_key);
    if (found == nullptr) {
        deny(out, s3_code::invalid_access_key_id);
        return out;
    }
    const auto fits = [&](std::string_view tail) {
        out.string_to_sign = string_to_sign(r, date, tail);
        return s3::equal_constant_time(sigv2_signature(*found, out.string_to_sign), claimed);
    };
    // Some clients sign the path of a bucket as if it ended with a slash.
    const bool of_bucket = r.key.empty() && !r.bucket.empty() && !r.path.ends_with('/');
    if (!fits("") && !(of_bucket && fits("/"))) {
        deny(out, s3_code::signature_does_not_match);
    }
    return out;
}

}  // namespace chopsticks::endpoint
