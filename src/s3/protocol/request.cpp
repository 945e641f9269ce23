#include <algorithm>
#include <charconv>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstring>

#include "text.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::size_t hash_size = 64;
constexpr std::size_t date_size = 8;  // of the scope
constexpr std::size_t max_prefix_bytes = 1000;
constexpr std::size_t max_number_size = 20;
// "Range: bytes=<20>-<20>", "Content-Length: <20>", "Expect: 100-continue", and the empty line.
constexpr std::size_t max_tail_size = 192;
constexpr std::string_view user_agent = "User-Agent: chopsticks/" CHOPSTICKS_VERSION "\r\n";
constexpr std::string_view signed_headers = "host;x-amz-content-sha256;x-amz-date";
constexpr std::string_view signed_headers_token =
    "host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
constexpr std::string_view blank_hash =
    "0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view blank_date = "00000000T000000Z";

/// Writes one text after the other into room that was made for the longest there can be.
class writer {
  public:
    writer(char* at, const char* end) noexcept : begin_(at), at_(at), end_(end) {}
    explicit writer(std::vector<char>& room) noexcept
        : writer(room.data(), room.data() + room.size()) {}

    writer& operator<<(std::string_view text) noexcept {
        CHOPSTICKS_ASSERT(text.size() <= static_cast<std::size_t>(end_ - at_));
        if (!text.empty()) std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }
    writer& operator<<(std::uint64_t number) noexcept {
        CHOPSTICKS_ASSERT(end_ - at_ >= static_cast<std::ptrdiff_t>(max_number_size));
        at_ = std::to_chars(at_, at_ + max_number_size, number).ptr;
        return *this;
    }
    writer& encoded(std::string_view raw) noexcept {
        CHOPSTICKS_ASSERT(3 * raw.size() <= static_cast<std::size_t>(end_ - at_));
        at_ = http::percent_encode_to(at_, raw, http::slash::encode);
        return *this;
    }

    char* at() const noexcept { return at_; }
    std::string_view text() const noexcept {
        return {begin_, static_cast<std::size_t>(at_ - begin_)};
    }

  private:
    char* begin_;
    char* at_;
    const char* end_;
};

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

std::string creation_body(std::string_view region) {
    if (region == "us-east-1") return {};
    return "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<LocationConstraint>" +
           xml_escape(region) + "</LocationConstraint></CreateBucketConfiguration>";
}

}  // namespace

request_writer::request_writer(const request_options& options)
    : options_((check(options), options)),
      signer_(options.who, options.region),
      host_(options.style == addressing::path ? options.host : options.bucket + "." + options.host),
      encoded_bucket_(http::percent_encode(options.bucket, http::slash::encode)),
      encoded_stem_(http::percent_encode(options.bucket_stem, http::slash::encode)),
      encoded_prefix_(http::percent_encode(options.key_prefix, http::slash::keep)),
      query_prefix_(http::percent_encode(options.key_prefix, http::slash::encode)),
      create_body_(creation_body(options.region)),
      create_hash_(options.payload == payload_mode::hashed ? sha256_hex(create_body_)
                                                           : std::string(payload_hash_unsigned)),
      empty_hash_(options.payload == payload_mode::hashed ? empty_sha256_hex
                                                          : payload_hash_unsigned),
      signed_headers_(options.who.session_token.empty() ? signed_headers : signed_headers_token),
      get_(prepare("GET", empty_hash_)),
      head_(prepare("HEAD", empty_hash_)),
      remove_(prepare("DELETE", empty_hash_)),
      put_(prepare("PUT", payload_hash_unsigned)),
      put_hashed_(prepare("PUT", blank_hash)) {
    target_.resize(host_.size() + 2 * encoded_bucket_.size() + 2 * encoded_stem_.size() + 64);
    query_.resize(3 * max_token_bytes + query_prefix_.size() + 256);
    wire_.resize(get_.wire.size() + query_.size() + 2 * target_.size() + 256);
    canonical_.resize(get_.canonical.size() + query_.size() + 2 * target_.size() + 256);
}

