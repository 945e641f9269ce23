#pragma once
/// \file
/// The three kinds of error, never mixed: a bug aborts (assert.hpp); a failure on the data path is
/// a value (`op_status`, `result<T>`); a configuration or start-up error is a `config_error`.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chopsticks {

using boost::system::error_code;

/// A value or an error code.
template <typename T>
using result = boost::system::result<T>;

/// What became of one operation: the vocabulary of decisions. The words of the wire (HTTP status,
/// S3 code, errno) are kept beside it for the report.
enum class op_status : std::uint8_t {
    /// Done as asked.
    ok,
    /// The target sent a redirect (3xx); redirects are not followed, a benchmark names its target.
    redirect,
    /// The target refused the request as wrong (4xx other than throttling).
    client_error,
    /// The target failed (5xx other than throttling).
    server_error,
    /// The target asked to slow down (503 SlowDown, 429).
    slow_down,
    /// The connection could not be made (refused, unreachable, TLS handshake failed).
    connect_failed,
    /// The connection ended (reset, closed) before the response was complete.
    connection_lost,
    /// The operation took longer than its time-out; its connection was closed.
    timeout,
    /// The response was not what the protocol allows.
    bad_response,
    /// The response was complete and well-formed, but not the size or content that was written.
    corrupt,
    /// The I/O failed with an errno (block devices).
    io_error,
    /// The run stopped before the operation ended; counted as neither ok nor failed.
    cancelled,
    /// The target does not have the operation (501, 405, EOPNOTSUPP). No driver says so: the engine
    /// decides it of a failure by what the target answered (`settled`, unsupported.hpp).
    unsupported,
};

constexpr std::size_t op_status_count = static_cast<std::size_t>(op_status::unsupported) + 1;

/// The status as the result file spells it, e.g. "connection_lost".
std::string_view name(op_status status) noexcept;

/// What a native code is a number of.
enum class code_kind : std::uint8_t {
    none,         ///< there was no code
    http_status,  ///< of the response, whether it was a failure or not
    errno_value,  ///< positive, of the system that the run was on
};

/// The target's (or the system's) own number for what became of an operation. Numbers of different
/// kinds overlap, so none is read without its kind: 110 is no HTTP status.
struct native_code {
    code_kind kind = code_kind::none;
    int value = 0;

    static constexpr native_code of_http(int status) noexcept {
        return {code_kind::http_status, status};
    }
    static constexpr native_code of_errno(int number) noexcept {
        return {code_kind::errno_value, number};
    }
    /// The value if it is of this kind, otherwise 0, which is no value of any kind.
    constexpr int as(code_kind wanted) const noexcept { return kind == wanted ? value : 0; }

    friend constexpr bool operator==(const native_code&, const native_code&) = default;
};

/// A mistake in the configuration or at start-up. The message says what is wrong, where (file,
/// line, column where known) and how to mend it. Caught once, in cli.
class config_error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What is being caught, for a person. Called in a catch block.
std::string caught_text();

}  // namespace chopsticks
