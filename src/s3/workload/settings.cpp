// What S3's settings say to those who do not know them.

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/shell.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <string_view>

#include "read_way.hpp"

namespace chopsticks::s3 {

namespace {

/// For people: "b-1 and 3 more".
std::string first_and_more(const std::vector<std::string>& names) {
    std::string text = names.front();
    if (names.size() > 1) text += " and " + std::to_string(names.size() - 1) + " more";
    return text;
}

/// What cannot be done where objects are in several buckets.
void check_spread(const scenario::group& of, const settings& s3) {
    const std::string group = "group " + of.name + ": ";
    if (!of.data.reuse.empty()) {
        throw config_error(group +
                           "a data set that is kept (`data.reuse`) is in one bucket; remove "
                           "`buckets` and `credentials` from the workload config, or `data.reuse`");
    }
    if (s3.virtual_host) {
        throw config_error(group +
                           "several buckets need `addressing: path`: a connection goes to the host "
                           "of one bucket");
    }
    for (const scenario::task& task : of.tasks) {
        for (const scenario::step& step : task.steps) {
            if (step.batch <= 1) continue;
            throw config_error(
                group + step.op +
                ": one request is about objects of one bucket, and these are in "
                "several; write `delete`, or remove `buckets` and `credentials` from "
                "the workload config");
        }
    }
}

}  // namespace

std::size_t settings::bucket_count() const {
    if (!bucket_list.empty()) return bucket_list.size();
    if (buckets_made_of_name > 0) return buckets_made_of_name;
    return std::max<std::size_t>(1, credentials.size());
}

std::vector<std::string> settings::bucket_names() const {
    if (!bucket_list.empty()) return bucket_list;
    const std::size_t count = bucket_count();
    if (count == 1 && buckets_made_of_name == 0) return {bucket};
    std::vector<std::string> names;
    for (std::size_t i = 1; i <= count; ++i)
        names.push_back(bucket + "-" + std::to_string(i));
    return names;
}

settings settings::at_bucket(std::size_t number) const {
    settings one = *this;
    one.bucket = bucket_names()[number];
    if (!credentials.empty()) {
        const key_pair& owner = credentials[number % credentials.size()];
        one.access_key = owner.access_key;
        one.secret_key = owner.secret_key;
        one.session_token = owner.session_token;
    }
    one.bucket_list.clear();
    one.buckets_made_of_name = 0;
    one.credentials.clear();
    return one;
}

scenario::echo_fields settings::echo() const {
    const scenario::echo_value none;
    std::vector<std::string> askers;
    for (const key_pair& one : credentials)
        askers.push_back(one.access_key);
    const bool spread = bucket_names() != std::vector<std::string>{bucket};
    scenario::echo_fields all = {
        {"endpoints", endpoints},
        {"access_key", access_key},
        {"session_token_given", !session_token.empty()},
        {"bucket", bucket},
        {"buckets", spread ? scenario::echo_value(bucket_names()) : none},
        {"credentials", askers.empty() ? none : scenario::echo_value(askers)},
        {"create_bucket", create_bucket},
        {"region", region},
        {"addressing", std::string(virtual_host ? "virtual" : "path")},
        {"payload", std::string(payload == payload_signing::hashed ? "hashed" : "unsigned")},
        {"expect_continue_bytes", expect_continue_bytes},
        {"retries", std::uint64_t{retries}},
        {"tls_insecure", tls_insecure},
        {"tls_resumption", tls_resumption},
        {"tls_ca_file", tls_ca_file.empty() ? none : tls_ca_file},
        {"discard_in_kernel", discard_in_kernel},
    };
    // Told where they are asked for only: results of before have none.
    if (versioning) all.emplace_back("versioning", true);
    if (object_lock) all.emplace_back("object_lock", true);
    if (plain_customer_keys) all.emplace_back("plain_customer_keys", true);
    if (http != http_version::one) all.emplace_back("http_version", std::string(name(http)));
    if (proxy.is_given()) all.emplace_back("proxy", proxy.url);
    return all;
}

void settings::find_again(const scenario::echo_fields& echoed) {
    const auto text = [&](std::string_view key) {
        const auto* const found = scenario::find_echoed<std::string>(echoed, key);
        return found != nullptr ? *found : std::string();
    };
    if (const auto* const urls =
            scenario::find_echoed<std::vector<std::string>>(echoed, "endpoints")) {
        endpoints.insert(endpoints.end(), urls->begin(), urls->end());
    }
    if (const std::string name = text("bucket"); !name.empty()) bucket = name;
    if (const auto* const names =
            scenario::find_echoed<std::vector<std::string>>(echoed, "buckets")) {
        bucket_list = *names;
        if (bucket_list.size() > most_buckets) bucket_list.resize(most_buckets);
    }
    // Their secrets only the workload config has.
    if (const auto* const keys =
            scenario::find_echoed<std::vector<std::string>>(echoed, "credentials")) {
        for (const std::string& key : *keys)
            credentials.push_back({key, {}, {}});
    }
    if (const std::string name = text("region"); !name.empty()) region = name;
    virtual_host = text("addressing") == "virtual";
    const auto* const insecure = scenario::find_echoed<bool>(echoed, "tls_insecure");
    tls_insecure = insecure != nullptr && *insecure;
    tls_ca_file = text("tls_ca_file");
    find_http_version(text("http_version"), http);
    try {
        if (const std::string url = text("proxy"); !url.empty()) proxy = parse_proxy_url(url);
    } catch (const config_error&) {
        // The file is damaged: what is asked of the target will say so.
        proxy = {};
    }
    access_key = text("access_key");
}

bool settings::hold_secret() const {
    return !secret_key.empty() || !session_token.empty() || !proxy.password.empty() ||
           secrets_listed;
}

namespace {

/// A key that everybody on the way can read encrypts nothing.
void check_customer_key(const settings& s3, const std::string& group, const scenario::step& step) {
    const bool sends_key = std::any_of(
        step.values.begin(), step.values.end(), [&](const scenario::driver_parameter& p) {
            return p.name == "encryption" && step.word("encryption") == "customer";
        });
    if (!sends_key || s3.plain_customer_keys) return;
    for (const std::string& url : s3.endpoints) {
        if (!url.starts_with("http://") || url == nothing_sent_to) continue;
        throw config_error("group " + group + ": " + step.op + " with encryption: customer sends " +
                           "the key to " + url +
                           ", where everybody on the way can read it; use https, or say "
                           "`plain_customer_keys: true` in the workload config");
    }
}

}  // namespace

void settings::check(scenario::group& of, std::vector<std::string>& warnings) const {
    // S3's own limit, which a service would tell of after ten thousand parts were sent.
    constexpr std::uint64_t most_parts = 10'000;
    check_way(*this);
    if (bucket_count() > 1) check_spread(of, *this);
    for (const scenario::task& task : of.tasks) {
        for (const scenario::step& step : task.steps) {
            check_customer_key(*this, of.name, step);
            if (step.op == "put_retention" && step.word("mode") == "compliance") {
                warnings.push_back("group " + of.name +
                                   ": put_retention with mode: compliance: nobody can remove those "
                                   "objects for " +
                                   std::to_string(step.number("retain")) +
                                   " s; the run leaves them behind, and `chopsticks cleanup` "
                                   "removes them afterwards");
            }
            if (!step.op.starts_with("multipart_")) continue;
            const std::uint64_t part_bytes = step.number("part_size");
            const std::uint64_t most_bytes = of.data.size.max();
            if (most_bytes / part_bytes < most_parts || most_bytes == part_bytes * most_parts) {
                continue;
            }
            throw config_error("group " + of.name + ": " + step.op + ": objects of up to " +
                               format_size(most_bytes) + " would take more than 10,000 parts of " +
                               format_size(part_bytes) +
                               ", and S3 has no more: a part_size of at least " +
                               format_size(most_bytes / most_parts + 1) + " is needed");
        }
    }
}

bool settings::as_calibrated() const {
    const auto is_plain = [](const std::string& url) { return url.starts_with("http://"); };
    return payload == payload_signing::unsigned_payload && !needs_libcurl() &&
           std::all_of(endpoints.begin(), endpoints.end(), is_plain);
}

std::string settings::target(bool dummy) const {
    if (dummy) return "the dummy driver";
    const std::vector<std::string> names = bucket_names();
    std::string text = first_and_more(endpoints) + (names.size() > 1 ? ", buckets " : ", bucket ") +
                       first_and_more(names);
    if (credentials.size() > 1) text += ", as " + std::to_string(credentials.size()) + " users";
    return text;
}

std::vector<std::pair<std::string, std::string>> settings::planned_target(bool dummy) const {
    std::string to = endpoints_told;
    if (to.empty()) {
        for (const std::string& url : endpoints)
            to += (to.empty() ? "" : ", ") + url;
    }
    if (dummy) to = "the dummy driver";
    if (to.empty()) to = "none yet; a run needs --endpoint, a workload config or --embedded";
    const std::vector<std::string> names = bucket_names();
    const bool many = names.size() > 1;
    std::vector<std::pair<std::string, std::string>> out = {{"endpoint", to}};
    out.emplace_back(
        many ? "buckets" : "bucket",
        first_and_more(names) +
            (create_bucket ? many ? ", made where they are not there" : ", made if it is not there"
             : many        ? ", which must be there, each its owner's"
                           : ", which must be there"));
    if (credentials.size() > 1) out.emplace_back("users", std::to_string(credentials.size()));
    return out;
}

std::string settings::place(const std::string& prefix) const {
    const std::vector<std::string> names = bucket_names();
    if (names.size() > 1) return "s3://{" + first_and_more(names) + "}/" + prefix;
    return "s3://" + names.front() + "/" + prefix;
}

std::string settings::cleanup_command(const std::string& run_id, const std::string& prefix) const {
    std::string command = "chopsticks cleanup --run " + run_id;
    // Only the workload config names them all.
    if (bucket_names() != std::vector<std::string>{bucket} || !credentials.empty()) {
        return command + " --workload-config " +
               shell_word(config_file.empty() ? "FILE" : config_file) +
               (endpoints.empty() ? "" : " --endpoint " + shell_word(endpoints.front())) +
               " --prefix " + shell_word(prefix);
    }
    if (!endpoints.empty()) command += " --endpoint " + shell_word(endpoints.front());
    if (!access_key.empty()) command += " --access-key " + shell_word(access_key);
    return command + " --bucket " + shell_word(bucket) + " --prefix " + shell_word(prefix);
}

settings& settings_of(scenario::workload_config& config) {
    return scenario::settings_as<settings>(config, describe_workload().name);
}

const settings& settings_of(const scenario::workload_config& config) {
    return scenario::settings_as<settings>(config, describe_workload().name);
}

}  // namespace chopsticks::s3
