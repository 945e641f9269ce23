#include "service.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <cstdio>
#include <cstring>

#include "served.hpp"
#include "sigv2.hpp"

namespace chopsticks::endpoint {

namespace {

/// A list of 1000 keys of 1 KiB, all of it escaped, fits.
constexpr std::size_t text_bytes_max = 8 << 20;

std::string_view message_of(s3::verdict v) noexcept {
    switch (v) {
        case s3::verdict::missing:
            return "Access Denied";
        case s3::verdict::malformed:
            return "The authorization header is malformed.";
        case s3::verdict::malformed_query:
            return "The parameters of the pre-signed URL are malformed.";
        case s3::verdict::unknown_access_key:
            return describe(s3_code::invalid_access_key_id).message;
        case s3::verdict::too_skewed:
            return describe(s3_code::request_time_too_skewed).message;
        case s3::verdict::expired:
            return "Request has expired";
        case s3::verdict::unsigned_header:
            return "There were headers present in the request which were not signed";
        case s3::verdict::missing_payload_hash:
            return "Missing required header for this request: x-amz-content-sha256";
        case s3::verdict::mismatch:
            return describe(s3_code::signature_does_not_match).message;
        default:
            return "";
    }
}

}  // namespace

void response::field(std::string_view name, std::string_view value) {
    fields += name;
    fields += ": ";
    // A value from a query parameter may hold anything.
    for (const char c : value)
        fields += static_cast<unsigned char>(c) < ' ' && c != '\t' ? ' ' : c;
    fields += "\r\n";
}

void response::xml(std::string text_of_body) {
    text = std::move(text_of_body);
    length = text.size();
    field("Content-Type", "application/xml");
}

std::span<char> exchange::room(std::uint64_t most) {
    if (use_ != body_use::keep || chunked_ || fault_ != s3_code::none) return {};
    room_ = sink_.prepare(most);
    if (room_.empty()) fault_ = s3_code::insufficient_storage;
    return room_;
}

void exchange::filled(std::size_t n) {
    digests_.update(room_.data(), n);
    sink_.commit(n);
}

void exchange::feed(std::string_view bytes) {
    if (use_ == body_use::none || fault_ != s3_code::none) return;
    if (!chunked_) {
        take(bytes);
        return;
    }
    const auto done = chunked_->decode(bytes, [this](std::string_view piece) { take(piece); });
    if (done.state == s3::aws_chunked_state::bad_signature) {
        fault_ = s3_code::signature_does_not_match;
    } else if (done.state == s3::aws_chunked_state::bad || done.consumed < bytes.size()) {
        fault_ = s3_code::incomplete_body;
    }
}

void exchange::take(std::string_view bytes) {
    if (fault_ != s3_code::none) return;
    if (use_ == body_use::form) {
        take_form(bytes);
        return;
    }
    digests_.update(bytes.data(), bytes.size());
    if (use_ == body_use::text) return take_text(bytes);
    if (announced_ && bytes.size() > *announced_ - sink_.size()) {
        fault_ = s3_code::incomplete_body;
        return;
    }
    keep(bytes);
}

void exchange::take_text(std::string_view bytes) {
    if (bytes.size() > text_bytes_max - text_.size()) {
        fault_ = s3_code::malformed_xml;
        return;
    }
    const std::size_t need = text_.size() + bytes.size();
    if (need > text_room_) {
        const std::size_t room = std::max(need, 2 * text_room_);
        auto charge = pool_.reserve(room);
        if (!charge) {
            fault_ = s3_code::insufficient_storage;
            text_ = {};
            return;
        }
        text_charge_ = std::move(*charge);
        text_room_ = room;
        text_.reserve(room);
    }
    text_ += bytes;
}

void exchange::keep(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::span<char> to = sink_.prepare(bytes.size());
        if (to.empty()) {
            fault_ = s3_code::insufficient_storage;
            return;
        }
        std::memcpy(to.data(), bytes.data(), to.size());
        sink_.commit(to.size());
        bytes.remove_prefix(to.size());
        if (sink_.size() > service::put_bytes_max) {
            fault_ = s3_code::entity_too_large;
            return;
        }
    }
}

service::service(const endpoint_options& options)
    : options_(options), store_(options.memory_cap_bytes) {}

void service::refuse(exchange& x, s3_code code, std::string_view message) const {
    const s3_error_text& text = describe(code, options_.answers);
    refuse(x, text.status, text.code, message.empty() ? text.message : message);
}

