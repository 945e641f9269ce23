#pragma once
/// \file
/// YAML to the structs of scenario.hpp, checked. Every mistake is a config_error whose message is
/// "file:line:column: what is wrong; how to mend it" (a mistake in an override names the override
/// instead). Called by the main thread before the cores start.

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

/// A value that replaces (or adds) one of the file, as given with `--set path=value`. The path is
/// names and list positions joined by dots: `groups.0.data.objects`; an item of `groups` may be
/// named by its name or workload instead of its position. Paths that begin with `workload.` go to
/// the workload config (where they drop that word), all others to the scenario. The value is YAML.
struct override_value {
    std::string path;
    std::string value;
};

/// Splits "path=value". Error: config_error.
override_value parse_override(std::string_view text);

/// Files larger than this are refused: a scenario is written by hand.
inline constexpr std::size_t max_config_bytes = 1 << 20;

/// Reads and checks a scenario file. Overrides for the workload config are passed over.
scenario load_scenario(const std::string& path, const std::vector<override_value>& overrides = {});

/// The same from memory. \param file stands in messages
scenario parse_scenario(std::string text, std::string file,
                        const std::vector<override_value>& overrides = {});

/// Reads and checks a workload config; an empty path stands for an empty file, so that everything
/// can come from overrides and the environment. Overrides for the scenario are passed over.
/// The endpoint may still be missing afterwards (an embedded one may take its place): see
/// require_endpoint.
workload_config load_workload_config(const std::string& path,
                                     const std::vector<override_value>& overrides = {});
workload_config parse_workload_config(std::string text, std::string file,
                                      const std::vector<override_value>& overrides = {});

/// The driver of a workload's groups: the one that the config names, or the workload's default one.
/// `dummy` at the config's top counts for every workload that names none itself.
std::string_view driver_of(const workload_config& config, std::string_view workload);

/// What only both together can show: config_error for tasks that cannot work on the images as they
/// are configured. Switches the prefill off where the images are not to be written before the load
/// (read-only, or clones, whose parent holds the data), with a warning in the plan where reads may
/// then measure nothing.
void check_together(scenario& plan, const workload_config& config);

/// config_error if no endpoint was given.
void require_endpoint(const workload_config& config);

/// An endpoint URL taken apart. No path, query or user name: those belong elsewhere.
struct endpoint_url {
    bool tls = false;
    std::string host;  ///< without the brackets of an IPv6 address
    std::uint16_t port = 0;
    bool ipv6 = false;  ///< host is an IPv6 address literal

    /// An address has no sub-domains, so no virtual hosts.
    bool is_address() const {
        return ipv6 || host.find_first_not_of("0123456789.") == std::string::npos;
    }

    /// As it goes into the Host header: brackets where needed, the port unless it is the default.
    std::string host_header() const;
    /// "https://host:port", port only unless it is the default.
    std::string text() const;
};

/// Error: config_error without place ("endpoint \"...\": ..."), for callers to complete.
endpoint_url parse_endpoint_url(std::string_view text);

/// Looks up an environment variable; empty optional if it is not set.
using environment = std::function<std::optional<std::string>(const std::string&)>;

/// Where the credentials came from, for the result: "workload config", "environment",
/// "~/.aws/credentials profile x".
struct credentials_origin {
    std::string source;
    std::vector<std::string> warnings;
};

/// Completes access key, secret key and session token (and the region from ~/.aws/config if the
/// workload config names none). The first of these that has both keys counts:
///  1. the workload config with its overrides;
///  2. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN;
///  3. the shared credentials file (AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials), profile
///  from
///     the config's `profile`, AWS_PROFILE, or "default".
/// The config's keys win over the environment: a test cluster's keys stand beside its endpoint, and
/// keys of another account lying in the environment must not be sent to it. An access key in the
/// config without a secret takes its secret from AWS_SECRET_ACCESS_KEY; that is how a command line
/// names a key without showing a secret. A `profile` in the config skips 2. Keys are never mixed
/// otherwise. config_error if nothing has both, with what was tried.
credentials_origin resolve_credentials(s3_config& config, const environment& lookup);

}  // namespace chopsticks::scenario
