#include <algorithm>
#include <charconv>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <cstring>

#include "request_fields.hpp"
#include "text.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::size_t hash_size = 64;
constexpr std::size_t date_size = 8;  // of the scope
constexpr std::size_t max_prefix_bytes = 1000;
// Content-Length, Content-MD5, Expect, a precondition, the row's own fields, and the empty line;
// the room that a number may ask for is more than it takes.
constexpr std::size_t max_tail_size = request_form::most_unsigned + 256;
// Of a head and of its canonical form, what is neither target, query, value nor name of a field.
constexpr std::size_t max_fixed_size = 1280;
constexpr std::string_view blank_hash =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view blank_date = "00000000T000000Z";

[[noreturn]] void refuse(const std::string& what) {
    throw config_error("s3: " + what);
}

bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
    });
}

/// Servers and proxies may resolve these, and the signature would be for another path.
bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view segment = path.substr(0, slash);
        if (segment == "." || segment == "..") return true;
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return false;
}

void check(const request_options& options) {
    if (options.host.empty()) refuse("the endpoint has no host name");
    if (!is_visible(options.host) || options.host.find('/') != std::string::npos) {
        refuse("the endpoint's host name must be visible ASCII without '/'");
    }
    if (options.bucket.empty()) refuse("the bucket has no name");
    if (!is_visible(options.bucket) || options.bucket.find('/') != std::string::npos) {
        refuse("the bucket name must be visible ASCII without '/'");
    }
    const bool dns_name = std::all_of(options.bucket.begin(), options.bucket.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
    if (options.style == addressing::virtual_host && !dns_name) {
        refuse(
            "a bucket in the host name may have a-z, 0-9, '-' and '.' only; use path addressing");
    }
    if (!is_visible(options.bucket_stem) || options.bucket_stem.find('/') != std::string::npos) {
        refuse("the names of made buckets must be visible ASCII without '/'");
    }
    if (options.who.access_key.empty() || options.who.secret_key.empty()) {
        refuse("both an access key and a secret key are needed");
    }
    if (!is_visible(options.who.access_key)) refuse("the access key must be visible ASCII");
    if (!is_visible(options.who.session_token)) refuse("the session token must be visible ASCII");
    if (options.region.empty() || !is_visible(options.region) ||
        options.region.find('/') != std::string::npos) {
        refuse("the region must be visible ASCII without '/'");
    }
    if (options.key_prefix.size() > max_prefix_bytes) {
        refuse("the key prefix is longer than 1000 bytes, and S3 keys end at 1024");
    }
    for (const char c : options.key_prefix) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            refuse("the key prefix holds a control character, which S3 lists cannot show");
        }
    }
    if (has_dot_segment(options.key_prefix)) {
        refuse("the key prefix has a segment '.' or '..', which proxies resolve");
    }
}

/// Whether a body is sent that only the caller knows.
bool sends_own_body(const operation_row& row) noexcept {
    return row.request.sends == request_body::content || row.request.sends == request_body::given;
}

/// Whether that body is signed with its hash.
bool is_hashed(const operation_row& row, const asked& what) noexcept {
    return sends_own_body(row) && row.request.may_sign_body() && !what.payload_hash.empty();
}

/// Puts what is not signed behind the signature.
void write_tail(request_text& to, const operation_row& row, const asked& what,
                std::string_view body, std::uint64_t body_bytes) noexcept {
    const std::string_view method = row.request.method;
    const precondition only_if = row.request.condition_of(what);
    if (only_if != precondition::none) [[unlikely]] {
        write_precondition(to, only_if, what.etag);
    }
    if (row.request.digested) write_body_digest(to, body);
    if (row.request.sends != request_body::none || method == "PUT" || method == "POST") {
        to << "Content-Length: " << body_bytes << "\r\n";
        if (row.request.sends == request_body::content && what.expects_continue) {
            to << "Expect: 100-continue\r\n";
        }
    }
    if (row.request.write_fields != nullptr) row.request.write_fields(to, what);
    to << "\r\n";
}

}  // namespace