request_writer::prepared request_writer::prepare(std::string_view method,
                                                 std::string_view hash) const {
    const std::string& token = options_.who.session_token;
    prepared p;
    const auto note = [](const std::string& text, std::size_t& at, std::string_view placeholder) {
        at = text.size();
        return placeholder;
    };
    constexpr std::string_view blank_key = "00/0000000000000000";
    static_assert(blank_key.size() == key_suffix_size);
    std::string path = "/";
    if (options_.style == addressing::path) path += encoded_bucket_ + "/";
    path += encoded_prefix_;

    std::string& wire = p.wire;
    wire.append(method).append(" ").append(path);
    wire.append(note(wire, p.wire_key, blank_key)).append(" HTTP/1.1\r\nHost: ").append(host_);
    wire.append("\r\n").append(user_agent).append("x-amz-content-sha256: ");
    wire.append(note(wire, p.wire_hash, hash)).append("\r\nx-amz-date: ");
    wire.append(note(wire, p.wire_date, blank_date)).append("\r\n");
    if (!token.empty()) wire.append("x-amz-security-token: ").append(token).append("\r\n");
    wire.append("Authorization: AWS4-HMAC-SHA256 Credential=").append(options_.who.access_key);
    wire.append("/");
    wire.append(note(wire, p.wire_scope_date, signer_.scope())).append(", SignedHeaders=");
    wire.append(signed_headers_).append(", Signature=");
    wire.append(note(wire, p.wire_signature, blank_hash)).append("\r\n");
    p.wire_tail = wire.size();
    wire.append(max_tail_size, '\0');

    std::string& canonical = p.canonical;
    canonical.append(method).append("\n").append(path);
    canonical.append(note(canonical, p.canonical_key, blank_key)).append("\n\nhost:");
    canonical.append(host_).append("\nx-amz-content-sha256:");
    canonical.append(note(canonical, p.canonical_hash, hash)).append("\nx-amz-date:");
    canonical.append(note(canonical, p.canonical_date, blank_date)).append("\n");
    if (!token.empty()) canonical.append("x-amz-security-token:").append(token).append("\n");
    canonical.append("\n").append(signed_headers_).append("\n");
    canonical.append(note(canonical, p.canonical_hash2, hash));
    return p;
}

void request_writer::patch(prepared& p, std::uint64_t index, std::int64_t wall_s) noexcept {
    signer_.set_time(wall_s);
    if (p.stamped_s != wall_s) {
        p.stamped_s = wall_s;
        const char* const date = signer_.amz_date().data();
        std::memcpy(p.wire.data() + p.wire_date, date, signer::amz_date_size);
        std::memcpy(p.wire.data() + p.wire_scope_date, date, date_size);
        std::memcpy(p.canonical.data() + p.canonical_date, date, signer::amz_date_size);
    }
    char* const key = p.wire.data() + p.wire_key;
    write_key_suffix(index, key);
    std::memcpy(p.canonical.data() + p.canonical_key, key, key_suffix_size);
}

std::string_view request_writer::finish(prepared& p, const char* tail_end) noexcept {
    signer_.sign(p.canonical, p.wire.data() + p.wire_signature);
    return {p.wire.data(), static_cast<std::size_t>(tail_end - p.wire.data())};
}

std::string_view request_writer::plain(prepared& p, std::uint64_t index,
                                       std::int64_t wall_s) noexcept {
    patch(p, index, wall_s);
    char* const tail = p.wire.data() + p.wire_tail;
    std::memcpy(tail, "\r\n", 2);
    return finish(p, tail + 2);
}

std::string_view request_writer::get(std::uint64_t index, std::int64_t wall_s) noexcept {
    return plain(get_, index, wall_s);
}

std::string_view request_writer::head(std::uint64_t index, std::int64_t wall_s) noexcept {
    return plain(head_, index, wall_s);
}

std::string_view request_writer::remove(std::uint64_t index, std::int64_t wall_s) noexcept {
    return plain(remove_, index, wall_s);
}

std::string_view request_writer::get_range(std::uint64_t index, std::uint64_t first,
                                           std::uint64_t last, std::int64_t wall_s) noexcept {
    CHOPSTICKS_ASSERT(first <= last);
    patch(get_, index, wall_s);
    char* const tail = get_.wire.data() + get_.wire_tail;
    writer out(tail, tail + max_tail_size);
    out << "Range: bytes=" << first << "-" << last << "\r\n\r\n";
    return finish(get_, out.at());
}

std::string_view request_writer::put(std::uint64_t index, std::uint64_t content_length,
                                     std::string_view payload_sha256_hex, bool expect_continue,
                                     std::int64_t wall_s) noexcept {
    CHOPSTICKS_ASSERT(payload_sha256_hex.empty() || payload_sha256_hex.size() == hash_size);
    prepared& p = payload_sha256_hex.empty() ? put_ : put_hashed_;
    patch(p, index, wall_s);
    if (!payload_sha256_hex.empty()) {
        const char* const hash = payload_sha256_hex.data();
        std::memcpy(p.wire.data() + p.wire_hash, hash, hash_size);
        std::memcpy(p.canonical.data() + p.canonical_hash, hash, hash_size);
        std::memcpy(p.canonical.data() + p.canonical_hash2, hash, hash_size);
    }
    char* const tail = p.wire.data() + p.wire_tail;
    writer out(tail, tail + max_tail_size);
    out << "Content-Length: " << content_length << "\r\n";
    if (expect_continue) out << "Expect: 100-continue\r\n";
    out << "\r\n";
    return finish(p, out.at());
}

