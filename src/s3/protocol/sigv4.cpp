#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/sigv4.hpp>
#include <utility>

#include "text.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view terminator = "aws4_request";

error_code bad_text() {
    return make_error_code(boost::system::errc::invalid_argument);
}
error_code bad_header() {
    return make_error_code(boost::system::errc::bad_message);
}

std::string encode(std::string_view raw) {
    return http::percent_encode(raw, http::slash::encode);
}

/// Trimmed, with every run of white space inside as one space.
void append_folded(std::string& out, std::string_view value) {
    bool gap = false;
    bool first = true;
    for (const char c : value) {
        if (c == ' ' || c == '\t') {
            gap = true;
            continue;
        }
        if (gap && !first) out += ' ';
        gap = false;
        first = false;
        out += c;
    }
}

std::string join(std::span<const std::string> names) {
    std::string out;
    for (const std::string& name : names) {
        if (!out.empty()) out += ';';
        out += name;
    }
    return out;
}

std::string credential(const credentials& who, std::string_view scope) {
    return who.access_key + "/" + std::string(scope);
}

}  // namespace

std::string canonical_query(std::span<const name_value> query) {
    std::vector<std::pair<std::string, std::string>> encoded;
    encoded.reserve(query.size());
    for (const name_value& parameter : query) {
        encoded.emplace_back(encode(parameter.name), encode(parameter.value));
    }
    std::sort(encoded.begin(), encoded.end());
    std::string out;
    for (const auto& [name, value] : encoded) {
        if (!out.empty()) out += '&';
        out += name;
        out += '=';
        out += value;
    }
    return out;
}

std::string canonical_request(std::string_view method, std::string_view raw_path,
                              std::span<const name_value> query,
                              std::span<const name_value> headers,
                              std::span<const std::string> signed_headers,
                              std::string_view payload_hash) {
    std::string out;
    out.reserve(512);
    out += method;
    out += '\n';
    out += http::percent_encode(raw_path, http::slash::keep);
    out += '\n';
    out += canonical_query(query);
    out += '\n';
    for (const std::string& name : signed_headers) {
        out += name;
        out += ':';
        bool first = true;
        for (const name_value& header : headers) {
            if (!same_name(header.name, name)) continue;
            if (!first) out += ',';
            first = false;
            append_folded(out, header.value);
        }
        out += '\n';
    }
    out += '\n';
    out += join(signed_headers);
    out += '\n';
    out += payload_hash;
    return out;
}

std::string credential_scope(std::string_view date, std::string_view region,
                             std::string_view service) {
    std::string out;
    for (const std::string_view part : {date, region, service}) {
        out += part;
        out += '/';
    }
    out += terminator;
    return out;
}

std::string string_to_sign(std::string_view amz_date, std::string_view scope,
                           std::string_view canonical_request) {
    std::string out(algorithm);
    for (const std::string_view line : {amz_date, scope}) {
        out += '\n';
        out += line;
    }
    out += '\n';
    out += sha256_hex(canonical_request);
    return out;
}

sha256_digest signing_key(std::string_view secret_key, std::string_view date,
                          std::string_view region, std::string_view service) {
    sha256_digest key = hmac_sha256_key("AWS4" + std::string(secret_key)).sign(date);
    for (const std::string_view part : {region, service, terminator}) {
        key = hmac_sha256_key(as_text(key)).sign(part);
    }
    return key;
}

std::string signature(const sha256_digest& signing_key, std::string_view string_to_sign) {
    return to_hex(hmac_sha256_key(as_text(signing_key)).sign(string_to_sign));
}

void write_amz_date(std::int64_t wall_s, char* out) noexcept {
    const civil_time t = to_civil(wall_s);
    const auto two = [&out](int value) {
        *out++ = static_cast<char>('0' + value / 10 % 10);
        *out++ = static_cast<char>('0' + value % 10);
    };
    two(t.year / 100);
    two(t.year % 100);
    two(t.month);
    two(t.day);
    *out++ = 'T';
    two(t.hour);
    two(t.minute);
    two(t.second);
    *out = 'Z';
}

std::string amz_date(std::int64_t wall_s) {
    std::string out(16, '\0');
    write_amz_date(wall_s, out.data());
    return out;
}

result<std::int64_t> parse_amz_date(std::string_view text) {
    if (text.size() != 16) return bad_text();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (i == 8 ? text[i] != 'T' : i == 15 ? text[i] != 'Z' : !digit) return bad_text();
    }
    const auto two = [text](std::size_t at) {
        return (text[at] - '0') * 10 + (text[at + 1] - '0');
    };
    civil_time t;
    t.year = two(0) * 100 + two(2);
    t.month = two(4);
    t.day = two(6);
    t.hour = two(9);
    t.minute = two(11);
    t.second = two(13);
    if (t.month < 1 || t.month > 12) return bad_text();
    const std::int64_t seconds = from_civil(t);
    // Whatever is no date of the calendar comes back as another one.
    if (amz_date(seconds) != text) return bad_text();
    return seconds;
}

