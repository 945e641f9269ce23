#pragma once
/// \file
/// Operations to bytes: complete, signed heads of S3 requests.

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/signer.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

enum class addressing : std::uint8_t {
    path,          ///< http://host/bucket/key
    virtual_host,  ///< http://bucket.host/key
};

/// Whether the signature covers the body. UNSIGNED-PAYLOAD is accepted over http and https by Ceph
/// RGW, MinIO and the others; AWS itself accepts it over https only.
enum class payload_mode : std::uint8_t { unsigned_payload, hashed };

struct request_options {
    credentials who;
    std::string region = "us-east-1";
    std::string host;  ///< as the Host field has it: with the port unless it is the scheme's
    std::string bucket;
    addressing style = addressing::path;
    payload_mode payload = payload_mode::unsigned_payload;
    std::string key_prefix;  ///< raw UTF-8; encoded once
    /// made_bucket_stem(): of the buckets that are made beside `bucket`. Empty: none will be.
    std::string bucket_stem;
};

/// Head and body of a request whose body this library knows.
struct whole_request {
    std::string_view head;
    std::string_view body;
};

/// Renders requests. One object per core, group and endpoint; not thread-safe. What a call returns
/// is valid until the next call on the same object, and holds a signature, so it belongs in no log.
/// `wall_s` is the time of the signature in seconds since the epoch.
///
/// Everything but request() neither allocates nor throws: heads of the operations on objects, and
/// their canonical requests, are prepared with the writer; a call patches key, date and hash in
/// both, signs, and writes the unsigned fields of variable length (Range, Content-Length, Expect)
/// behind the signature, where they move nothing. Signed are host, x-amz-content-sha256, x-amz-date
/// and x-amz-security-token.
class request_writer {
  public:
    /// Longest continuation token list() takes, before encoding.
    static constexpr std::size_t max_token_bytes = 2048;

    /// No number: the bucket of the options itself.
    static constexpr std::optional<std::uint64_t> own_bucket = std::nullopt;

    /// Throws config_error when an option would break the request line or a field (control
    /// characters, spaces in the host, an empty host or bucket, a prefix over 1000 bytes).
    explicit request_writer(const request_options& options);

    std::string_view get(std::uint64_t index, std::int64_t wall_s) noexcept;

    /// Bytes first..last, both included.
    std::string_view get_range(std::uint64_t index, std::uint64_t first, std::uint64_t last,
                               std::int64_t wall_s) noexcept;

    std::string_view head(std::uint64_t index, std::int64_t wall_s) noexcept;

    std::string_view remove(std::uint64_t index, std::int64_t wall_s) noexcept;

    /// `payload_sha256_hex`: 64 hex digits, or empty for UNSIGNED-PAYLOAD.
    std::string_view put(std::uint64_t index, std::uint64_t content_length,
                         std::string_view payload_sha256_hex, bool expect_continue,
                         std::int64_t wall_s) noexcept;

    /// A page of list-objects v2 below the prefix, or of one of its 256 directories. `token`: raw,
    /// from list_scanner; at most max_token_bytes; empty for the first page.
    std::string_view list(std::optional<unsigned> directory, std::uint32_t max_keys,
                          std::string_view token, std::int64_t wall_s) noexcept;

    /// A bucket named by the stem and a number, or the bucket itself. The body is empty in
    /// us-east-1 and names the region elsewhere.
    whole_request create_bucket(std::optional<std::uint64_t> number, std::int64_t wall_s) noexcept;

    std::string_view head_bucket(std::optional<std::uint64_t> number, std::int64_t wall_s) noexcept;

    std::string_view remove_bucket(std::optional<std::uint64_t> number,
                                   std::int64_t wall_s) noexcept;

    /// Any request, for control operations; allocates. `raw_path` is decoded and starts with '/';
    /// in virtual-host style the caller leaves the bucket out of it. `headers` must not hold Host,
    /// Content-Length, the x-amz-* fields named above or Authorization; their x-amz-* fields are
    /// signed. `payload_hash`: 64 hex digits, or empty for UNSIGNED-PAYLOAD (in hashed mode, of the
    /// empty body). `host`: from bucket_host(); empty: of the options' bucket. A Content-Length is
    /// sent when body_length > 0 or the method is PUT or POST.
    std::string_view request(std::string_view method, std::string_view raw_path,
                             std::span<const name_value> query, std::span<const name_value> headers,
                             std::uint64_t body_length, std::string_view payload_hash,
                             std::int64_t wall_s, std::string_view host = {});

    /// The raw path of a key of the bucket for request(): "/bucket/key" or "/key".
    std::string raw_path(std::string_view key) const;

    /// The raw path of another bucket for request(), and the host that goes with it. An empty name
    /// is the service itself.
    std::string bucket_path(std::string_view bucket) const;
    std::string bucket_host(std::string_view bucket) const;

    const request_options& options() const noexcept { return options_; }

  private:
    /// A prepared head with the places that change. Offsets are into `wire` and `canonical`.
    struct prepared {
        std::string wire;
        std::string canonical;
        std::size_t wire_key = 0;
        std::size_t wire_hash = 0;
        std::size_t wire_date = 0;
        std::size_t wire_scope_date = 0;
        std::size_t wire_signature = 0;
        std::size_t wire_tail = 0;
        std::size_t canonical_key = 0;
        std::size_t canonical_hash = 0;   // in the field
        std::size_t canonical_hash2 = 0;  // on the last line
        std::size_t canonical_date = 0;
        std::int64_t stamped_s = -1;
    };

    prepared prepare(std::string_view method, std::string_view hash) const;
    void patch(prepared& p, std::uint64_t index, std::int64_t wall_s) noexcept;
    std::string_view finish(prepared& p, const char* tail_end) noexcept;
    std::string_view plain(prepared& p, std::uint64_t index, std::int64_t wall_s) noexcept;

    /// A target and host that vary in length: everything is written anew.
    struct varying {
        std::string_view method;
        std::string_view host;
        std::string_view path;   // encoded
        std::string_view query;  // canonical
        std::string_view hash;
        std::optional<std::uint64_t> content_length;
    };
    std::string_view compose(const varying& what, std::int64_t wall_s) noexcept;
    std::string_view on_bucket(std::string_view method, std::optional<std::uint64_t> number,
                               std::string_view body_hash,
                               std::optional<std::uint64_t> content_length,
                               std::int64_t wall_s) noexcept;

    request_options options_;
    signer signer_;
    std::string host_;            // as sent, for the bucket itself
    std::string encoded_bucket_;  // as in a path
    std::string encoded_stem_;    // of made buckets, as in a path
    std::string encoded_prefix_;  // as in a path
    std::string query_prefix_;    // as in a query
    std::string create_body_;     // of create_bucket
    std::string create_hash_;
    std::string_view empty_hash_;  // what a request without a body says about it
    std::string_view signed_headers_;
    prepared get_, head_, remove_, put_, put_hashed_;
    std::vector<char> wire_, canonical_, query_, target_;  // room for what varies
    std::string whole_;                                    // of request()
};

}  // namespace chopsticks::s3
