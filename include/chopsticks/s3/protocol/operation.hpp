#pragma once
/// \file
/// The requests of S3's operations: for each one, how its request looks, what an answer of success
/// looks like, and how it is judged. One more operation that is one request is one more row.

#include <chopsticks/http/response_head.hpp>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/failure.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/multipart.hpp>
#include <chopsticks/s3/protocol/request_form.hpp>
#include <chopsticks/s3/protocol/select_scanner.hpp>
#include <chopsticks/s3/protocol/version_ids.hpp>
#include <cstdint>
#include <span>
#include <string_view>

namespace chopsticks::s3 {

/// What is known of an answer once it is complete.
struct answer {
    int status = 0;
    bool has_content_length = false;
    bool range_as_asked = true;  ///< of a 206: Content-Range names the bytes that were asked for
    bool etag_sent = false;
    std::uint8_t etag_size = 0;  ///< 0: no ETag, or one that `etag` has no room for
    std::uint64_t content_length = 0;
    std::uint64_t etag_mark = 0;  ///< 0: no ETag, or what is none
    char etag[max_part_tag_bytes];
    std::uint8_t version_size = 0;  ///< 0: no version is named, or `version` has no room for it
    bool is_marker = false;         ///< x-amz-delete-marker: true
    char version[version_ids::most_bytes];
    /// \name How the object is encrypted, as the answer says
    /// \{
    bool by_aes256 = false;
    bool by_kms = false;
    bool by_customer_key = false;
    /// \}
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
    const select_scanner* events = nullptr;  ///< has read the answer to a select

    std::string_view etag_text() const noexcept { return {etag, etag_size}; }
    std::string_view version_text() const noexcept { return {version, version_size}; }
    /// By its form.
    bool etag_is_md5() const noexcept { return etag_size == 32; }

    answer() noexcept { server[0] = region[0] = '\0'; }
};

/// What the body of a success is; a refusal's is text.
enum class answer_body : std::uint8_t {
    none,     ///< there is none: of a head request
    content,  ///< the object's, or the part that was asked for
    listing,
    events,  ///< of a select
    text,    ///< nothing, or a few lines
};

/// What an operation does to the buckets beside the configured one. The driver looks first whose it
/// is before it changes or removes one, and removing is more than a request.
enum class bucket_effect : std::uint8_t { none, makes, amends, removes };

/// What only some buckets have, and what is asked needs.
enum class bucket_feature : std::uint8_t { none, versions, locks };

/// An answer that is not 2xx and yet what the operation was to get.
struct expected_refusal {
    std::uint16_t status = 0;
    std::string_view code = {};  ///< in the answer's body; empty: whatever that says
};

/// A parameter of the step that is part of what is asked; the engine has read the others.
struct asked_parameter {
    std::string_view name;  ///< as in the workload's description
    std::uint32_t asked::* count = nullptr;
    bool asked::* flag = nullptr;
    /// \name Of asked::fields
    /// \{
    std::string object_fields::* text = nullptr;    ///< "none": it is not said
    std::string object_fields::* filler = nullptr;  ///< so many bytes of text
    std::uint32_t object_fields::* number = nullptr;
    bool object_fields::* said = nullptr;
    /// \}
};

struct operation_row {
    static constexpr std::size_t most_parameters = 8;

    /// As in the workload's description: of an operation, or of a part of one.
    std::string_view name;
    request_form request;
    asked_parameter parameters[most_parameters] = {};  ///< those behind the last have no name
    answer_body gives;
    list_kind lists = list_kind::v2;  ///< of a listing
    bool is_long = false;             ///< its text has a few hundred kilobytes
    std::string_view root = {};       ///< of the document that a success has to be; empty: of none
    std::string_view holds = {};      ///< an element in it; empty: none has to be there
    bool names_etag = false;          ///< its successes name the object's ETag
    bool tells_encryption = true;     ///< its successes say how the object is encrypted, if asked
    bool writes = false;              ///< makes a version or a delete marker of an object
    bool makes_object = false;        ///< where it is not answered, the object may be there later
    bucket_effect buckets = bucket_effect::none;
    bucket_feature needs = bucket_feature::none;
    bool sets_lock = false;  ///< the object cannot be removed like others behind it
    /// Of a 2xx; as the function below.
    std::uint64_t (*judge)(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out);
    /// HTTP statuses that say that it is done; 0: no further one.
    std::uint16_t successes[3] = {};
    expected_refusal refusals[2] = {};
};

/// In no order that matters.
std::span<const operation_row> all_rows() noexcept;

/// Null: there is no such operation.
const operation_row* find_row(std::string_view name) noexcept;

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
