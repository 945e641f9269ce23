// What a control answer that was not the right one means, for a person.

#include "explain.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/core/unsupported.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <cstdlib>
#include <initializer_list>

namespace chopsticks::s3 {

namespace {

constexpr std::size_t text_most_bytes = 200;

std::string quoted_start(const std::string& body) {
    const std::string text = short_text(body.substr(0, 80));
    return text.empty() ? "" : " (\"" + text + "\")";
}

/// "bucket.host", as virtual-host addressing asks for it.
std::string bucket_host(const core_state& core, const std::string& endpoint) {
    return core.options.config->bucket + "." + parse_endpoint_url(endpoint).host;
}

std::string not_like_s3(const control_reply& reply, const core_state& core,
                        const std::string& endpoint) {
    const std::string_view root = find_xml_root(reply.body).name;
    if (core.options.config->virtual_host) {
        const std::string host = bucket_host(core, endpoint);
        return endpoint +
               (root == "ListAllMyBucketsResult"
                    ? ": the server answers for all buckets where one was asked for: it does not "
                      "take the bucket from the host name \"" +
                          host + "\""
                    : ": what answers for the host name \"" + host + "\" does not do so like S3") +
               (reply.server.empty() ? "" : " (server: " + short_text(reply.server) + ")") +
               "; write `addressing: path`, or tell the server its domain name (Ceph: "
               "rgw_dns_name, MinIO: MINIO_DOMAIN)";
    }
    return endpoint + ": this does not answer like S3" +
           (reply.server.empty() ? "" : " (server: " + short_text(reply.server) + ")");
}

/// What servers say, in plain text, to http at their https port: Go's, nginx, Apache.
bool wants_tls(const control_reply& reply) {
    if (reply.status < 400 || reply.status >= 500) return false;
    for (const char* const said :
         {"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port",
          "speaking plain HTTP to an SSL-enabled server port"}) {
        if (reply.body.find(said) != std::string::npos) return true;
    }
    return false;
}

std::string explain_silence(const control_reply& reply, const std::string& endpoint) {
    // Whoever got as far as TLS is up, and what failed says itself how to mend it.
    if (reply.problem.starts_with("TLS ")) return endpoint + ": " + reply.problem;
    const bool closed = reply.problem.find("before it answered") != std::string::npos;
    return reply.problem + "; is the endpoint " + endpoint + " up, and is it the right one?" +
           (closed && endpoint.starts_with("http:")
                ? " An https port ends http connections so: write https:// then"
                : "");
}

}  // namespace

bool is_unserved(const control_reply& reply) noexcept {
    return reply.problem.empty() && (reply.status == 501 || reply.status == 405);
}

bool lists_no_uploads(const control_reply& reply) {
    if (is_unserved(reply)) return true;
    const bool success = reply.problem.empty() && reply.status >= 200 && reply.status < 300;
    return success && find_xml_root(reply.body).name == "ListBucketResult";
}

engine::support support_said_by(int status, std::string_view code) noexcept {
    const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
        return std::find(words.begin(), words.end(), code) != words.end();
    };
    if (means_unsupported(native_code::of_http(status), code)) return engine::support::unsupported;
    // Some say with 400 that a token has expired.
    if (status == 401 || status == 403 ||
        is_one_of({"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestExpired",
                   "AuthorizationHeaderMalformed"})) {
        return engine::support::refused;
    }
    return engine::support::unknown;
}

std::string short_text(std::string_view text) {
    std::string out(text_most_bytes, '\0');
    out.resize(write_plain_text(text, out));
    if (out.size() > text_most_bytes - 4) out += "...";
    while (out.ends_with(' '))
        out.pop_back();
    return out;
}

std::string explain_no_listing(const control_reply& reply, const core_state& core,
                               const std::string& endpoint) {
    return not_like_s3(reply, core, endpoint) +
           ": a listing was asked for and something else came back" + quoted_start(reply.body) +
           "; check the endpoint's address and port";
}

