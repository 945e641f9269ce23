#include "service.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdio>
#include <cstring>

namespace chopsticks::endpoint {

namespace {

/// A list of 1000 keys of 1 KiB, all of it escaped, fits.
constexpr std::size_t text_bytes_max = 8 << 20;
constexpr std::uint64_t put_bytes_max = 5ULL << 30;
constexpr std::size_t key_bytes_max = 1024;
constexpr std::string_view checksum_prefix = "x-amz-checksum-";

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

/// The checksum a header or a trailer announces by its name, "x-amz-checksum-crc32".
std::optional<digest_kind> checksum_field(std::string_view name) {
    if (name.size() <= checksum_prefix.size() ||
        !same_name(name.substr(0, checksum_prefix.size()), checksum_prefix)) {
        return std::nullopt;
    }
    return checksum_named(lower(name.substr(checksum_prefix.size())));
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

void append_element(std::string& out, std::string_view name, std::string_view value) {
    out += '<';
    out += name;
    out += '>';
    s3::append_xml_escaped(out, value);
    out += "</";
    out += name;
    out += '>';
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
    digests_.update(bytes.data(), bytes.size());
    if (use_ == body_use::text) {
        if (bytes.size() > text_bytes_max - text_.size()) {
            fault_ = s3_code::malformed_xml;
            return;
        }
        text_ += bytes;
        return;
    }
    if (announced_ && bytes.size() > *announced_ - sink_.size()) {
        fault_ = s3_code::incomplete_body;
        return;
    }
    while (!bytes.empty()) {
        const std::span<char> to = sink_.prepare(bytes.size());
        if (to.empty()) {
            fault_ = s3_code::insufficient_storage;
            return;
        }
        std::memcpy(to.data(), bytes.data(), to.size());
        sink_.commit(to.size());
        bytes.remove_prefix(to.size());
        if (sink_.size() > put_bytes_max) {
            fault_ = s3_code::entity_too_large;
            return;
        }
    }
}

service::service(const endpoint_options& options)
    : options_(options), store_(options.memory_cap_bytes) {}

void service::refuse(exchange& x, s3_code code, std::string_view message) const {
    const s3_error_text& text = describe(code);
    refuse(x, text.status, text.code, message.empty() ? text.message : message);
}

void service::refuse(exchange& x, int status, std::string_view code, std::string_view message,
                     std::string_view more) const {
    x.answered = true;
    x.use_ = body_use::none;
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

std::optional<s3::sha256_digest> service::signing_key(const s3::authorization& claims) {
    if (!s3::equal_constant_time(claims.access_key, options_.access_key)) return std::nullopt;
    std::string scope = claims.date + claims.region + '/' + claims.service;
    {
        const std::shared_lock lock(keys_mutex_);
        const auto found = keys_.find(scope);
        if (found != keys_.end()) return found->second;
    }
    const auto key =
        s3::signing_key(options_.secret_key, claims.date, claims.region, claims.service);
    const std::lock_guard lock(keys_mutex_);
    constexpr std::size_t keys_max = 16;  // dates are the client's choice
    if (keys_.size() >= keys_max) keys_.clear();
    keys_.emplace(std::move(scope), key);
    return key;
}

bool service::verify(exchange& x) {
    const s3::received_request received{x.head.method, x.head.target, x.head.headers};
    x.auth = s3::verify(received, options_.region, wall_ns() / 1'000'000'000,
                        [this](const s3::authorization& claims) { return signing_key(claims); });
    if (x.auth.outcome == s3::verdict::ok) return true;
    refuse_verdict(x);
    return false;
}

void service::refuse_verdict(exchange& x) const {
    const s3::verdict v = x.auth.outcome;
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
    route(x);
    if (!verify(x)) return;
    if (x.refusal_ != s3_code::none) {
        refuse(x, x.refusal_, x.refusal_text_);
        return;
    }
    if (x.head.key.size() > key_bytes_max) {
        refuse(x, s3_code::key_too_long);
        return;
    }
    if (!x.head.bucket.empty() && x.op != op_kind::create_bucket && !find_bucket(x)) return;
    prepare_body(x, length, chunked);
}

bool service::find_bucket(exchange& x) const {
    x.bucket_ = store_.find(x.head.bucket);
    if (x.bucket_ == nullptr) {
        refuse(x, valid_bucket_name(x.head.bucket) ? s3_code::no_such_bucket
                                                   : s3_code::invalid_bucket_name);
    }
    return x.bucket_ != nullptr;
}

bool service::prepare_body(exchange& x, std::optional<std::uint64_t> length, bool chunked) {
    if (x.use_ == body_use::none) return true;
    const bool streaming = x.auth.payload == s3::payload_kind::streaming_signed ||
                           x.auth.payload == s3::payload_kind::streaming_signed_trailer ||
                           x.auth.payload == s3::payload_kind::streaming_unsigned_trailer;
    if (streaming) {
        x.announced_ = parse_number(x.head.header_or("x-amz-decoded-content-length", ""));
        if (!x.announced_) {
            refuse(x, s3_code::missing_content_length,
                   "You must provide the x-amz-decoded-content-length HTTP header.");
            return false;
        }
        const auto key = signing_key(x.auth.claims);
        if (x.auth.payload == s3::payload_kind::streaming_unsigned_trailer || !key) {
            x.chunked_.emplace(x.auth.payload);
        } else {
            x.chunked_.emplace(x.auth.payload, *key, x.auth.amz_date, x.auth.claims.scope(),
                               x.auth.claims.signature);
        }
    } else {
        x.announced_ = length;
    }
    if (x.use_ == body_use::keep) {
        if (!x.announced_ && !chunked) {
            refuse(x, s3_code::missing_content_length);
            return false;
        }
        if (x.announced_ && *x.announced_ > put_bytes_max) {
            refuse(x, s3_code::entity_too_large);
            return false;
        }
        if (x.announced_ && !x.sink_.expect(*x.announced_)) {
            refuse(x, s3_code::insufficient_storage);
            return false;
        }
        x.digests_.enable(options_.etag == etag_kind::md5 ? digest_kind::md5 : digest_kind::fast);
    }
    return prepare_digests(x);
}

bool service::prepare_digests(exchange& x) const {
    if (x.auth.payload == s3::payload_kind::hashed) x.digests_.enable(digest_kind::sha256);
    for (const auto& h : x.head.headers) {
        if (same_name(h.name, "Content-MD5")) {
            const auto raw = from_base64(trimmed(h.value));
            if (!raw || raw->size() != 16) {
                refuse(x, s3_code::invalid_digest);
                return false;
            }
            x.digests_.enable(digest_kind::md5);
        } else if (const auto kind = checksum_field(h.name)) {
            x.digests_.enable(*kind);
        } else if (same_name(h.name, "x-amz-trailer")) {
            x.trailer_ = checksum_field(trimmed(h.value));
            if (!x.trailer_) {
                refuse(x, s3_code::invalid_request,
                       "The value specified in the x-amz-trailer header is not supported");
                return false;
            }
            x.digests_.enable(*x.trailer_);
        }
    }
    return true;
}

bool service::check_body(exchange& x) const {
    if (x.use_ == body_use::none) return true;
    if (x.fault_ == s3_code::none && x.chunked_ &&
        x.chunked_->state() != s3::aws_chunked_state::complete) {
        x.fault_ = s3_code::incomplete_body;
    }
    const std::uint64_t got = x.use_ == body_use::text ? x.text_.size() : x.sink_.size();
    if (x.fault_ == s3_code::none && x.announced_ && got != *x.announced_) {
        x.fault_ = s3_code::incomplete_body;
    }
    if (x.fault_ != s3_code::none) {
        refuse(x, x.fault_);
        return false;
    }
    // A kind may be wanted for several reasons, and ends but once.
    std::array<std::string, digest_kind_count> known;
    const auto value = [&](digest_kind kind) -> const std::string& {
        std::string& out = known[static_cast<std::size_t>(kind)];
        if (out.empty()) out = x.digests_.finish(kind);
        return out;
    };
    if (x.auth.payload == s3::payload_kind::hashed &&
        to_hex(value(digest_kind::sha256)) != lower(x.auth.payload_hash)) {
        refuse(x, s3_code::content_sha256_mismatch);
        return false;
    }
    const auto matches = [&](digest_kind kind, std::string_view text) {
        return to_base64(value(kind)) == trimmed(text);
    };
    for (const auto& h : x.head.headers) {
        const bool md5 = same_name(h.name, "Content-MD5");
        const auto kind = md5 ? digest_kind::md5 : checksum_field(h.name);
        if (!kind) continue;
        if (!matches(*kind, h.value)) {
            refuse(x, s3_code::bad_digest);
            return false;
        }
        if (!md5) x.answer.field(lower(h.name), trimmed(h.value));
    }
    if (x.trailer_) {
        bool right = false;
        for (const auto& t : x.chunked_ ? x.chunked_->trailers() : std::vector<s3::name_value>()) {
            if (checksum_field(t.name) != x.trailer_ || !matches(*x.trailer_, t.value)) continue;
            right = true;
            x.answer.field(t.name, trimmed(t.value));
        }
        if (!right) {
            refuse(x, s3_code::bad_digest);
            return false;
        }
    }
    // The ETag of kept bodies is of the same digests.
    if (x.use_ == body_use::keep) {
        x.text_ = options_.etag == etag_kind::md5 ? to_hex(value(digest_kind::md5))
                                                  : to_hex(value(digest_kind::fast)) + "-1";
    }
    return true;
}

std::string service::etag_of(exchange& x) const {
    return std::exchange(x.text_, {});
}

std::string service::etag_of(const body& content) const {
    const bool md5 = options_.etag == etag_kind::md5;
    const digest_kind kind = md5 ? digest_kind::md5 : digest_kind::fast;
    content_digests digests;
    digests.enable(kind);
    for (const slice& s : content.slices)
        digests.update(s.data, s.size);
    return to_hex(digests.finish(kind)) + (md5 ? "" : "-1");
}

void service::finish(exchange& x) {
    if (x.answered) return;
    if (!check_body(x)) return;
    (this->*x.run_)(x);
    x.answered = true;
}

}  // namespace chopsticks::endpoint
