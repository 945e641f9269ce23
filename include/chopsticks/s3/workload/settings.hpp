#pragma once
/// \file
/// To whom S3 load goes: what the workload config says of it.

#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::s3 {

enum class payload_signing : std::uint8_t { unsigned_payload, hashed };

/// Which HTTP is spoken.
enum class http_version : std::uint8_t {
    one,        ///< HTTP/1.1
    two,        ///< HTTP/2, agreed on by ALPN; TLS only
    two_plain,  ///< HTTP/2 from the first byte on, without TLS
};

enum class proxy_kind : std::uint8_t {
    http,     ///< forwards http, tunnels https (CONNECT)
    socks5,   ///< is told addresses
    socks5h,  ///< is told names, which it resolves
};

/// What stands between the generator and its endpoints, and who we are to it.
struct proxy_settings {
    std::string url;  ///< "http://host:3128"; empty: there is none
    proxy_kind kind = proxy_kind::http;
    std::string host;  ///< of the URL, without brackets
    std::uint16_t port = 0;
    std::string user;
    std::string password;  ///< never printed, never in a result

    bool is_given() const noexcept { return !url.empty(); }
    /// Whether it is told the names of endpoints, which need not have an address here.
    bool resolves() const noexcept { return is_given() && kind != proxy_kind::socks5; }
};

/// One of several who ask. The secrets are never printed, and never in a result.
struct key_pair {
    std::string access_key;
    std::string secret_key;
    std::string session_token;
};
/// The endpoint of a run that sends nothing.
constexpr std::string_view nothing_sent_to = "http://dummy.invalid";

struct settings final : scenario::workload_settings {
    /// Each bucket of many lists, marks and cleans for itself.
    static constexpr std::size_t most_buckets = 256;

    std::vector<std::string> endpoints;  ///< "http://host:port" or "https://..."; at least one
    std::string access_key;
    std::string secret_key;     ///< never printed, never in a result
    std::string session_token;  ///< as secret_key
    std::string profile;  ///< of the AWS shared credentials file; empty: AWS_PROFILE or "default"
    std::string bucket = "chopsticks";
    /// \name Objects spread over several buckets, in place of `bucket`
    /// \{
    std::vector<std::string> bucket_list;    ///< their names
    std::uint64_t buckets_made_of_name = 0;  ///< or so many whose names begin with `bucket`
    /// Not empty: in place of access_key and what belongs to it. Those of bucket number n are at n
    /// modulo their number, and with neither of the above each has a bucket.
    std::vector<key_pair> credentials;
    bool secrets_listed = false;  ///< they stand in the config itself, not in a file beside it
    std::string config_file;      ///< that names the credentials, for people
    /// \}
    /// Make the bucket if it is not there (and remove it if the run made it).
    bool create_bucket = true;
    bool versioning = false;           ///< a bucket that the run makes keeps versions
    bool object_lock = false;          ///< it can lock objects too
    bool plain_customer_keys = false;  ///< send keys to encrypt with over HTTP without TLS
    std::string region = "us-east-1";
    bool region_given = false;  ///< by the config: the AWS config file's region does not replace it
    bool virtual_host = false;  ///< bucket in the host name instead of the path
    payload_signing payload = payload_signing::unsigned_payload;
    /// Puts from this size wait for "100 Continue"; 0 = never.
    std::uint64_t expect_continue_bytes = 0;
    http_version http = http_version::one;
    proxy_settings proxy;
    std::uint32_t retries = 0;      ///< extra attempts per operation, each counted
    bool tls_insecure = false;      ///< do not verify the server's certificate
    bool tls_resumption = true;     ///< offer earlier sessions in new handshakes
    std::string tls_ca_file;        ///< empty: the system's
    bool discard_in_kernel = true;  ///< large unverified bodies are dropped by the kernel
    /// For people who are told of the plan, instead of `endpoints`; empty: those.
    std::string endpoints_told;

    /// Whether only libcurl gets requests there.
    bool needs_libcurl() const noexcept { return http != http_version::one || proxy.is_given(); }
    std::size_t bucket_count() const;
    /// In their order.
    std::vector<std::string> bucket_names() const;
    /// The same of one of them alone: `bucket` is its name, the keys are its owner's.
    settings at_bucket(std::size_t number) const;

    scenario::echo_fields echo() const override;
    void find_again(const scenario::echo_fields& echoed) override;
    bool hold_secret() const override;
    void check(scenario::group& of, std::vector<std::string>& warnings) const override;
    bool as_calibrated() const override;
    std::string target(bool dummy) const override;
    std::vector<std::pair<std::string, std::string>> planned_target(bool dummy) const override;
    std::string place(const std::string& prefix) const override;
    std::string cleanup_command(const std::string& run_id,
                                const std::string& prefix) const override;
};

/// Those of a workload config; the defaults, which are put into it, where nobody read any.
settings& settings_of(scenario::workload_config& config);

/// Those of a workload config that was read.
const settings& settings_of(const scenario::workload_config& config);

}  // namespace chopsticks::s3
