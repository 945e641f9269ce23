#include <charconv>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/http/response_head.hpp>
#include <chopsticks/s3/protocol/sigv4.hpp>

#include "text.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::int64_t max_skew_s = 15 * 60;
constexpr std::int64_t max_expires_s = 7 * 24 * 3600;

const std::string* find(std::span<const name_value> fields, std::string_view name) {
    for (const name_value& field : fields) {
        if (same_name(field.name, name)) return &field.value;
    }
    return nullptr;
}

/// Query parameters keep their case, unlike fields.
const std::string* find_parameter(std::span<const name_value> query, std::string_view name) {
    for (const name_value& parameter : query) {
        if (parameter.name == name) return &parameter.value;
    }
    return nullptr;
}

/// Reads x-amz-content-sha256.
bool read_payload_kind(std::string_view text, payload_kind& out) {
    if (text == payload_hash_unsigned)
        out = payload_kind::unsigned_payload;
    else if (text == payload_hash_streaming_signed)
        out = payload_kind::streaming_signed;
    else if (text == payload_hash_streaming_signed_trailer)
        out = payload_kind::streaming_signed_trailer;
    else if (text == payload_hash_streaming_unsigned_trailer)
        out = payload_kind::streaming_unsigned_trailer;
    else if (is_hex_digest(text))
        out = payload_kind::hashed;
    else
        return false;
    return true;
}

verdict read_header_form(const received_request& request, std::string_view header,
                         verification& out) {
    auto claims = parse_authorization(header);
    if (!claims) return verdict::malformed;
    out.claims = std::move(*claims);
    if (const std::string* date = find(request.headers, "x-amz-date")) {
        out.amz_date = trimmed(*date);
    } else if (const std::string* http_date = find(request.headers, "date")) {
        std::string text(trimmed(*http_date));
        // Botocore writes it as mail does.
        if (text.ends_with(" -0000")) text.replace(text.size() - 5, 5, "GMT");
        const std::int64_t seconds = http::parse_http_date(text);
        if (seconds < 0) return verdict::missing;
        out.amz_date = amz_date(seconds);
    } else {
        return verdict::missing;
    }
    if (const std::string* token = find(request.headers, "x-amz-security-token")) {
        out.session_token = trimmed(*token);
    }
    const std::string* hash = find(request.headers, "x-amz-content-sha256");
    if (hash == nullptr) return verdict::missing_payload_hash;
    out.payload_hash = trimmed(*hash);
    if (!read_payload_kind(out.payload_hash, out.payload)) return verdict::missing_payload_hash;
    return verdict::ok;
}

verdict read_query_form(const received_request& request, std::span<const name_value> query,
                        verification& out, std::int64_t& expires_s) {
    const auto value = [query](std::string_view name) -> std::string_view {
        const std::string* found = find_parameter(query, name);
        return found != nullptr ? std::string_view(*found) : std::string_view();
    };
    if (value("X-Amz-Algorithm") != "AWS4-HMAC-SHA256") return verdict::malformed_query;
    if (!parse_credential(value("X-Amz-Credential"), out.claims)) return verdict::malformed_query;
    if (!parse_signed_headers(value("X-Amz-SignedHeaders"), out.claims)) {
        return verdict::malformed_query;
    }
    out.claims.signature = value("X-Amz-Signature");
    if (!is_hex_digest(out.claims.signature)) return verdict::malformed_query;
    const std::string_view expires = value("X-Amz-Expires");
    const auto parsed = std::from_chars(expires.data(), expires.data() + expires.size(), expires_s);
    if (parsed.ec != std::errc{} || parsed.ptr != expires.data() + expires.size() ||
        expires_s < 1 || expires_s > max_expires_s) {
        return verdict::malformed_query;
    }
    out.presigned = true;
    out.amz_date = value("X-Amz-Date");
    out.session_token = value("X-Amz-Security-Token");
    out.payload_hash = payload_hash_unsigned;
    if (const std::string* hash = find(request.headers, "x-amz-content-sha256")) {
        out.payload_hash = trimmed(*hash);
    } else if (!value("X-Amz-Content-Sha256").empty()) {
        out.payload_hash = value("X-Amz-Content-Sha256");
    }
    if (!read_payload_kind(out.payload_hash, out.payload)) return verdict::malformed_query;
    return verdict::ok;
}

