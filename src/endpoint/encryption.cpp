#include "encryption.hpp"

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <string_view>
#include <utility>

#include "digest.hpp"
#include "xml_text.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view sse_field = "x-amz-server-side-encryption";
constexpr std::string_view kms_field = "x-amz-server-side-encryption-aws-kms-key-id";
constexpr std::string_view bucket_key_field = "x-amz-server-side-encryption-bucket-key-enabled";
/// What KMS takes where a request names no key.
constexpr std::string_view kms_own_key = "alias/aws/s3";
constexpr std::size_t customer_key_bytes = 32;

struct customer_fields {
    std::string_view algorithm;
    std::string_view key;
    std::string_view md5;
};
constexpr std::array<customer_fields, 2> customer_names = {{
    {"x-amz-server-side-encryption-customer-algorithm", "x-amz-server-side-encryption-customer-key",
     "x-amz-server-side-encryption-customer-key-MD5"},
    {"x-amz-copy-source-server-side-encryption-customer-algorithm",
     "x-amz-copy-source-server-side-encryption-customer-key",
     "x-amz-copy-source-server-side-encryption-customer-key-MD5"},
}};

bool names_kms(std::string_view algorithm) noexcept {
    return algorithm == "aws:kms" || algorithm == "aws:kms:dsse";
}

std::optional<bool> truth(std::string_view text) noexcept {
    if (same_name(text, "true")) return true;
    if (same_name(text, "false")) return false;
    return std::nullopt;
}

s3_refusal invalid_key(std::string_view why) {
    return {s3_code::invalid_argument,
            "Requests specifying Server Side Encryption with Customer provided keys must provide " +
                std::string(why)};
}

s3_refusal unfit(std::string_view why) {
    return {s3_code::invalid_request, std::string(why)};
}

/// Most requests have none of these, which one look at each field tells.
bool has_any_field(const request& r) noexcept {
    return std::any_of(r.headers.begin(), r.headers.end(), [](const s3::name_value& h) {
        const std::string_view name = h.name;
        if (name.size() < sse_field.size()) return false;
        const char c = lower_char(name[6]);
        return c == 's'
                   ? same_name(name.substr(0, sse_field.size()), sse_field)
                   : c == 'c' && same_name(name.substr(0, 36), customer_names[1].key.substr(0, 36));
    });
}

/// The MD5 of a customer's key that the fields give; empty: there are none.
s3_refusal read_customer_key(const request& r, const customer_fields& names, std::string& md5) {
    const std::string* algorithm = r.header(names.algorithm);
    const std::string* key = r.header(names.key);
    const std::string* said = r.header(names.md5);
    if (algorithm == nullptr && key == nullptr && said == nullptr) return {};
    if (algorithm == nullptr) return invalid_key("a valid encryption algorithm.");
    if (trimmed(*algorithm) != "AES256") return {s3_code::invalid_encryption_algorithm, {}};
    if (key == nullptr) return invalid_key("an appropriate secret key.");
    if (said == nullptr) return invalid_key("the client calculated MD5 of the secret key.");
    const auto raw = from_base64(trimmed(*key));
    if (!raw || raw->size() != customer_key_bytes) {
        return {s3_code::invalid_argument,
                "The secret key was invalid for the specified algorithm."};
    }
    md5 = to_base64(digest_of(digest_kind::md5, *raw));
    if (md5 == trimmed(*said)) return {};
    return {s3_code::invalid_argument,
            "The calculated MD5 hash of the key did not match the hash that was provided."};
}

/// Reads and parts are not told how what they are of is encrypted.
s3_refusal refuse_algorithm(const request& r) {
    for (const std::string_view field : {sse_field, kms_field, bucket_key_field}) {
        if (r.header(field) == nullptr) continue;
        return {s3_code::invalid_argument,
                std::string(field) + " header is not supported for this operation."};
    }
    return {};
}

}  // namespace

s3_refusal read_encryption(const request& r, encryption_ref& out) {
    if (!has_any_field(r)) return {};
    encryption asked;
    if (s3_refusal wrong = read_customer_key(r, customer_names[0], asked.key_md5)) return wrong;
    const std::string_view algorithm = trimmed(r.header_or(sse_field, ""));
    const std::string* key_id = r.header(kms_field);
    const bool of_kms = names_kms(algorithm);
    if (asked.of_customer() && r.header(sse_field) != nullptr) {
        return {s3_code::invalid_argument,
                "Server Side Encryption with Customer provided key is incompatible with the "
                "encryption method specified"};
    }
    if (key_id != nullptr && !of_kms) {
        return {s3_code::invalid_argument,
                "Server Side Encryption with AWS KMS managed key requires HTTP header "
                "x-amz-server-side-encryption : aws:kms"};
    }
    if (!of_kms && algorithm != "AES256" && r.header(sse_field) != nullptr) {
        return {s3_code::invalid_argument, "The encryption method specified is not supported"};
    }
    if (const std::string* said_key = r.header(bucket_key_field)) {
        asked.bucket_key = truth(trimmed(*said_key));
        if (!asked.bucket_key || algorithm != "aws:kms") {
            return {s3_code::invalid_argument, std::string(bucket_key_field) +
                                                   " is true or false, beside "
                                                   "x-amz-server-side-encryption: aws:kms"};
        }
    }
    asked.algorithm = algorithm;
    if (of_kms) asked.key_id = key_id != nullptr ? trimmed(*key_id) : kms_own_key;
    // Only the fields of a copy's source were there.
    if (asked.algorithm.empty() && !asked.of_customer()) return {};
    out = std::make_shared<const encryption>(std::move(asked));
    return {};
}