std::string explain(const control_reply& reply, const core_state& core,
                    const std::string& endpoint) {
    if (!reply.problem.empty()) return explain_silence(reply, endpoint);
    error_info error;
    const bool success = reply.status >= 200 && reply.status < 300;
    if (success && !error_in_success(reply.body, error)) return {};
    const settings& config = *core.options.config;
    if (!success) error = parse_error(reply.body);
    const std::string message = short_text(error.message);
    const std::string said = "HTTP " + std::to_string(reply.status) +
                             (error.code.empty() ? "" : " " + std::string(error.code)) +
                             (message.empty() ? (error.code.empty() ? quoted_start(reply.body) : "")
                                              : " (" + message + ")");
    const std::string start = endpoint + ": ";
    if (wants_tls(reply)) {
        return start + "this is an https port; write https:// in the endpoint: " + said;
    }
    if (error.code == "RequestTimeTooSkewed" ||
        (reply.status == 403 && reply.date_s > 0 &&
         std::abs(reply.date_s - wall_ns() / 1'000'000'000) > 15 * 60)) {
        const std::int64_t skew = wall_ns() / 1'000'000'000 - reply.date_s;
        return start + "the clocks differ" +
               (reply.date_s > 0
                    ? ": this machine is " + format_duration(std::abs(skew) * 1'000'000'000) +
                          (skew > 0 ? " ahead of" : " behind") + " the server"
                    : "") +
               "; set this machine's clock (NTP): " + said;
    }
    if (error.code == "InvalidAccessKeyId") {
        return start + "the server does not know the access key \"" + config.access_key +
               "\"; check access_key (or AWS_ACCESS_KEY_ID): " + said;
    }
    if (error.code == "SignatureDoesNotMatch") {
        return start + "the secret key does not belong to the access key \"" + config.access_key +
               "\" (or a proxy changes the Host header); check secret_key (or "
               "AWS_SECRET_ACCESS_KEY): " +
               said;
    }
    if (error.code == "ExpiredToken" || error.code == "TokenRefreshRequired" ||
        error.code == "InvalidToken") {
        // Some say so of temporary credentials with 400, some with 403.
        return start + "the session token of the access key \"" + config.access_key + "\" " +
               (error.code == "InvalidToken" ? "is not valid" : "has expired") +
               "; get new temporary credentials and set all three of them (access_key, "
               "secret_key, session_token): " +
               said;
    }
    if (error.code == "AuthorizationHeaderMalformed" || error.code == "InvalidRegion" ||
        error.code == "PermanentRedirect" || error.code == "IllegalLocationConstraintException") {
        const std::string region = !error.region.empty() ? std::string(error.region) : reply.region;
        return start + "the region \"" + config.region + "\" is wrong" +
               (region.empty() ? "" : ", the server expects \"" + region + "\"") +
               "; set region in the workload config: " + said;
    }
    if (reply.status == 407 && config.proxy.is_given()) {
        return start + "the proxy " + config.proxy.url + " does not let us through" +
               (config.proxy.user.empty()
                    ? "; set proxy.user and proxy.password in the workload config: "
                    : "; check proxy.user and proxy.password in the workload config: ") +
               said;
    }
    if (error.code == "NoSuchBucket") {
        return start + "there is no bucket \"" + config.bucket +
               "\"; create it, name another with --bucket, or set create_bucket: true" +
               (config.virtual_host ? ", or, if it is there, write `addressing: path`: the server "
                                      "may not take buckets from host names such as \"" +
                                          bucket_host(core, endpoint) + "\""
                                    : "") +
               ": " + said;
    }
    if (error.code == "InvalidBucketName") {
        return start + "the server does not accept the bucket name \"" + config.bucket +
               "\"; name another with --bucket: " + said;
    }
    if (error.code == "BucketAlreadyExists") {
        return start + "the bucket \"" + config.bucket +
               "\" belongs to somebody else; name another with --bucket: " + said;
    }
    if (reply.status == 403 && reply.of_listing) {
        return start + "listing the bucket \"" + config.bucket +
               "\" was refused; a run lists it to see that its folder is empty: check the "
               "credentials and the bucket's owner, or allow them s3:ListBucket in its policy: " +
               said;
    }
    if (reply.status == 403) {
        return start + "access to the bucket \"" + config.bucket +
               "\" was denied; check the credentials and the bucket's owner and policy: " + said;
    }
    if (reply.status >= 300 && reply.status < 400) {
        return start + "it redirects" +
               (reply.location.empty() ? "" : " to " + short_text(reply.location)) +
               (reply.region.empty()
                    ? ""
                    : "; the bucket is in the region \"" + short_text(reply.region) + "\"") +
               "; name the right endpoint: " + said;
    }
    if (error.code.empty() && reply.status < 500) {
        return not_like_s3(reply, core, endpoint) +
               "; check the endpoint's address and port: " + said;
    }
    // No XML: what stands before the service, or something else, says so itself.
    if (error.code.empty() && !reply.server.empty()) {
        return start + said + ", from the server \"" + short_text(reply.server) + "\"";
    }
    return start + said;
}

}  // namespace chopsticks::s3