request_writer::request_writer(const request_options& options)
    : request_writer(options, all_rows()) {}

request_writer::request_writer(const request_options& options, std::span<const operation_row> rows)
    : options_((check(options), options)),
      signer_(options.who, options.region),
      host_(options.style == addressing::path ? options.host : options.bucket + "." + options.host),
      encoded_bucket_(http::percent_encode(options.bucket, http::slash::encode)),
      encoded_stem_(http::percent_encode(options.bucket_stem, http::slash::encode)),
      encoded_prefix_(http::percent_encode(options.key_prefix, http::slash::keep)),
      query_prefix_(http::percent_encode(options.key_prefix, http::slash::encode)),
      customer_key_(derive_customer_key(options.who.secret_key)),
      empty_hash_(options.payload == payload_mode::hashed ? empty_sha256_hex
                                                          : payload_hash_unsigned),
      rows_(rows) {
    std::size_t longest = 0;
    for (const operation_row& row : rows) {
        forms_.push_back(make_form(row));
        longest = std::max(longest, forms_.back().all_names_size);
    }
    target_.resize(host_.size() + 2 * encoded_bucket_.size() + 2 * encoded_stem_.size() +
                   encoded_prefix_.size() + options.who.access_key.size() + options.region.size() +
                   64);
    query_.resize(max_query_bytes + 3 * options.who.session_token.size() +
                  3 * options.who.access_key.size() + 3 * options.region.size() + 512);
    values_.resize(request_form::most_fields * max_value_bytes);
    const std::size_t most = target_.size() + query_.size() + values_.size() + longest +
                             3 * options.who.session_token.size() +
                             3 * options.who.access_key.size() + options.region.size() +
                             max_tail_size + max_fixed_size;
    wire_.resize(most);
    canonical_.resize(most);
}

request_writer::form request_writer::make_form(const operation_row& row) const {
    using kind = form::field_kind;
    form out;
    out.fields = {{kind::host, {.name = "host"}},
                  {kind::hash, {.name = "x-amz-content-sha256"}},
                  {kind::date, {.name = "x-amz-date"}}};
    if (!options_.who.session_token.empty()) {
        out.fields.push_back({kind::token, {.name = "x-amz-security-token"}});
    }
    for (const signed_field& field : row.request.fields) {
        if (!field.name.empty()) out.fields.push_back({kind::of_row, field});
    }
    // All else that is signed stands in the query, or in a policy.
    if (!row.request.may_sign_body()) {
        const bool is_posted = row.request.is_posted();
        std::erase_if(out.fields, [is_posted](const auto& placed) {
            return placed.kind != kind::of_row && (is_posted || placed.kind != kind::host);
        });
    }
    std::sort(out.fields.begin(), out.fields.end(),
              [](const auto& a, const auto& b) { return a.field.name < b.field.name; });
    for (const auto& placed : out.fields) {
        out.all_names_size += placed.field.name.size() + 1;
        if (placed.field.may_be_absent) continue;
        if (!out.signed_names.empty()) out.signed_names += ';';
        out.signed_names += placed.field.name;
    }
    if (row.request.body != nullptr) out.body = row.request.body(options_);
    out.hash = empty_hash_;
    if (sends_own_body(row) || row.request.presigned) out.hash = payload_hash_unsigned;
    if (!out.body.empty() && options_.payload == payload_mode::hashed) {
        out.hash = sha256_hex(out.body);
    }
    if (!row.request.is_prepared()) return out;
    out.plain = prepare(row, out, out.hash);
    if (sends_own_body(row)) out.hashed = prepare(row, out, blank_hash);
    return out;
}

