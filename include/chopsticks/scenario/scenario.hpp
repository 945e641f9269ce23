#pragma once
/// \file
/// A scenario says what is done, a workload config to whom. Both are plain structs, filled and
/// checked by parse.hpp, written by the main thread before the cores start and only read
/// afterwards. All times are nanoseconds, all sizes bytes.

#include <chopsticks/load/arrival.hpp>
#include <chopsticks/load/popularity.hpp>
#include <chopsticks/load/size_distribution.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::scenario {

/// How the bytes of an object compress: 1 = not at all, 2 = to half, ...
struct content_options {
    double compression_ratio = 1.0;
};

/// The objects a group works on. Keys, sizes and contents are functions of an index and the seed.
struct data_set {
    std::string prefix = "chopsticks/";  ///< all keys start with it; the run adds its own id
    std::uint64_t objects = 1000;        ///< made by the prepare phase
    load::size_distribution size = load::size_distribution::fixed(64 * 1024);
    load::popularity popularity;
    content_options content;
    bool verify = false;  ///< compare every byte read with what was written
    /// Not empty: a named, kept data set that later runs may read. Nothing of it is deleted or
    /// overwritten.
    std::string reuse;
};

/// One step of a task.
/// A parameter that the operation does not have keeps its default; the parser refuses to set it.
struct step {
    std::string op;                 ///< "get", "put", ...
    std::uint16_t code = 0;         ///< index into catalogue::workload::operations
    std::uint64_t range_bytes = 0;  ///< get: length of a range at a random offset; 0 = whole
    bool overwrite = false;         ///< put: rewrite existing objects in turn instead of adding new
    std::uint32_t max_keys = 1000;  ///< list: keys per page
    std::uint32_t pages = 1;        ///< list: pages to follow at most; 0 = all
    /// list: one of the data set's 256 directories instead of the whole prefix
    bool list_directory = false;
};

/// A weighted choice of a user: one operation, or a sequence on one object.
struct task {
    std::string name;  ///< for sequences; the operation's name otherwise
    double weight = 1;
    std::vector<step> steps;
};

enum class think_kind : std::uint8_t { none, constant, uniform, exponential };

struct think_time {
    think_kind kind = think_kind::none;
    std::int64_t min_ns = 0;   ///< uniform
    std::int64_t max_ns = 0;   ///< uniform
    std::int64_t mean_ns = 0;  ///< constant, exponential
};

/// Users that each do one task after the other.
struct closed_load {
    std::uint32_t users = 1;
    double spawn_rate = 0;  ///< users started per second; 0 = all at once
    think_time think;
};

/// Work that is due whether or not earlier work is done.
struct open_load {
    double rate = 0;  ///< tasks per second
    load::arrival_kind arrivals = load::arrival_kind::poisson;
    std::uint32_t max_in_flight = 256;  ///< connections, and operations, at a time
    std::uint32_t queue_limit = 10000;  ///< due work that may wait; beyond it is shed and counted
};

struct group {
    std::string name;      ///< unique in the scenario; first part of the operation names in results
    std::string workload;  ///< "s3", "rbd"
    data_set data;
    std::vector<task> tasks;
    std::optional<open_load> open;  ///< set: open loop; otherwise `closed` counts
    closed_load closed;
};

struct phases {
    bool prepare = true;
    std::uint32_t prepare_concurrency = 64;  ///< connections in prepare and cleanup, all cores
    std::int64_t warmup_ns = 2'000'000'000;
    std::int64_t measure_ns = 30'000'000'000;
    std::int64_t drain_ns = 30'000'000'000;  ///< how long operations in flight at the end may take
    bool cleanup = true;
};

/// Ends the measure phase early; 0 = not a condition. Counted over all groups and cores.
struct stop_conditions {
    std::uint64_t operations = 0;
    std::uint64_t bytes = 0;
};

struct timeouts {
    std::int64_t connect_ns = 5'000'000'000;
    std::int64_t operation_ns = 60'000'000'000;
    /// An open connection that was not used for so long is closed.
    std::int64_t idle_ns = 30'000'000'000;
};

struct scenario {
    std::string name;
    std::string description;
    std::vector<group> groups;
    phases phase;
    stop_conditions stop;
    timeouts timeout;
    double error_limit = 0;  ///< share of failed operations above which the exit status is 1
    std::uint64_t seed = 0;  ///< 0: drawn at the start and reported
    std::string source;      ///< the text it was read from, for the result
    std::string file;        ///< its path as given
    std::vector<std::string> warnings;  ///< allowed, but perhaps not meant; for the user's eyes
};

enum class payload_signing : std::uint8_t { unsigned_payload, hashed };

/// To whom S3 load goes.
struct s3_config {
    std::vector<std::string> endpoints;  ///< "http://host:port" or "https://..."; at least one
    std::string access_key;
    std::string secret_key;     ///< never printed, never in a result
    std::string session_token;  ///< as secret_key
    std::string profile;  ///< of the AWS shared credentials file; empty: AWS_PROFILE or "default"
    std::string bucket = "chopsticks";
    /// Make the bucket if it is not there (and remove it if the run made it).
    bool create_bucket = true;
    std::string region = "us-east-1";
    bool region_given = false;  ///< by the config: the AWS config file's region does not replace it
    bool virtual_host = false;  ///< bucket in the host name instead of the path
    payload_signing payload = payload_signing::unsigned_payload;
    /// Puts from this size wait for "100 Continue"; 0 = never.
    std::uint64_t expect_continue_bytes = 0;
    std::uint32_t retries = 0;      ///< extra attempts per operation, each counted
    bool tls_insecure = false;      ///< do not verify the server's certificate
    bool tls_resumption = true;     ///< offer earlier sessions in new handshakes
    std::string tls_ca_file;        ///< empty: the system's
    bool discard_in_kernel = true;  ///< large unverified bodies are dropped by the kernel
};

/// Where the objects, credentials and driver of each workload are.
struct workload_config {
    std::string driver;  ///< empty: the workload's default driver
    s3_config s3;
    /// Keys of the Python original that have no meaning here, each with what to do instead.
    std::map<std::string, std::string> ignored;
    std::vector<std::string> warnings;  ///< e.g. a secret in a file that others can read
    std::string file;                   ///< its path as given; empty when there was none
};

}  // namespace chopsticks::scenario
