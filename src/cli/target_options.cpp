#include "target_options.hpp"

#include <chopsticks/s3/workload/credentials.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <cstdlib>
#include <optional>

namespace chopsticks::cli {

void add_target_options(CLI::App& command, run_arguments& a) {
    command
        .add_option("--workload-config", a.workload_file,
                    "Workload config: to whom it is done (YAML)")
        ->type_name("FILE");
    command
        .add_option("-H,--endpoint,--host", a.endpoints,
                    "http://host:port or https://...; may be given again")
        ->type_name("URL")
        ->allow_extra_args(false);
    command
        .add_option("--access-key", a.access_key, "Access key (its secret: AWS_SECRET_ACCESS_KEY)")
        ->type_name("K");
    command.add_option("--bucket", a.bucket, "Bucket (made if it is not there)")->type_name("B");
    command
        .add_option("--set", a.sets,
                    "Replaces a value of the scenario, or with workload.* of the workload config")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    // Known, so that the refusal can say why.
    command.add_option("--secret-key", a.secret_key)->group("");
    command.add_option("--session-token", a.session_token)->group("");
}

/// Names the reason instead of using the secret: it would be in the process list and the shell's
/// history for all to read.
void refuse_secrets(const run_arguments& a) {
    const char* advice =
        " is not taken on the command line, where every user of this machine could read it; set "
        "AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or write it to the workload config or "
        "~/.aws/credentials";
    if (!a.secret_key.empty()) throw config_error(std::string("--secret-key: a secret") + advice);
    if (!a.session_token.empty()) {
        throw config_error(std::string("--session-token: a secret") + advice);
    }
    for (const std::string& set : a.sets) {
        const std::string path = set.substr(0, set.find('='));
        if (path.find("secret") != std::string::npos || path.find("token") != std::string::npos) {
            throw config_error("--set " + path + ": a secret" + advice);
        }
    }
}

void apply_target(s3::settings& s3, const run_arguments& a) {
    if (!a.bucket.empty()) s3.bucket = a.bucket;
    if (!a.endpoints.empty()) {
        s3.endpoints.clear();
        for (const std::string& e : a.endpoints) {
            if (e.find('@') != std::string::npos) {
                throw config_error(
                    "--endpoint: user names and secrets do not belong in a URL; give --access-key "
                    "and AWS_SECRET_ACCESS_KEY");
            }
            s3::endpoint_url url;
            try {
                url = s3::parse_endpoint_url(e);
            } catch (const config_error& error) {
                throw config_error(std::string("--endpoint: ") + error.what());
            }
            if (s3.virtual_host && url.is_address()) {
                throw config_error("--endpoint: " + e +
                                   " is an address and has no sub-domains, but the workload "
                                   "config says `addressing: virtual`; name the endpoint by its "
                                   "host name, or write `addressing: path`");
            }
            s3.endpoints.push_back(url.text());
        }
    }
    if (!a.access_key.empty()) {
        s3.access_key = a.access_key;
        s3.secret_key.clear();
    }
}

std::vector<std::string> complete_target(s3::settings& s3) {
    if (s3.endpoints.empty()) {
        throw config_error(
            "no target: give --endpoint URL or a --workload-config with an endpoint, or --embedded "
            "to try without a server");
    }
    const s3::credentials_origin origin =
        s3::resolve_credentials(s3, [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
        });
    return origin.warnings;
}

}  // namespace chopsticks::cli