request_writer::prepared request_writer::prepare(const operation_row& row, const form& of,
                                                 std::string_view hash) const {
    using kind = form::field_kind;
    prepared p;
    const auto note = [](const std::string& text, std::size_t& at, std::string_view placeholder) {
        at = text.size();
        return placeholder;
    };
    constexpr std::string_view blank_key = "00/0000000000000000";
    static_assert(blank_key.size() == key_suffix_size);
    const std::string_view method = row.request.method;
    const std::string_view query = row.request.query;
    std::string path = "/";
    if (options_.style == addressing::path) path += encoded_bucket_ + "/";
    path += encoded_prefix_;

    std::string& wire = p.wire;
    wire.append(method).append(" ").append(path);
    wire.append(note(wire, p.wire_key, blank_key));
    if (!query.empty()) wire.append("?").append(query);
    wire.append(" HTTP/1.1\r\nHost: ").append(host_).append("\r\n").append(user_agent);
    std::string& canonical = p.canonical;
    canonical.append(method).append("\n").append(path);
    canonical.append(note(canonical, p.canonical_key, blank_key)).append("\n");
    canonical.append(query).append("\n");

    const auto place = [&](std::string_view name, std::string_view value, std::size_t& wire_at,
                           std::size_t& canonical_at) {
        wire.append(name).append(": ").append(note(wire, wire_at, value)).append("\r\n");
        canonical.append(name).append(":").append(note(canonical, canonical_at, value));
        canonical.append("\n");
    };
    std::size_t nowhere = 0;
    for (const auto& [what, field] : of.fields) {
        switch (what) {
            case kind::host:
                canonical.append("host:").append(host_).append("\n");
                break;
            case kind::hash:
                place(field.name, hash, p.wire_hash, p.canonical_hash);
                break;
            case kind::date:
                place(field.name, blank_date, p.wire_date, p.canonical_date);
                break;
            case kind::token:
                place(field.name, options_.who.session_token, nowhere, nowhere);
                break;
            case kind::of_row:
                if (!field.may_be_absent) place(field.name, field.value, nowhere, nowhere);
                break;
        }
    }
    canonical.append("\n").append(of.signed_names).append("\n");
    canonical.append(note(canonical, p.canonical_hash2, hash));
    wire.append("Authorization: AWS4-HMAC-SHA256 Credential=").append(options_.who.access_key);
    wire.append("/");
    wire.append(note(wire, p.wire_scope_date, signer_.scope())).append(", SignedHeaders=");
    wire.append(of.signed_names).append(", Signature=");
    wire.append(note(wire, p.wire_signature, blank_hash)).append("\r\n");
    p.wire_tail = wire.size();
    wire.append(max_tail_size, '\0');
    return p;
}

whole_request request_writer::write(const operation_row& row, const asked& what,
                                    std::int64_t wall_s) noexcept {
    const auto number = static_cast<std::size_t>(&row - rows_.data());
    CHOPSTICKS_ASSERT(number < forms_.size());
    form& of = forms_[number];
    CHOPSTICKS_ASSERT(what.payload_hash.empty() || what.payload_hash.size() == hash_size);
    if (row.request.is_posted()) return posted(of, what, wall_s);
    const bool is_given = row.request.sends == request_body::given;
    const std::string_view body = is_given ? what.body : std::string_view(of.body);
    const std::uint64_t body_bytes =
        row.request.sends == request_body::content ? what.part_bytes() : body.size();
    if (of.plain.wire.empty() || what.fields != nullptr) {
        return {composed(row, of, what, body, body_bytes, wall_s), body};
    }
    prepared& p = is_hashed(row, what) ? of.hashed : of.plain;
    return {patched(p, row, what, body, body_bytes, wall_s), body};
}

std::string_view request_writer::patched(prepared& p, const operation_row& row, const asked& what,
                                         std::string_view body, std::uint64_t body_bytes,
                                         std::int64_t wall_s) noexcept {
    signer_.set_time(wall_s);
    if (p.stamped_s != wall_s) {
        p.stamped_s = wall_s;
        const char* const date = signer_.amz_date().data();
        std::memcpy(p.wire.data() + p.wire_date, date, signer::amz_date_size);
        std::memcpy(p.wire.data() + p.wire_scope_date, date, date_size);
        std::memcpy(p.canonical.data() + p.canonical_date, date, signer::amz_date_size);
    }
    char* const key = p.wire.data() + p.wire_key;
    write_key_suffix(what.object, key);
    std::memcpy(p.canonical.data() + p.canonical_key, key, key_suffix_size);
    if (is_hashed(row, what)) {
        const char* const hash = what.payload_hash.data();
        std::memcpy(p.wire.data() + p.wire_hash, hash, hash_size);
        std::memcpy(p.canonical.data() + p.canonical_hash, hash, hash_size);
        std::memcpy(p.canonical.data() + p.canonical_hash2, hash, hash_size);
    }
    char* const tail = p.wire.data() + p.wire_tail;
    request_text out(tail, tail + max_tail_size);
    write_tail(out, row, what, body, body_bytes);
    signer_.sign(p.canonical, p.wire.data() + p.wire_signature);
    return {p.wire.data(), static_cast<std::size_t>(out.at() - p.wire.data())};
}