void service::refuse(exchange& x, int status, std::string_view code, std::string_view message,
                     std::string_view more) const {
    x.answered = true;
    x.use_ = body_use::none;
    // What came of the body is let go before the answer is on its way.
    static_cast<void>(x.sink_.finish());
    x.answer.status = status;
    x.answer.content = body();
    if (status == 304 || x.head.method == "HEAD") {
        x.answer.body_follows = false;
        x.answer.length = 0;
        return;
    }
    char id[24];
    std::snprintf(id, sizeof id, "%016llX", static_cast<unsigned long long>(x.id));
    std::string xml(xml_declaration);
    xml += "<Error>";
    append_element(xml, "Code", code);
    append_element(xml, "Message", message);
    if (!x.head.bucket.empty()) append_element(xml, "BucketName", x.head.bucket);
    if (!x.head.key.empty()) append_element(xml, "Key", x.head.key);
    append_element(xml, "Resource", x.head.path);
    xml += more;
    append_element(xml, "RequestId", id);
    append_element(xml, "HostId", "chopsticks");
    xml += "</Error>";
    x.answer.xml(std::move(xml));
}

const std::string* service::secret_of(std::string_view access_key) const {
    const std::string* secret = nullptr;
    if (s3::equal_constant_time(access_key, options_.access_key)) secret = &options_.secret_key;
    for (const endpoint_user& u : options_.more_users) {
        if (s3::equal_constant_time(access_key, u.access_key)) secret = &u.secret_key;
    }
    return secret;
}

std::optional<s3::sha256_digest> service::signing_key(const s3::authorization& claims) {
    const std::string* secret = secret_of(claims.access_key);
    if (secret == nullptr) return std::nullopt;
    std::string scope =
        claims.date + claims.region + '/' + claims.service + '/' + claims.access_key;
    {
        const std::shared_lock lock(keys_mutex_);
        const auto found = keys_.find(scope);
        if (found != keys_.end()) return found->second;
    }
    const auto key = s3::signing_key(*secret, claims.date, claims.region, claims.service);
    const std::lock_guard lock(keys_mutex_);
    constexpr std::size_t keys_max = 64;  // dates are the client's choice
    if (keys_.size() >= keys_max) keys_.clear();
    keys_.emplace(std::move(scope), key);
    return key;
}

bool service::verify(exchange& x) {
    const s3::received_request received{x.head.method, x.head.target, x.head.headers};
    x.auth = s3::verify(received, options_.region, wall_ns() / 1'000'000'000,
                        [this](const s3::authorization& claims) { return signing_key(claims); });
    if (x.auth.outcome == s3::verdict::missing || x.auth.outcome == s3::verdict::malformed) {
        verify_otherwise(x);
    }
    if (x.answered) return false;
    if (x.auth.outcome != s3::verdict::ok) {
        refuse_verdict(x);
        return false;
    }
    if (x.auth.presigned) {
        // Some clients have these in a pre-signed query instead of in fields.
        for (const s3::name_value& p : x.head.query) {
            if (hoisted_field(p.name)) x.head.headers.push_back({lower(p.name), p.value});
        }
    }
    return true;
}

void service::verify_otherwise(exchange& x) const {
    const request& r = x.head;
    const bool old = is_sigv2(r);
    const bool unsigned_request =
        !old && x.auth.outcome == s3::verdict::missing && r.header("Authorization") == nullptr;
    if (!old && !unsigned_request) return;
    if (old) {
        sigv2_verdict found = verify_sigv2(r, wall_ns() / 1'000'000'000,
                                           [this](std::string_view key) { return secret_of(key); });
        if (found.status != 200) {
            std::string more;
            if (!found.access_key.empty()) append_element(more, "AWSAccessKeyId", found.access_key);
            if (!found.string_to_sign.empty()) {
                append_element(more, "StringToSign", found.string_to_sign);
            }
            return refuse(x, found.status, found.code, found.message, more);
        }
        x.auth.claims.access_key = std::move(found.access_key);
    } else {
        x.auth.claims = {};
    }
    // Neither signs the body, but a hash that is said is a promise all the same.
    x.auth.payload_hash = trimmed(r.header_or("x-amz-content-sha256", ""));
    x.auth.payload = s3::payload_kind::unsigned_payload;
    if (x.auth.payload_hash == s3::payload_hash_streaming_unsigned_trailer) {
        x.auth.payload = s3::payload_kind::streaming_unsigned_trailer;
    } else if (from_hex(x.auth.payload_hash) && x.auth.payload_hash.size() == 64) {
        x.auth.payload = s3::payload_kind::hashed;
    } else if (!x.auth.payload_hash.empty() && x.auth.payload_hash != s3::payload_hash_unsigned) {
        return refuse(x, s3_code::invalid_argument,
                      "x-amz-content-sha256 does not fit the signature");
    }
    x.auth.outcome = s3::verdict::ok;
}