encryption_ref with_default(const encryption_ref& asked, const encryption_ref& by_default) {
    if (!asked || !by_default) return asked ? asked : by_default;
    if (asked->algorithm != "aws:kms" || asked->bucket_key || !by_default->bucket_key) return asked;
    auto both = std::make_shared<encryption>(*asked);
    both->bucket_key = by_default->bucket_key;
    return both;
}

s3_refusal read_default(std::string_view text, encryption_ref& out) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto root = document.child("ServerSideEncryptionConfiguration");
    const auto rule = root.child("Rule");
    const auto applied = rule.child("ApplyServerSideEncryptionByDefault");
    if (!parsed || !applied || rule.next_sibling("Rule")) return {s3_code::malformed_xml, {}};
    encryption made;
    for (const auto& item : rule.children()) {
        const std::string_view name = item.name();
        if (name == "ApplyServerSideEncryptionByDefault") continue;
        if (name != "BucketKeyEnabled") {
            return {s3_code::not_implemented, "Not implemented here: " + std::string(name)};
        }
        made.bucket_key = truth(item.child_value());
        if (!made.bucket_key) return {s3_code::malformed_xml, {}};
    }
    made.algorithm = applied.child_value("SSEAlgorithm");
    const bool of_kms = names_kms(made.algorithm);
    if (!of_kms && made.algorithm != "AES256") return {s3_code::malformed_xml, {}};
    made.key_id = applied.child_value("KMSMasterKeyID");
    if (!of_kms && !made.key_id.empty()) {
        return {s3_code::invalid_argument,
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
                "aws:kms:dsse"};
    }
    if (of_kms && made.key_id.empty()) made.key_id = kms_own_key;
    out = std::make_shared<const encryption>(std::move(made));
    return {};
}

std::string default_document(const encryption& e) {
    xml_text xml("ServerSideEncryptionConfiguration");
    xml.open("Rule");
    xml.open("ApplyServerSideEncryptionByDefault");
    xml.element("SSEAlgorithm", e.algorithm);
    // The one that is taken where none is named is not told.
    if (e.of_kms() && e.key_id != kms_own_key) xml.element("KMSMasterKeyID", e.key_id);
    xml.close("ApplyServerSideEncryptionByDefault");
    xml.element("BucketKeyEnabled", e.bucket_key.value_or(false));
    xml.close("Rule");
    return xml.finish();
}

s3_refusal check_key(const request& r, key_fields which, const encryption_ref& kept) {
    const bool needed = kept && kept->of_customer();
    if (!needed && !has_any_field(r)) return {};
    if (which == key_fields::of_request) {
        if (s3_refusal wrong = refuse_algorithm(r)) return wrong;
    }
    std::string md5;
    const customer_fields& names = customer_names[which == key_fields::of_request ? 0 : 1];
    if (s3_refusal wrong = read_customer_key(r, names, md5)) return wrong;
    if (!needed) {
        return md5.empty() ? s3_refusal{}
                           : unfit("The encryption parameters are not applicable to this object.");
    }
    if (md5.empty()) {
        return unfit(
            "The object was stored using a form of Server Side Encryption. The correct "
            "parameters must be provided to retrieve the object.");
    }
    if (md5 != kept->key_md5) return {s3_code::wrong_customer_key, {}};
    return {};
}

s3_refusal check_part_key(const request& r, const encryption_ref& begun) {
    const bool needed = begun && begun->of_customer();
    if (!needed && !has_any_field(r)) return {};
    if (s3_refusal wrong = refuse_algorithm(r)) return wrong;
    std::string md5;
    if (s3_refusal wrong = read_customer_key(r, customer_names[0], md5)) return wrong;
    if (md5.empty() && needed) {
        return unfit(
            "The multipart upload initiate requested encryption. Subsequent part requests "
            "must include the appropriate encryption parameters.");
    }
    if (md5.empty() || (needed && md5 == begun->key_md5)) return {};
    return unfit("The provided encryption parameters did not match the ones used originally.");
}

std::string encryption_answer(const encryption& e) {
    std::string out;
    const auto field = [&](std::string_view name, std::string_view value) {
        out.append(name).append(": ");
        // An id is a client's, and may hold anything.
        for (const char c : value)
            out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        out += "\r\n";
    };
    if (!e.algorithm.empty()) field(sse_field, e.algorithm);
    if (e.of_kms()) field(kms_field, e.key_id);
    if (e.algorithm == "aws:kms" && e.bucket_key.value_or(false)) field(bucket_key_field, "true");
    if (e.of_customer()) {
        field(customer_names[0].algorithm, "AES256");
        field(customer_names[0].md5, e.key_md5);
    }
    return out;
}

}  // namespace chopsticks::endpoint