request_writer::written_fields request_writer::write_fields(const form& of, const asked& what,
                                                            std::string_view host,
                                                            std::string_view hash) noexcept {
    using kind = form::field_kind;
    const request_place place{encoded_bucket_, encoded_prefix_, customer_key_.key,
                              customer_key_.md5};
    char* room = values_.data();
    written_fields out;
    for (const auto& [is, field] : of.fields) {
        if (field.may_be_absent && what.fields == nullptr) continue;
        std::string_view value = field.value;
        if (is == kind::host) value = host;
        if (is == kind::hash) value = hash;
        if (is == kind::date) value = signer_.amz_date();
        if (is == kind::token) value = options_.who.session_token;
        if (field.write != nullptr) {
            request_text to(room, room + max_value_bytes);
            field.write(to, what, place);
            value = to.text();
            room = to.at();
            if (value.empty() && field.may_be_absent) continue;
        }
        out.names[out.count] = field.name;
        out.values[out.count++] = value;
    }
    return out;
}

std::string_view request_writer::composed(const operation_row& row, const form& of,
                                          const asked& what, std::string_view body,
                                          std::uint64_t body_bytes, std::int64_t wall_s) noexcept {
    signer_.set_time(wall_s);
    char written[bucket_number_size];
    std::string_view digits;
    const bool is_made = row.request.target == request_target::made_bucket;
    if (is_made) {
        CHOPSTICKS_ASSERT(!options_.bucket_stem.empty());
        const char* const end =
            std::to_chars(written, written + sizeof written, what.object, 36).ptr;
        digits = {written, static_cast<std::size_t>(end - written)};
    }
    const bool is_service = row.request.target == request_target::service;
    request_text path(target_);
    path << "/";
    if (options_.style == addressing::path && !is_service) {
        path << (is_made ? encoded_stem_ : encoded_bucket_) << digits;
    }
    if (row.request.is_about_object()) {
        if (options_.style == addressing::path) path << "/";
        char key[key_suffix_size];
        write_key_suffix(what.object, key);
        path << encoded_prefix_ << std::string_view(key, sizeof key);
        if (row.request.target == request_target::aside) path << aside_suffix;
    }
    std::string_view host = is_service ? options_.host : host_;
    request_text longer(path.at(), path.end());
    if (options_.style == addressing::virtual_host && is_made) {
        longer << options_.bucket_stem << digits << "." << options_.host;
        host = longer.text();
    }
    const std::string_view hash =
        is_hashed(row, what) ? what.payload_hash : std::string_view(of.hash);

    const written_fields fields = write_fields(of, what, host, hash);
    const auto names = [&](request_text& to, std::string_view between) {
        for (std::size_t i = 0; i < fields.count; ++i)
            to << (i > 0 ? between : std::string_view()) << fields.names[i];
    };

    request_text query(query_);
    query << row.request.query;
    if (row.request.write_query != nullptr) row.request.write_query(query, what, query_prefix_);
    if (row.request.presigned) {
        write_presigned_query(query);
        names(query, "%3B");
    }
    request_text wire(wire_);
    request_text canonical(canonical_);
    wire << row.request.method << " " << path.text();
    if (!query.text().empty()) wire << "?" << query.text();
    char* signature = nullptr;
    if (row.request.presigned) {
        wire << "&X-Amz-Signature=";
        signature = wire.at();
        wire << blank_hash;
    }
    wire << " HTTP/1.1\r\nHost: " << host << "\r\n" << user_agent;
    canonical << row.request.method << "\n" << path.text() << "\n" << query.text() << "\n";
    for (std::size_t i = 0; i < fields.count; ++i) {
        canonical << fields.names[i] << ":" << fields.values[i] << "\n";
        if (fields.names[i] == "host") continue;
        wire << fields.names[i] << ": " << fields.values[i] << "\r\n";
    }
    canonical << "\n";
    names(canonical, ";");
    canonical << "\n" << hash;
    if (!row.request.presigned) {
        wire << "Authorization: AWS4-HMAC-SHA256 Credential=" << options_.who.access_key << "/"
             << signer_.scope() << ", SignedHeaders=";
        names(wire, ";");
        wire << ", Signature=";
        signature = wire.at();
        wire << blank_hash << "\r\n";
    }
    write_tail(wire, row, what, body, body_bytes);
    signer_.sign(canonical.text(), signature);
    return wire.text();
}

