#pragma once
/// \file
/// The operations of S3: for each one, how its request is rendered, what an answer of success looks
/// like, and how it is judged. One more operation that is one request is one more row.

#include <chopsticks/http/response_head.hpp>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/failure.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace chopsticks::s3 {

enum class operation_code : std::uint16_t {
    put,
    get,
    head,
    remove,
    list,  ///< one page of a listing
    create_bucket,
    head_bucket,
    remove_bucket,
};

/// What one request asks for. Views are valid while it is rendered and judged. A value.
struct asked {
    std::uint64_t object = 0;           ///< its index; of made buckets: the number
    std::uint32_t version = 0;          ///< of its content
    std::uint32_t max_keys = 0;         ///< list
    std::uint64_t size = 0;             ///< bytes of the whole object
    std::uint64_t offset = 0;           ///< first byte of a part
    std::uint64_t length = 0;           ///< bytes of a part; 0: the whole object
    bool expects_continue = false;      ///< put
    std::string_view payload_hash;      ///< put: 64 hex digits, or empty for UNSIGNED-PAYLOAD
    std::optional<unsigned> directory;  ///< list: one of 256, or all
    std::string_view token;             ///< list: empty for the first page
    std::string_view prefix;            ///< list: what all keys begin with, raw

    std::uint64_t part_bytes() const noexcept { return length > 0 ? length : size; }
};

/// What is known of an answer once it is complete.
struct answer {
    int status = 0;
    bool has_content_length = false;
    bool range_as_asked = true;  ///< of a 206: Content-Range names the bytes that were asked for
    bool etag_sent = false;
    bool etag_is_md5 = false;  ///< by its form; `etag` holds it then
    std::uint64_t content_length = 0;
    std::uint64_t etag_mark = 0;  ///< 0: no ETag, or what is none
    char etag[32];
    /// \name Of a refusal: what says where it came from; NUL-terminated
    /// \{
    char server[40];
    char region[24];
    /// \}
    static constexpr std::uint64_t right = ~0ULL;
    std::uint64_t received = 0;          ///< bytes of the body
    std::uint64_t mismatch = right;      ///< offset of the first wrong byte of the object's content
    std::string_view text;               ///< of a refusal, or where a success has hardly a body: it
    const list_scanner* page = nullptr;  ///< has read a listing

    answer() noexcept { server[0] = region[0] = '\0'; }
};

/// What the body of a request is.
enum class request_body : std::uint8_t {
    none,
    content,   ///< the object's
    rendered,  ///< comes with the head
};

/// What the body of a success is; a refusal's is text.
enum class answer_body : std::uint8_t {
    none,     ///< there is none: of a head request
    content,  ///< the object's, or the part that was asked for
    listing,
    text,  ///< nothing, or a few lines
};

struct operation_row {
    operation_code code;
    request_body sends;
    answer_body gives;
    bool head_request = false;  ///< its answers have no body
    bool names_etag = false;    ///< its successes name the object's ETag
    bool writes = false;        ///< makes a version or a delete marker of an object
    whole_request (*render)(request_writer& with, const asked& what, std::int64_t wall_s);
    /// Of a 2xx; as the function below.
    std::uint64_t (*judge)(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out);
    /// HTTP statuses that say that it is done; 0: no further one.
    std::uint16_t successes[3];
};

/// Null: there is no such operation.
const operation_row* find_row(std::uint16_t code) noexcept;

/// Keeps what of a head is needed once its views are gone. `row` null: of a request that is none of
/// the operations.
void note_head(const http::response_head& head, const operation_row* row, const asked& what,
               answer& out) noexcept;

/// What a complete answer means: done, refused, or wrong. A 2xx is done only if all is there that
/// its operation's row asks for. Remembers the ETag of a put that is done. Returns the bytes of
/// bodies that the answer acknowledges, whatever else may be wrong with it.
std::uint64_t judge(const operation_row& row, const asked& what, const answer& a,
                    etag_memory& etags, failure& out);

}  // namespace chopsticks::s3
