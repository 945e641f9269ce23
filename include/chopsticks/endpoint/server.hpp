#pragma once
/// \file
/// The embedded S3 endpoint: buckets and objects in memory behind HTTP/1.1, for a first try without
/// a cluster, for calibration and for tests. It speaks what clients of S3 speak: buckets, objects,
/// versions, locks, ranges and conditions, checksums, tags, access lists, listings, multi-object
/// delete, copies, multipart uploads, appends, forms of browsers, policies, CORS, SigV4 and SigV2
/// in headers and pre-signed URLs, aws-chunked bodies. What has no effect here (lifecycles,
/// replication) is refused with 501; docs/reference/endpoint.md has it all.
///
/// Paths under `/_chopsticks/` are not S3. They are unsigned and answered to loopback peers only,
/// and to none that a browser sends (an Origin, or a Host with a public name):
/// `GET|POST|DELETE /_chopsticks/faults` reads, sets (faults.hpp's JSON or short form) or removes
/// the injected faults; `GET /_chopsticks/counters` gives `counters` as JSON.

#include <chopsticks/endpoint/faults.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::endpoint {

/// How ETags are made. Whoever uploads in parts gets "<32 hex>-<parts>" either way, as from S3.
enum class etag_kind : std::uint8_t {
    /// MD5 of the content, as S3 does. About 0.6 GB/s and core.
    md5,
    /// A fast 128-bit hash, spelt "<32 hex>-1" so that no client takes it for the content's MD5.
    fast,
};

/// Whose answers are given where Amazon's S3 and Ceph's RGW answer differently.
enum class dialect : std::uint8_t { aws, ceph };

/// Whoever may sign requests. What one makes, another is refused.
struct endpoint_user {
    std::string access_key;
    std::string secret_key;
};

struct endpoint_options {
    std::string address = "127.0.0.1";  ///< numeric IPv4 or IPv6 address to listen on
    std::uint16_t port = 0;             ///< 0: any free port, see server::port
    unsigned threads = 1;  ///< each with its own event loop; connections go round robin
    std::string access_key = "chopsticks";
    std::string secret_key = "chopsticks-secret";
    std::vector<endpoint_user> more_users;  ///< beside the one above
    std::string region = "us-east-1";
    dialect answers = dialect::aws;
    /// Host names under which `bucket.<domain>` names a bucket. Under other names the first label
    /// is taken as a bucket if there is one of that name.
    std::vector<std::string> domains = {"localhost"};
    /// What objects, their keys and metadata, and bodies on their way may take. A put beyond it
    /// gets 503 InsufficientStorage. Counted as it comes, until its last reader is done.
    std::uint64_t memory_cap_bytes = 1ULL << 30;
    /// false: bodies are read and hashed but not kept; a get answers zeros of the right length.
    bool keep_bodies = true;
    etag_kind etag = etag_kind::md5;
    std::string tls_certificate_file;  ///< PEM chain; set together with the key: HTTPS only
    std::string tls_key_file;          ///< PEM
    faults injected;
};

/// What happened since start. A snapshot; its fields may be apart by requests in flight.
struct counters {
    std::uint64_t requests = 0;     ///< heads that were read whole, S3 only
    std::uint64_t responses = 0;    ///< answers written whole, true or spoilt
    std::uint64_t faults = 0;       ///< times a rule fired
    std::uint64_t connections = 0;  ///< accepted
    std::uint64_t connections_open = 0;
    std::uint64_t tls_handshakes = 0;  ///< completed
    std::uint64_t tls_resumed = 0;     ///< of these with an earlier session
    std::uint64_t body_bytes_in = 0;   ///< of requests, as they came over the wire
    std::uint64_t body_bytes_out = 0;  ///< of responses
    std::uint64_t buckets = 0;
    std::uint64_t objects = 0;               ///< each version counts, delete markers do not
    std::uint64_t object_bytes = 0;          ///< sum of the sizes of these
    std::uint64_t uploads = 0;               ///< multipart uploads that are open
    std::uint64_t memory_bytes = 0;          ///< what counts against the cap now
    std::map<int, std::uint64_t> by_status;  ///< answers, by HTTP status
    std::map<std::string, std::uint64_t> by_operation;  ///< requests, by the names faults use
};

/// A listening endpoint with its own threads. All member functions may be called from any thread;
/// start and stop by one thread at a time.
class server {
  public:
    /// Checks the options; throws config_error.
    explicit server(endpoint_options options);

    /// Stops.
    ~server();

    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Binds, listens and starts the threads. Throws config_error if the address is taken or not
    /// ours, or if the certificate or key cannot be read.
    void start();

    /// Closes all connections in the middle of whatever they do, and joins the threads. Objects
    /// stay until the server is destroyed; start may be called again, on the same port.
    void stop();

    /// The port listened on; 0 before start.
    std::uint16_t port() const noexcept;

    /// "http://127.0.0.1:4711" or "https://...".
    std::string url() const;

    /// Replaces all faults from the next request or connection on. Their counts (every, after,
    /// limit) and random streams begin anew.
    void set_faults(const faults& f);

    counters count() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The JSON that `GET /_chopsticks/counters` gives.
std::string to_json(const counters& c);

}  // namespace chopsticks::endpoint
