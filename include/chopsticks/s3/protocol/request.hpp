#pragma once
/// \file
/// Operations to bytes: complete, signed heads of S3 requests.

#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/protocol/customer_key.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/request_form.hpp>
#include <chopsticks/s3/protocol/signer.hpp>
#include <cstdint>
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

/// Head and body of a request whose body this library knows. Of a form the body is what comes
/// before the content.
struct whole_request {
    std::string_view head;
    std::string_view body;
    std::string_view tail = {};  ///< behind the content; there as long as the program
};

struct operation_row;

/// Renders requests. One object per core, group and endpoint; not thread-safe. What a call returns
/// is valid until the next call on the same object, and holds a signature, so it belongs in no log.
/// `wall_s` is the time of the signature in seconds since the epoch.
///
/// Heads of the operations on objects, and their canonical requests, are prepared with the writer;
/// a call patches key, date and hash in both, signs, and writes what is not signed (Range,
/// Content-Length, Expect) behind the signature, where it moves nothing. Signed are host,
/// x-amz-content-sha256, x-amz-date, x-amz-security-token, and the fields of the row; of presigned
/// requests host alone. Of a form its policy is signed, which names all fields of the form.
class request_writer {
  public:
    /// Longest continuation token of a listing, before encoding.
    static constexpr std::size_t max_token_bytes = 2048;
    /// Longest query of a row, encoded: of such a token and that of a version, and of the longest
    /// prefix twice. What is signed in the query is not in it.
    static constexpr std::size_t max_query_bytes = 3 * (max_token_bytes + 1024 + 2 * 1000) + 256;
    /// Longest value of a signed field that varies: of a key and its bucket, encoded.
    static constexpr std::size_t max_value_bytes = 4096;

    /// Throws config_error when an option would break the request line or a field (control
    /// characters, spaces in the host, an empty host or bucket, a prefix over 1000 bytes). `rows`
    /// outlive it.
    explicit request_writer(const request_options& options);
    request_writer(const request_options& options, std::span<const operation_row> rows);

    /// Neither allocates nor throws. `row`: one of those that it was made with. In hashed mode
    /// asked::payload_hash is of the content.
    whole_request write(const operation_row& row, const asked& what, std::int64_t wall_s) noexcept;

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

    /// A row's request, and what of it is the same every time.
    struct form {
        enum class field_kind : std::uint8_t { host, hash, date, token, of_row };
        struct placed_field {
            field_kind kind;
            signed_field field;  // a value where it is the same every time
        };
        /// Those that every request has, and the row's.
        static constexpr std::size_t most_fields = 4 + request_form::most_fields;
        std::vector<placed_field> fields;  // all that are signed, in the order of their names
        std::string signed_names;          // of those that are never absent
        std::size_t all_names_size = 0;
        std::string body;        // rendered
        std::string hash;        // of that; of content: as unsigned
        prepared plain, hashed;  // of a row that is prepared; `hashed` is of content
    };

    form make_form(const operation_row& row) const;
    prepared prepare(const operation_row& row, const form& of, std::string_view hash) const;
    std::string_view patched(prepared& p, const operation_row& row, const asked& what,
                             std::string_view body, std::uint64_t body_bytes,
                             std::int64_t wall_s) noexcept;
    /// Target, host or fields vary in length: everything is written anew.
    std::string_view composed(const operation_row& row, const form& of, const asked& what,
                              std::string_view body, std::uint64_t body_bytes,
                              std::int64_t wall_s) noexcept;
    void write_presigned_query(request_text& to) const noexcept;
    /// Head, and the form up to the content. Key and fields vary: all is written anew.
    whole_request posted(const form& of, const asked& what, std::int64_t wall_s) noexcept;

    /// Those of a request, in the order of their names. The values lie in values_.
    struct written_fields {
        std::string_view names[form::most_fields];
        std::string_view values[form::most_fields];
        std::size_t count = 0;
    };
    /// `host`, `hash`: of this request.
    written_fields write_fields(const form& of, const asked& what, std::string_view host,
                                std::string_view hash) noexcept;

    request_options options_;
    signer signer_;
    std::string host_;             // as sent, for the bucket itself
    std::string encoded_bucket_;   // as in a path
    std::string encoded_stem_;     // of made buckets, as in a path
    std::string encoded_prefix_;   // as in a path
    std::string query_prefix_;     // as in a query
    customer_key customer_key_;    // never told
    std::string_view empty_hash_;  // what a request without a body says about it
    std::span<const operation_row> rows_;
    std::vector<form> forms_;                                       // by row
    std::vector<char> wire_, canonical_, query_, target_, values_;  // room for what varies
    std::string whole_;                                             // of request()
};

}  // namespace chopsticks::s3
