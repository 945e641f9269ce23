#pragma once
// A request head, taken apart: which bucket, which key, which parameters. No I/O.

#include <chopsticks/s3/protocol/sigv4.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::endpoint {

struct request {
    std::string method;
    std::string target;  ///< as it came
    std::vector<s3::name_value> headers;

    std::string path;  ///< decoded, beginning with '/'
    std::vector<s3::name_value> query;
    std::string bucket;  ///< empty: the service itself
    std::string key;     ///< empty: the bucket itself

    /// The first value of a field, regardless of case; null: there is none.
    const std::string* header(std::string_view name) const noexcept;
    std::string_view header_or(std::string_view name, std::string_view otherwise) const noexcept;

    const std::string* parameter(std::string_view name) const noexcept;
    std::string parameter_or(std::string_view name, std::string_view otherwise) const;
};

/// Whether a bucket of that name exists.
using bucket_known = std::function<bool(std::string_view)>;

/// Fills path, query, bucket and key from target and the Host field. False: the target is not a
/// path with a well-formed query.
bool locate(request& r, const std::vector<std::string>& domains, const bucket_known& known);

/// The bucket a Host field names, if it does (virtual-host style); empty: it does not.
std::string bucket_of_host(std::string_view host, const std::vector<std::string>& domains,
                           const bucket_known& known);

struct byte_range {
    std::uint64_t offset;
    std::uint64_t length;
};

enum class range_kind : std::uint8_t {
    whole,          ///< no range that we serve; the whole object is the answer
    part,           ///< 206
    unsatisfiable,  ///< 416
};

/// Reads the value of a Range field for an object of `size` bytes. What is not one range of bytes
/// is ignored, as RFC 9110 (section 14.2) allows.
range_kind parse_range(std::string_view value, std::uint64_t size, byte_range& out) noexcept;

/// Seconds since the epoch of "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept;

std::string format_http_date(std::int64_t wall_ns);

bool same_name(std::string_view a, std::string_view b) noexcept;

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text) noexcept;

/// Lower case, ASCII only.
constexpr char lower_char(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower(std::string_view text);

/// Digits only, all of them, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

/// An ETag as given in a condition or in XML, without its quotes.
std::string_view unquoted(std::string_view etag) noexcept;

}  // namespace chopsticks::endpoint