void service::refuse_verdict(exchange& x) const {
    const s3::verdict v = x.auth.outcome;
    if (v == s3::verdict::malformed_query) {
        return refuse(x, s3_code::authorization_query_malformed, message_of(v));
    }
    std::string message(message_of(v));
    std::string more;
    switch (v) {
        case s3::verdict::wrong_region:
            message = "The authorization header is malformed; the region '" + x.auth.claims.region +
                      "' is wrong; expecting '" + options_.region + "'";
            append_element(more, "Region", options_.region);
            x.answer.field("x-amz-bucket-region", options_.region);
            break;
        case s3::verdict::unknown_access_key:
            append_element(more, "AWSAccessKeyId", x.auth.claims.access_key);
            break;
        case s3::verdict::mismatch:
            append_element(more, "AWSAccessKeyId", x.auth.claims.access_key);
            append_element(more, "StringToSign", x.auth.string_to_sign);
            append_element(more, "SignatureProvided", x.auth.claims.signature);
            append_element(more, "CanonicalRequest", x.auth.canonical_request);
            break;
        case s3::verdict::too_skewed:
            append_element(more, "RequestTime", x.auth.amz_date);
            append_element(more, "ServerTime", format_utc(wall_ns()));
            append_element(more, "MaxAllowedSkewMilliseconds", "900000");
            break;
        default:
            break;
    }
    refuse(x, s3::http_status(v), s3::s3_code(v), message, more);
}

void service::begin(exchange& x, std::optional<std::uint64_t> length, bool chunked) {
    const bool located = locate(x.head, options_.domains, [this](std::string_view name) {
        return store_.find(name) != nullptr;
    });
    if (!located) {
        refuse(x, s3_code::invalid_uri);
        return;
    }
    if (x.head.method == "OPTIONS") return preflight(x);
    route(x);
    if (x.use_ == body_use::form) {
        // Its signature is in the form.
        x.auth.payload = s3::payload_kind::unsigned_payload;
    } else if (!verify(x)) {
        return;
    }
    if (x.refusal_ != s3_code::none) {
        refuse(x, x.refusal_, x.refusal_text_);
        return;
    }
    if (x.head.key.size() > key_bytes_max) {
        refuse(x, s3_code::key_too_long);
        return;
    }
    if (x.op == op_kind::create_bucket) {
        if (x.auth.claims.access_key.empty()) return refuse(x, s3_code::access_denied);
    } else if (!x.head.bucket.empty() && !find_bucket(x)) {
        return;
    }
    if (x.op == op_kind::upload_part && !prepare_part(x)) return;
    prepare_body(x, length, chunked);
}

bool service::find_bucket(exchange& x) const {
    x.bucket_ = store_.find(x.head.bucket);
    if (x.bucket_ == nullptr) {
        refuse(x, valid_bucket_name(x.head.bucket) ? s3_code::no_such_bucket
                                                   : s3_code::invalid_bucket_name);
        return false;
    }
    const std::string& owner = x.bucket_->facts().owner;
    const std::string* expected = x.head.header("x-amz-expected-bucket-owner");
    x.access_ = x.bucket_->access();
    // Who sends a form, and whether that is allowed, is found out once it is read.
    const bool later = x.use_ == body_use::form;
    const policy_effect policy = later ? policy_effect::none : judged(x);
    x.by_policy_ = policy == policy_effect::allowed;
    // Of a delete of many a policy says of each key whether it may go.
    const bool each = x.op == op_kind::delete_objects && x.access_ && x.access_->policy;
    const bool allowed =
        later || each || x.by_policy_ || x.need_.of_object || may_use(x, x.need_.what);
    if (policy == policy_effect::denied || !allowed ||
        (expected != nullptr && *expected != owner)) {
        refuse(x, s3_code::access_denied);
        return false;
    }
    return true;
}

std::string service::etag_of(exchange& x) const {
    return std::exchange(x.text_, {});
}

std::string service::etag_of(const body& content) const {
    const bool md5 = options_.etag == etag_kind::md5;
    return to_hex(digest_of(md5 ? digest_kind::md5 : digest_kind::fast, content)) +
           (md5 ? "" : "-1");
}

std::string service::owner_of(const exchange& x) const {
    const std::string& who = x.auth.claims.access_key;
    return who.empty() ? std::string(nobody) : who;
}

void service::finish(exchange& x) {
    if (x.answered) return;
    if (!check_body(x)) return;
    (this->*x.run_)(x);
    x.answered = true;
}

}  // namespace chopsticks::endpoint