result<std::vector<name_value>> parse_query(std::string_view query) {
    std::vector<name_value> out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (part.empty()) continue;
        const std::size_t equals = std::min(part.find('='), part.size());
        auto name = http::percent_decode(part.substr(0, equals), http::plus::space);
        if (!name) return name.error();
        auto value =
            http::percent_decode(part.substr(std::min(equals + 1, part.size())), http::plus::space);
        if (!value) return value.error();
        out.push_back({std::move(*name), std::move(*value)});
    }
    return out;
}

bool parse_credential(std::string_view text, authorization& out) {
    // From the right, because access keys of some services hold slashes.
    std::string_view parts[4];
    for (int i = 3; i >= 0; --i) {
        const std::size_t slash = text.rfind('/');
        if (slash == std::string_view::npos) return false;
        parts[i] = text.substr(slash + 1);
        text = text.substr(0, slash);
    }
    if (text.empty() || parts[0].size() != 8 || parts[3] != terminator) return false;
    out.access_key = text;
    out.date = parts[0];
    out.region = parts[1];
    out.service = parts[2];
    return true;
}

bool parse_signed_headers(std::string_view text, authorization& out) {
    out.signed_headers.clear();
    for (;;) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view name = text.substr(0, end);
        // Lower case and in order: what is signed has one spelling only.
        if (name.empty() || lower(name) != name) return false;
        if (!out.signed_headers.empty() && !(out.signed_headers.back() < name)) return false;
        out.signed_headers.emplace_back(name);
        if (end == text.size()) return true;
        text.remove_prefix(end + 1);
    }
}

bool is_hex_digest(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

result<authorization> parse_authorization(std::string_view header) {
    header = trimmed(header);
    if (!header.starts_with(algorithm)) return bad_header();
    header.remove_prefix(algorithm.size());
    if (header.empty() || (header.front() != ' ' && header.front() != '\t')) return bad_header();
    authorization out;
    bool seen[3] = {};
    while (!header.empty()) {
        const std::size_t comma = std::min(header.find(','), header.size());
        const std::string_view part = trimmed(header.substr(0, comma));
        header.remove_prefix(std::min(comma + 1, header.size()));
        const std::size_t equals = std::min(part.find('='), part.size());
        const std::string_view name = part.substr(0, equals);
        const std::string_view value = part.substr(std::min(equals + 1, part.size()));
        const int which = name == "Credential"      ? 0
                          : name == "SignedHeaders" ? 1
                          : name == "Signature"     ? 2
                                                    : -1;
        if (which < 0 || std::exchange(seen[which], true)) return bad_header();
        if (which == 0 && !parse_credential(value, out)) return bad_header();
        if (which == 1 && !parse_signed_headers(value, out)) return bad_header();
        if (which == 2) {
            if (!is_hex_digest(value)) return bad_header();
            out.signature = value;
        }
    }
    if (!seen[0] || !seen[1] || !seen[2]) return bad_header();
    return out;
}

std::string authorization_header(const credentials& who, std::string_view region,
                                 std::string_view method, std::string_view raw_path,
                                 std::span<const name_value> query,
                                 std::span<const name_value> headers, std::string_view payload_hash,
                                 std::vector<std::string> signed_headers) {
    std::string date;
    const bool all = signed_headers.empty();
    for (const name_value& header : headers) {
        if (same_name(header.name, "x-amz-date")) date = header.value;
        if (all) signed_headers.push_back(lower(header.name));
    }
    std::sort(signed_headers.begin(), signed_headers.end());
    signed_headers.erase(std::unique(signed_headers.begin(), signed_headers.end()),
                         signed_headers.end());
    const std::string day = date.substr(0, 8);
    const std::string scope = credential_scope(day, region);
    const std::string request =
        canonical_request(method, raw_path, query, headers, signed_headers, payload_hash);
    const std::string signed_text = string_to_sign(date, scope, request);
    return std::string(algorithm) + " Credential=" + credential(who, scope) +
           ", SignedHeaders=" + join(signed_headers) +
           ", Signature=" + signature(signing_key(who.secret_key, day, region), signed_text);
}

std::string presigned_query(const credentials& who, std::string_view region,
                            std::string_view method, std::string_view host,
                            std::string_view raw_path, std::span<const name_value> query,
                            std::int64_t wall_s, std::int64_t expires_s) {
    const std::string date = amz_date(wall_s);
    const std::string day = date.substr(0, 8);
    const std::string scope = credential_scope(day, region);
    std::vector<name_value> all(query.begin(), query.end());
    all.push_back({"X-Amz-Algorithm", std::string(algorithm)});
    all.push_back({"X-Amz-Credential", credential(who, scope)});
    all.push_back({"X-Amz-Date", date});
    all.push_back({"X-Amz-Expires", std::to_string(expires_s)});
    all.push_back({"X-Amz-SignedHeaders", "host"});
    if (!who.session_token.empty()) all.push_back({"X-Amz-Security-Token", who.session_token});
    const std::vector<name_value> headers{{"host", std::string(host)}};
    const std::vector<std::string> signed_headers{"host"};
    const std::string request =
        canonical_request(method, raw_path, all, headers, signed_headers, payload_hash_unsigned);
    const std::string signed_text = string_to_sign(date, scope, request);
    return canonical_query(all) +
           "&X-Amz-Signature=" + signature(signing_key(who.secret_key, day, region), signed_text);
}

}  // namespace chopsticks::s3
