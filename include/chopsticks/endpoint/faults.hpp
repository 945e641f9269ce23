#pragma once
/// \file
/// Faults the endpoint commits on request, so that a load generator's own bookkeeping can be
/// tested: slow answers, refusals, stalls, resets, lies and rubbish. Plain structs; parsing is
/// pure, any thread.

#include <chopsticks/core/error.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::endpoint {

/// What goes wrong. `latency`, `queue` and `drip` slow an answer down and may come together with
/// any other; of the rest at most one, the first rule that fires, shapes a response. A fault that
/// spoils the body does nothing to a response without one.
enum class fault_kind : std::uint8_t {
    /// The answer is held back by a draw from `delay`.
    latency,
    /// The request waits in one FIFO for one of `servers` virtual servers, each with exponential
    /// service
    /// times of mean `delay.mean_ns`: the endpoint is an ./M/c queue.
    queue,
    /// The request is refused with `status` and `code` and has no effect.
    error,
    /// The request is taken (and done) and never answered.
    stall,
    /// Half of the response head is sent, then nothing more.
    stall_head,
    /// The head and half of the body are sent, then nothing more.
    stall_body,
    /// The connection is reset (RST) instead of an answer.
    reset,
    /// The connection is reset after half of the body.
    reset_body,
    /// The connection is closed (FIN) instead of an answer: what a client sees of an idle
    /// connection
    /// the server gave up just as it was used again.
    hang_up,
    /// The head promises the whole body, half of it is sent, then the connection is closed.
    truncate,
    /// One byte in the middle of the body has one bit flipped. The ETag is that of the true body.
    corrupt,
    /// A get is answered with the version before the last one, if the endpoint still has it (it
    /// keeps
    /// one while a rule of this kind is set).
    stale,
    /// Content-Length is wrong by `bytes` (may be negative); the connection stays open.
    length,
    /// `bytes` random bytes (default 256) instead of HTTP, then the connection is closed.
    garbage,
    /// A correct answer with "Connection: close".
    close,
    /// 307 Temporary Redirect to the same path at `location` (default: this endpoint).
    redirect,
    /// "Expect: 100-continue" is ignored: the body is awaited without a word.
    continue_never,
    /// "100 Continue" is sent twice.
    continue_twice,
    /// The response goes out in pieces of `bytes` (default 1) with a pause drawn from `delay`
    /// (default
    /// 10 ms) after each.
    drip,
    /// A new connection is accepted and then ignored (no TLS handshake, nothing is read).
    stall_accept,
    /// A new connection is reset at once.
    reset_accept,
};

/// The kind as configurations spell it, e.g. "stall_head".
std::string_view name(fault_kind kind) noexcept;

enum class delay_kind : std::uint8_t { fixed, uniform, exponential, lognormal };

/// A distribution of pauses, in nanoseconds.
struct delay_distribution {
    delay_kind kind = delay_kind::fixed;
    std::int64_t mean_ns = 0;  ///< fixed: the value; exponential: the mean; lognormal: the median
    std::int64_t min_ns = 0;   ///< uniform
    std::int64_t max_ns = 0;   ///< uniform
    double sigma = 1;          ///< lognormal: standard deviation of the logarithm
};

/// One rule. It is asked about every request (or connection) of its operation.
struct fault {
    fault_kind kind = fault_kind::latency;
    /// The operation it is about: "get", "put", "head", "delete", "list", "create_bucket", ... as
    /// counters name them; empty: all. Rules about connections have no operation.
    std::string operation;
    double rate = 1;           ///< chance of firing, 0..1
    std::uint64_t every = 0;   ///< not 0: fires on every n-th matching request instead of by chance
    std::uint64_t after = 0;   ///< spares the first so many matching requests
    std::uint64_t limit = 0;   ///< fires at most so often; 0: no limit
    delay_distribution delay;  ///< latency, queue, drip
    std::uint32_t servers = 1;      ///< queue
    int status = 503;               ///< error
    std::string code = "SlowDown";  ///< error
    std::int64_t bytes = 0;         ///< length, garbage, drip
    std::string location;           ///< redirect: "http://host:port"
};

/// All rules. The n-th request draws from a random stream that is a function of `seed` and n only.
struct faults {
    std::uint64_t seed = 1;
    std::vector<fault> rules;
};

/// Reads either JSON, `{"seed": 1, "rules": [{"kind": "error", "rate": 0.05, "status": 503}]}`, or
/// the short form for command lines, rules separated by ';':
/// `error:rate=0.05,status=503,code=SlowDown;latency:exponential=5ms;queue:servers=4,mean=1ms`.
/// Every kind takes `op`, `rate`, `every`, `after` and `limit`.
/// Delays are given as one of `fixed`, `exponential`, `median` (lognormal, with `sigma`), or `min`
/// and `max` (uniform), all durations; `mean` is another word for the delay of a queue. An empty
/// text means no faults. Throws config_error naming the rule and what would be right.
faults parse_faults(std::string_view text);

/// The JSON form of `f`; parse_faults reads it back as the same rules.
std::string to_json(const faults& f);

}  // namespace chopsticks::endpoint
