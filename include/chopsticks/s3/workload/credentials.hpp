#pragma once
/// \file
/// Who asks: keys from the workload config, the environment or the files of AWS's own tools.

#include <chopsticks/s3/workload/settings.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::s3 {

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
credentials_origin resolve_credentials(settings& config, const environment& lookup);

}  // namespace chopsticks::s3
