#include "target_options.hpp"

#include <chopsticks/scenario/parse.hpp>
#include <cstdlib>
#include <optional>

namespace chopsticks::cli {

namespace {

/// As one word for a shell, in quotes only where it needs them.
std::string shell_word(const std::string& text) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,[]";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace

std::string cleanup_command(const scenario::s3_config& s3, const std::string& run_id,
                            const std::string& prefix) {
    std::string command = "chopsticks cleanup --run " + run_id;
    if (!s3.endpoints.empty()) command += " --endpoint " + shell_word(s3.endpoints.front());
    if (!s3.access_key.empty()) command += " --access-key " + shell_word(s3.access_key);
    return command + " --bucket " + shell_word(s3.bucket) + " --prefix " + shell_word(prefix);
}

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

void apply_target(scenario::s3_config& s3, const run_arguments& a) {
    if (!a.bucket.empty()) s3.bucket = a.bucket;
    if (!a.endpoints.empty()) {
        s3.endpoints.clear();
        for (const std::string& e : a.endpoints) {
            if (e.find('@') != std::string::npos) {
                throw config_error(
                    "--endpoint: user names and secrets do not belong in a URL; give --access-key "
                    "and AWS_SECRET_ACCESS_KEY");
            }
            scenario::endpoint_url url;
            try {
                url = scenario::parse_endpoint_url(e);
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

std::vector<std::string> complete_target(scenario::s3_config& s3) {
    if (s3.endpoints.empty()) {
        throw config_error(
            "no target: give --endpoint URL or a --workload-config with an endpoint, or --embedded "
            "to try without a server");
    }
    const scenario::credentials_origin origin = scenario::resolve_credentials(
        s3, [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
        });
    return origin.warnings;
}

}  // namespace chopsticks::cli
