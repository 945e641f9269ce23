#pragma once
/// \file
/// The head of an HTTP/1.1 response (RFC 9112), without I/O and without allocation. Pure functions
/// of their arguments; any core.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chopsticks::http {

/// Bytes a response head may have. A longer one is `bad`, so that a server that never ends its head
/// costs one connection and not the memory.
constexpr std::size_t max_head_bytes = 64 * 1024;

enum class head_state : std::uint8_t {
    /// All of it so far is right, and it does not end yet.
    need_more,
    /// The head is complete; `response_head` is filled.
    complete,
    /// Not a response this client may act on. The connection must be closed.
    bad,
};

/// How the end of the body is known.
enum class body_kind : std::uint8_t {
    /// There is none, whatever the header fields say: HEAD, 1xx, 204, 304.
    none,
    /// `content_length` bytes, possibly 0.
    length,
    /// Chunked coding; see chunked_decoder.
    chunked,
    /// All that comes until the peer closes. `keep_alive` is false.
    until_close,
};

/// What was said in a head. The views point into the bytes given to parse_head and live as long as
/// those. A field that was not sent is empty; of a field sent twice the first is kept. Values have
/// no white space at their ends.
struct response_head {
    int status = 0;         ///< 100..999
    int version_minor = 1;  ///< 0 or 1
    body_kind body = body_kind::none;
    bool keep_alive = false;
    bool has_content_length = false;
    bool xml = false;                  ///< Content-Type names an XML media type
    std::uint64_t content_length = 0;  ///< as sent; also where there is no body (HEAD)
    std::size_t head_bytes = 0;        ///< consumed, with the empty line at the end

    std::string_view etag;  ///< with its quotes
    std::string_view location;
    std::string_view content_type;
    std::string_view content_range;
    std::string_view date;
    std::string_view retry_after;
    std::string_view server;
    std::string_view bucket_region;       ///< x-amz-bucket-region
    std::string_view request_id;          ///< x-amz-request-id
    std::string_view version_id;          ///< x-amz-version-id
    std::string_view delete_marker;       ///< x-amz-delete-marker
    std::string_view encryption;          ///< x-amz-server-side-encryption
    std::string_view customer_algorithm;  ///< x-amz-server-side-encryption-customer-algorithm
};

/// Parses a head that starts at the first of `bytes`. Keeps nothing between calls: on need_more
/// call again with the same bytes and more behind them. Nearly always one read holds the whole
/// head, so there is nothing to win by resuming. `out` is only meaningful after `complete`.
///
/// `head_request`: the response answers a HEAD request, so it has no body.
///
/// Strict where leniency lets two readers disagree about where a message ends: CR LF at line ends
/// only; no folded lines; no white space before a colon; one Content-Length value; no
/// Content-Length beside Transfer-Encoding; no transfer coding but `chunked`, and none in HTTP/1.0.
/// An interim response (1xx) is `complete` with its status; the next head follows it.
[[nodiscard]] head_state parse_head(std::string_view bytes, response_head& out,
                                    bool head_request = false) noexcept;

/// Seconds since the epoch of an IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110
/// section 5.6.7), the only form servers may send today; -1 for anything else. For finding a clock
/// skew.
[[nodiscard]] std::int64_t parse_http_date(std::string_view text) noexcept;

/// The inverse of parse_http_date into exactly 29 characters at `out`.
void write_http_date(std::int64_t seconds_since_epoch, char* out) noexcept;

/// "bytes 0-99/1000". `total` is 0 for "*" (unknown).
struct content_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  ///< inclusive
    std::uint64_t total = 0;
};

/// Parses the value of a Content-Range field of a 206 response; false for anything else.
[[nodiscard]] bool parse_content_range(std::string_view text, content_range& out) noexcept;

}  // namespace chopsticks::http