std::string_view request_writer::compose(const varying& what, std::int64_t wall_s) noexcept {
    signer_.set_time(wall_s);
    const std::string& token = options_.who.session_token;
    writer canonical(canonical_);
    canonical << what.method << "\n"
              << what.path << "\n"
              << what.query << "\nhost:" << what.host << "\nx-amz-content-sha256:" << what.hash
              << "\nx-amz-date:" << signer_.amz_date() << "\n";
    if (!token.empty()) canonical << "x-amz-security-token:" << token << "\n";
    canonical << "\n" << signed_headers_ << "\n" << what.hash;

    writer wire(wire_);
    wire << what.method << " " << what.path;
    if (!what.query.empty()) wire << "?" << what.query;
    wire << " HTTP/1.1\r\nHost: " << what.host << "\r\n"
         << user_agent << "x-amz-content-sha256: " << what.hash
         << "\r\nx-amz-date: " << signer_.amz_date() << "\r\n";
    if (!token.empty()) wire << "x-amz-security-token: " << token << "\r\n";
    wire << "Authorization: AWS4-HMAC-SHA256 Credential=" << options_.who.access_key << "/"
         << signer_.scope() << ", SignedHeaders=" << signed_headers_ << ", Signature=";
    char* const signature = wire.at();
    wire << blank_hash << "\r\n";
    if (what.content_length) wire << "Content-Length: " << *what.content_length << "\r\n";
    wire << "\r\n";
    signer_.sign(canonical.text(), signature);
    return wire.text();
}

std::string_view request_writer::list(std::optional<unsigned> directory, std::uint32_t max_keys,
                                      std::string_view token, std::int64_t wall_s) noexcept {
    CHOPSTICKS_ASSERT(token.size() <= max_token_bytes);
    CHOPSTICKS_ASSERT(!directory || *directory < 256);
    // In the order of their names, as the canonical form wants them.
    writer query(query_);
    if (!token.empty()) {
        query << "continuation-token=";
        query.encoded(token) << "&";
    }
    query << "list-type=2&max-keys=" << std::uint64_t{max_keys} << "&prefix=" << query_prefix_;
    if (directory) {
        const char name[] = {hex_digits[*directory >> 4], hex_digits[*directory & 15]};
        query << std::string_view(name, sizeof name) << "%2F";
    }
    writer path(target_);
    path << "/";
    if (options_.style == addressing::path) path << encoded_bucket_;
    const varying what{"GET", host_, path.text(), query.text(), empty_hash_, std::nullopt};
    return compose(what, wall_s);
}

std::string_view request_writer::on_bucket(std::string_view method,
                                           std::optional<std::uint64_t> number,
                                           std::string_view body_hash,
                                           std::optional<std::uint64_t> content_length,
                                           std::int64_t wall_s) noexcept {
    char written[bucket_number_size];
    std::string_view digits;
    if (number) {
        CHOPSTICKS_ASSERT(!options_.bucket_stem.empty());
        const char* const end = std::to_chars(written, written + sizeof written, *number, 36).ptr;
        digits = {written, static_cast<std::size_t>(end - written)};
    }
    writer path(target_);
    path << "/";
    if (options_.style == addressing::path) {
        if (number) {
            path << encoded_stem_ << digits;
        } else {
            path << encoded_bucket_;
        }
    }
    std::string_view host = host_;
    writer longer(path.at(), target_.data() + target_.size());
    if (options_.style == addressing::virtual_host && number) {
        longer << options_.bucket_stem << digits << "." << options_.host;
        host = longer.text();
    }
    const varying what{method, host, path.text(), {}, body_hash, content_length};
    return compose(what, wall_s);
}

whole_request request_writer::create_bucket(std::optional<std::uint64_t> number,
                                            std::int64_t wall_s) noexcept {
    return {on_bucket("PUT", number, create_hash_, create_body_.size(), wall_s), create_body_};
}

std::string_view request_writer::head_bucket(std::optional<std::uint64_t> number,
                                             std::int64_t wall_s) noexcept {
    return on_bucket("HEAD", number, empty_hash_, std::nullopt, wall_s);
}

std::string_view request_writer::remove_bucket(std::optional<std::uint64_t> number,
                                               std::int64_t wall_s) noexcept {
    return on_bucket("DELETE", number, empty_hash_, std::nullopt, wall_s);
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