void request_writer::write_presigned_query(request_text& to) const noexcept {
    // In the order of their names, as the canonical form wants them.
    to << "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";
    to.encoded(options_.who.access_key) << "%2F";
    to.encoded(signer_.scope()) << "&X-Amz-Date=" << signer_.amz_date()
                                << "&X-Amz-Expires=" << signed_ahead_s;
    if (!options_.who.session_token.empty()) {
        to << "&X-Amz-Security-Token=";
        to.encoded(options_.who.session_token);
    }
    to << "&X-Amz-SignedHeaders=";
}

std::string request_writer::raw_path(std::string_view key) const {
    std::string path = "/";
    if (options_.style == addressing::path) path += options_.bucket + "/";
    path += key;
    return path;
}

std::string request_writer::bucket_path(std::string_view bucket) const {
    if (options_.style == addressing::virtual_host || bucket.empty()) return "/";
    return "/" + std::string(bucket);
}

std::string request_writer::bucket_host(std::string_view bucket) const {
    if (options_.style == addressing::path || bucket.empty()) return options_.host;
    return std::string(bucket) + "." + options_.host;
}

std::string_view request_writer::request(std::string_view method, std::string_view raw_path,
                                         std::span<const name_value> query,
                                         std::span<const name_value> headers,
                                         std::uint64_t body_length, std::string_view payload_hash,
                                         std::int64_t wall_s, std::string_view host) {
    CHOPSTICKS_ASSERT(raw_path.starts_with('/'));
    const std::string hash(payload_hash.empty() ? empty_hash_ : payload_hash);
    if (host.empty()) host = host_;
    std::vector<name_value> to_sign{{"host", std::string(host)},
                                    {"x-amz-content-sha256", hash},
                                    {"x-amz-date", amz_date(wall_s)}};
    if (!options_.who.session_token.empty()) {
        to_sign.push_back({"x-amz-security-token", options_.who.session_token});
    }
    for (const name_value& header : headers) {
        if (lower(header.name).starts_with("x-amz-")) to_sign.push_back(header);
    }
    const std::string authorization =
        authorization_header(options_.who, options_.region, method, raw_path, query, to_sign, hash);
    const std::string query_text = canonical_query(query);

    std::string& out = whole_;
    out.clear();
    out.append(method).append(" ").append(http::percent_encode(raw_path, http::slash::keep));
    if (!query_text.empty()) out.append("?").append(query_text);
    out.append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n").append(user_agent);
    const auto field = [&out](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    for (std::size_t i = 1; i < to_sign.size(); ++i)
        field(to_sign[i].name, to_sign[i].value);
    for (const name_value& header : headers) {
        if (!lower(header.name).starts_with("x-amz-")) field(header.name, header.value);
    }
    field("Authorization", authorization);
    if (body_length > 0 || method == "PUT" || method == "POST") {
        field("Content-Length", std::to_string(body_length));
    }
    out.append("\r\n");
    return out;
}

}  // namespace chopsticks::s3
