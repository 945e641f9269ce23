#include "addresses.hpp"

#include <netdb.h>

#include <algorithm>
#include <chopsticks/core/assert.hpp>

namespace chopsticks::s3 {

namespace {

/// All addresses of one endpoint, in the resolver's order.
void resolve(const scenario::endpoint_url& url, std::size_t endpoint,
             std::vector<target_address>& out) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_family = AF_UNSPEC;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(url.port);
    const int failed = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
    if (failed != 0) {
        throw config_error("endpoint " + url.text() + ": cannot resolve \"" + url.host +
                           "\": " + ::gai_strerror(failed) +
                           "; check the name in the workload config or --endpoint");
    }
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        target_address t;
        t.endpoint = endpoint;
        std::copy_n(reinterpret_cast<const char*>(a->ai_addr), a->ai_addrlen,
                    reinterpret_cast<char*>(&t.address));
        t.length = a->ai_addrlen;
        t.host = url.host;
        char host[NI_MAXHOST] = "?";
        ::getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
        const bool v6 = a->ai_family == AF_INET6;
        t.text = (v6 ? "[" : "") + std::string(host) + (v6 ? "]:" : ":") + port;
        out.push_back(std::move(t));
    }
    ::freeaddrinfo(found);
}

}  // namespace

std::vector<scenario::endpoint_url> endpoint_urls(const scenario::s3_config& config) {
    std::vector<scenario::endpoint_url> urls;
    for (const std::string& text : config.endpoints)
        urls.push_back(scenario::parse_endpoint_url(text));
    CHOPSTICKS_ASSERT(!urls.empty());
    for (const scenario::endpoint_url& url : urls) {
        if (url.tls == urls.front().tls) continue;
        throw config_error("endpoints: all must be http or all https: " + urls.front().text() +
                           " and " + url.text());
    }
    return urls;
}

std::vector<target_address> find_addresses(const scenario::s3_config& config,
                                           const std::vector<scenario::endpoint_url>& urls) {
    std::vector<target_address> out;
    for (std::size_t i = 0; i < urls.size(); ++i) {
        scenario::endpoint_url at = urls[i];
        // The bucket's own name may have other addresses than the endpoint's.
        if (config.virtual_host) at.host = config.bucket + "." + at.host;
        try {
            resolve(at, i, out);
        } catch (const config_error&) {
            if (!config.virtual_host) throw;
            // Test set-ups have no DNS for bucket names; the Host field is what the server reads.
            resolve(urls[i], i, out);
        }
    }
    return out;
}

request_options writer_options(const scenario::s3_config& config, const scenario::endpoint_url& url,
                               const std::string& key_prefix) {
    request_options r;
    r.who = credentials{config.access_key, config.secret_key, config.session_token};
    r.region = config.region;
    r.host = url.host_header();
    r.bucket = config.bucket;
    r.style = config.virtual_host ? addressing::virtual_host : addressing::path;
    r.payload = config.payload == scenario::payload_signing::hashed
                    ? payload_mode::hashed
                    : payload_mode::unsigned_payload;
    r.key_prefix = key_prefix;
    return r;
}

}  // namespace chopsticks::s3