/// What a signature must cover, or a field could be added on the way: the host, and all that S3
/// acts on.
bool all_signed(const received_request& request, const authorization& claims) {
    const auto is_signed = [&claims](const std::string& name) {
        for (const std::string& candidate : claims.signed_headers) {
            if (same_name(candidate, name)) return true;
        }
        return false;
    };
    if (!is_signed("host")) return false;
    for (const name_value& header : request.headers) {
        constexpr std::string_view amz = "x-amz-";
        if (same_name(std::string_view(header.name).substr(0, amz.size()), amz) &&
            !is_signed(header.name)) {
            return false;
        }
    }
    return true;
}

verdict check_time(const verification& v, std::int64_t now_s, std::int64_t expires_s) {
    const auto when = parse_amz_date(v.amz_date);
    const verdict unreadable = v.presigned ? verdict::malformed_query : verdict::malformed;
    if (!when) return unreadable;
    if (v.amz_date.compare(0, 8, v.claims.date) != 0) return unreadable;
    if (*when - now_s > max_skew_s) return verdict::too_skewed;
    if (v.presigned) return now_s - *when > expires_s ? verdict::expired : verdict::ok;
    return now_s - *when > max_skew_s ? verdict::too_skewed : verdict::ok;
}

verdict check(const received_request& request, std::string_view region, std::int64_t now_s,
              const find_signing_key& find_key, verification& out) {
    const std::size_t mark = std::min(request.target.find('?'), request.target.size());
    const auto path = http::percent_decode(request.target.substr(0, mark));
    auto query = parse_query(request.target.substr(std::min(mark + 1, request.target.size())));
    if (!path || !query || !path->starts_with('/')) return verdict::malformed_query;

    const std::string* header = find(request.headers, "authorization");
    std::int64_t expires_s = 0;
    verdict read = verdict::missing;
    if (header != nullptr) {
        read = read_header_form(request, *header, out);
    } else if (find_parameter(*query, "X-Amz-Signature") != nullptr) {
        read = read_query_form(request, *query, out, expires_s);
        std::erase_if(*query, [](const name_value& p) { return p.name == "X-Amz-Signature"; });
    }
    if (read != verdict::ok) return read;

    const verdict time = check_time(out, now_s, expires_s);
    if (time == verdict::malformed || time == verdict::malformed_query) return time;
    if (!out.claims.is_for(region)) return verdict::wrong_region;
    const auto key = find_key(out.claims);
    if (!key) return verdict::unknown_access_key;
    if (time != verdict::ok) return time;
    if (!all_signed(request, out.claims)) return verdict::unsigned_header;

    out.canonical_request = canonical_request(request.method, *path, *query, request.headers,
                                              out.claims.signed_headers, out.payload_hash);
    out.string_to_sign = string_to_sign(out.amz_date, out.claims.scope(), out.canonical_request);
    const std::string expected = signature(*key, out.string_to_sign);
    return equal_constant_time(expected, out.claims.signature) ? verdict::ok : verdict::mismatch;
}

}  // namespace

std::string_view s3_code(verdict v) noexcept {
    switch (v) {
        case verdict::ok:
            return "";
        case verdict::missing:
            return "AccessDenied";
        case verdict::malformed:
            return "AuthorizationHeaderMalformed";
        case verdict::malformed_query:
            return "AuthorizationQueryParametersError";
        case verdict::unknown_access_key:
            return "InvalidAccessKeyId";
        case verdict::wrong_region:
            return "AuthorizationHeaderMalformed";
        case verdict::too_skewed:
            return "RequestTimeTooSkewed";
        case verdict::expired:
            return "AccessDenied";
        case verdict::unsigned_header:
            return "AccessDenied";
        case verdict::missing_payload_hash:
            return "InvalidRequest";
        case verdict::mismatch:
            return "SignatureDoesNotMatch";
    }
    return "AccessDenied";
}

int http_status(verdict v) noexcept {
    switch (v) {
        case verdict::ok:
            return 200;
        case verdict::malformed:
        case verdict::malformed_query:
        case verdict::wrong_region:
        case verdict::missing_payload_hash:
            return 400;
        case verdict::missing:
        case verdict::unknown_access_key:
        case verdict::too_skewed:
        case verdict::expired:
        case verdict::unsigned_header:
        case verdict::mismatch:
            break;
    }
    return 403;
}

verification verify(const received_request& request, std::string_view region, std::int64_t now_s,
                    const find_signing_key& find_key) {
    verification out;
    out.outcome = check(request, region, now_s, find_key, out);
    return out;
}

}  // namespace chopsticks::s3
