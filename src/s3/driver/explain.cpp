// What a control answer that was not the right one means, for a person.

#include "explain.hpp"

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <cstdlib>

namespace chopsticks::s3 {

std::string short_text(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    if (text.size() > 200) text = text.substr(0, 200) + "...";
    return text;
}

std::string explain(const control_reply& reply, const core_state& core,
                    const std::string& endpoint) {
    if (!reply.problem.empty()) {
        // Whoever got as far as TLS is up, and what failed says itself how to mend it.
        if (reply.problem.starts_with("TLS ")) return endpoint + ": " + reply.problem;
        return reply.problem + "; is the endpoint " + endpoint + " up, and is it the right one?";
    }
    if (reply.status >= 200 && reply.status < 300) return {};
    const scenario::s3_config& config = *core.options.config;
    const error_info error = parse_error(reply.body);
    const std::string said =
        "HTTP " + std::to_string(reply.status) +
        (error.code.empty() ? "" : " " + std::string(error.code)) +
        (error.message.empty() ? "" : " (" + short_text(std::string(error.message)) + ")");
    const std::string start = endpoint + ": ";
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
    if (error.code == "AuthorizationHeaderMalformed" || error.code == "InvalidRegion" ||
        error.code == "PermanentRedirect" || error.code == "IllegalLocationConstraintException") {
        const std::string region = !error.region.empty() ? std::string(error.region) : reply.region;
        return start + "the region \"" + config.region + "\" is wrong" +
               (region.empty() ? "" : ", the server expects \"" + region + "\"") +
               "; set region in the workload config: " + said;
    }
    if (error.code == "NoSuchBucket") {
        return start + "there is no bucket \"" + config.bucket +
               "\"; create it, name another with --bucket, or set create_bucket: true: " + said;
    }
    if (error.code == "InvalidBucketName") {
        return start + "the server does not accept the bucket name \"" + config.bucket +
               "\"; name another with --bucket: " + said;
    }
    if (error.code == "BucketAlreadyExists") {
        return start + "the bucket \"" + config.bucket +
               "\" belongs to somebody else; name another with --bucket: " + said;
    }
    if (reply.status == 403) {
        return start + "access to the bucket \"" + config.bucket +
               "\" was denied; check the credentials and the bucket's owner and policy: " + said;
    }
    if (reply.status >= 300 && reply.status < 400) {
        return start + "it redirects" +
               (reply.location.empty() ? "" : " to " + short_text(reply.location)) +
               "; name the right endpoint: " + said;
    }
    if (error.code.empty() && reply.status < 500) {
        return start + "this does not answer like S3" +
               (reply.server.empty() ? "" : " (server: " + short_text(reply.server) + ")") +
               "; check the endpoint's address and port: " + said;
    }
    return start + said;
}

}  // namespace chopsticks::s3
