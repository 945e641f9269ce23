#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/credentials.hpp>
#include <chopsticks/scenario/text.hpp>
#include <map>

namespace chopsticks::s3 {

namespace {

using section = std::map<std::string, std::string>;

std::string_view trim(std::string_view s) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!s.empty() && blank(s.front()))
        s.remove_prefix(1);
    while (!s.empty() && blank(s.back()))
        s.remove_suffix(1);
    return s;
}

/// One section of an AWS INI file. Other tools write these files: what is not understood is
/// skipped.
std::optional<section> read_section(const std::string& path, const std::string& name) {
    std::string text;
    try {
        text = scenario::read_text(path, "AWS file");
    } catch (const config_error&) {
        return std::nullopt;  // not there, or not ours to read
    }
    std::optional<section> out;
    bool inside = false;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = trim(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            const std::size_t close = line.find(']');
            inside = close != std::string_view::npos && trim(line.substr(1, close - 1)) == name;
            if (inside && !out) out.emplace();
            continue;
        }
        const std::size_t equals = line.find('=');
        if (!inside || equals == std::string_view::npos) continue;
        (*out)[std::string(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
    }
    return out;
}

std::string or_empty(const environment& lookup, const std::string& name) {
    return lookup(name).value_or("");
}

std::string aws_file(const environment& lookup, const char* variable, const char* name) {
    std::string path = or_empty(lookup, variable);
    if (!path.empty()) return path;
    const std::string home = or_empty(lookup, "HOME");
    return home.empty() ? "" : home + "/.aws/" + name;
}

std::string value_of(const section& s, const std::string& key) {
    const auto found = s.find(key);
    return found == s.end() ? "" : found->second;
}

}  // namespace

credentials_origin resolve_credentials(settings& config, const environment& lookup) {
    credentials_origin out;
    if (!config.credentials.empty()) {
        for (const key_pair& one : config.credentials) {
            if (!one.secret_key.empty()) continue;
            throw config_error("credentials: the secret of access key " + one.access_key +
                               " is not known; give the --workload-config that has it");
        }
        out.source = "workload config";
        return out;
    }
    const std::string env_access = or_empty(lookup, "AWS_ACCESS_KEY_ID");
    const std::string env_secret = or_empty(lookup, "AWS_SECRET_ACCESS_KEY");

    if (config.access_key.empty() && !(config.secret_key.empty() && config.session_token.empty())) {
        throw config_error(
            "credentials: the workload config has a secret without its `access_key`; "
            "add it, or remove the secret");
    }
    if (!config.access_key.empty()) {
        out.source = "workload config";
        if (!config.secret_key.empty()) return out;
        if (env_secret.empty()) {
            throw config_error("credentials: access key " + config.access_key +
                               " has no secret; set AWS_SECRET_ACCESS_KEY, or `secret_key` in the "
                               "workload config");
        }
        config.secret_key = env_secret;
        out.source += ", secret from the environment";
        if (env_access.empty() || env_access == config.access_key) {
            if (config.session_token.empty()) {
                config.session_token = or_empty(lookup, "AWS_SESSION_TOKEN");
            }
        } else {
            out.warnings.push_back("AWS_SECRET_ACCESS_KEY is used for access key " +
                                   config.access_key + ", but AWS_ACCESS_KEY_ID names " +
                                   env_access);
        }
        return out;
    }

    std::string tried = "the workload config has none";
    std::string profile = config.profile;
    const auto take_region = [&](const std::string& region) {
        if (!config.region_given && !region.empty()) config.region = region;
    };
    const auto environment_region = [&] {
        const std::string region = or_empty(lookup, "AWS_REGION");
        return region.empty() ? or_empty(lookup, "AWS_DEFAULT_REGION") : region;
    };
    if (profile.empty()) {
        if (!env_access.empty() && !env_secret.empty()) {
            config.access_key = env_access;
            config.secret_key = env_secret;
            config.session_token = or_empty(lookup, "AWS_SESSION_TOKEN");
            take_region(environment_region());
            out.source = "environment";
            return out;
        }
        tried += env_access.empty() && env_secret.empty()
                     ? "; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
                 : env_access.empty() ? "; AWS_ACCESS_KEY_ID is not set"
                                      : "; AWS_SECRET_ACCESS_KEY is not set";
        profile = or_empty(lookup, "AWS_PROFILE");
        if (profile.empty()) profile = "default";
    }

    const std::string path = aws_file(lookup, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    if (!path.empty()) {
        const auto keys = read_section(path, profile);
        if (keys && !value_of(*keys, "aws_access_key_id").empty() &&
            !value_of(*keys, "aws_secret_access_key").empty()) {
            config.access_key = value_of(*keys, "aws_access_key_id");
            config.secret_key = value_of(*keys, "aws_secret_access_key");
            config.session_token = value_of(*keys, "aws_session_token");
            std::string region = environment_region();
            const std::string config_path = aws_file(lookup, "AWS_CONFIG_FILE", "config");
            if (region.empty() && !config_path.empty()) {
                const auto shared = read_section(
                    config_path, profile == "default" ? profile : "profile " + profile);
                if (shared) region = value_of(*shared, "region");
            }
            take_region(region);
            out.source = path + ", profile " + profile;
            if (scenario::readable_by_others(path)) {
                out.warnings.push_back(scenario::warning_of_readable_secret(path));
            }
            return out;
        }
        tried += "; " + path + (keys ? " has no complete keys for profile " : " has no profile ") +
                 profile;
    }
    throw config_error("credentials: no access key and secret found: " + tried +
                       "; add `access_key` and `secret_key` to the workload config, or set "
                       "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

}  // namespace chopsticks::s3
