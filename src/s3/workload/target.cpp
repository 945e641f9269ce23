#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/credentials.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/s3/workload/target.hpp>
#include <cstdlib>
#include <optional>

namespace chopsticks::s3 {

namespace {

settings& own(scenario::workload_settings& of) {
    return static_cast<settings&>(of);
}

void apply(scenario::workload_settings& of, const scenario::target_arguments& typed) {
    settings& s3 = own(of);
    if (!typed.bucket.empty() && !s3.bucket_list.empty()) {
        throw config_error("--bucket: the workload config lists `buckets`; leave one of them out");
    }
    if (!typed.bucket.empty()) s3.bucket = typed.bucket;
    if (!typed.endpoints.empty()) s3.endpoints.clear();
    for (const std::string& e : typed.endpoints) {
        if (e.find('@') != std::string::npos) {
            throw config_error(
                "--endpoint: user names and secrets do not belong in a URL; give --access-key "
                "and AWS_SECRET_ACCESS_KEY");
        }
        endpoint_url url;
        try {
            url = parse_endpoint_url(e);
        } catch (const config_error& error) {
            throw config_error(std::string("--endpoint: ") + error.what());
        }
        if (s3.virtual_host && url.is_address()) {
            throw config_error("--endpoint: " + e +
                               " is an address and has no sub-domains, but the workload config "
                               "says `addressing: virtual`; name the endpoint by its host name, or "
                               "write `addressing: path`");
        }
        s3.endpoints.push_back(url.text());
    }
    if (!typed.access_key.empty() && !s3.credentials.empty()) {
        throw config_error(
            "--access-key: the workload config has a list of users (`credentials`); leave one of "
            "them out");
    }
    if (!typed.access_key.empty()) {
        s3.access_key = typed.access_key;
        s3.secret_key.clear();
    }
}

std::vector<std::string> complete(scenario::workload_settings& of) {
    settings& s3 = own(of);
    if (s3.endpoints.empty()) {
        throw config_error(
            "no target: give --endpoint URL or a --workload-config with an endpoint, or --embedded "
            "to try without a server");
    }
    for (const std::string& name : s3.bucket_names()) {
        if (name.size() <= 63) continue;
        throw config_error("the bucket name " + name +
                           " has more than 63 characters; choose a shorter `bucket`");
    }
    const credentials_origin origin =
        resolve_credentials(s3, [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
        });
    return origin.warnings;
}

void send_nothing(scenario::workload_settings& of) {
    own(of).endpoints = {std::string(nothing_sent_to)};
}

std::string embed(scenario::workload_settings& of, const scenario::embedded_target& at) {
    settings& s3 = own(of);
    s3.endpoints_told = "embedded in this process";
    s3.access_key = at.access_key;
    s3.secret_key = at.secret_key;
    s3.session_token.clear();
    // It knows one user; the buckets stay as many.
    if (s3.bucket_list.empty()) {
        s3.bucket_list = s3.bucket_names();
        if (s3.bucket_list.size() == 1) s3.bucket_list.clear();
    }
    s3.credentials.clear();
    s3.endpoints = {at.url};
    return s3.region;
}

bool is_named(const scenario::workload_settings& of) {
    return !static_cast<const settings&>(of).endpoints.empty();
}

}  // namespace

const scenario::target_rule& target_rule() {
    static constexpr scenario::target_rule rule{apply, complete, send_nothing, embed, is_named};
    return rule;
}

}  // namespace chopsticks::s3
