#include "curl_route.hpp"

#include <chopsticks/s3/workload/endpoint_url.hpp>

namespace chopsticks::s3 {

namespace {

long curl_version_of(http_version wanted) noexcept {
    switch (wanted) {
        case http_version::two:
            return CURL_HTTP_VERSION_2TLS;
        case http_version::two_plain:
            return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
        case http_version::one:
            break;
    }
    return CURL_HTTP_VERSION_1_1;
}

void choose_tls(CURL* handle, const settings& config) {
    ::curl_easy_setopt(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    ::curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, config.tls_insecure ? 0L : 1L);
    ::curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, config.tls_insecure ? 0L : 2L);
    ::curl_easy_setopt(handle, CURLOPT_SSL_SESSIONID_CACHE, config.tls_resumption ? 1L : 0L);
    if (!config.tls_ca_file.empty()) {
        ::curl_easy_setopt(handle, CURLOPT_CAINFO, config.tls_ca_file.c_str());
    }
}

}  // namespace

void curl_route::apply(CURL* handle, const settings& config, const target_address& to) {
    const endpoint_url url = parse_endpoint_url(config.endpoints[to.endpoint]);
    const bool is_v6 = to.host.find(':') != std::string::npos;
    const std::string origin = (url.tls ? "https://" : "http://") +
                               (is_v6 ? "[" + to.host + "]" : to.host) + ":" +
                               std::to_string(url.port);
    ::curl_easy_setopt(handle, CURLOPT_URL, (origin + "/").c_str());
    ::curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, url.tls ? "https" : "http");
    ::curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, curl_version_of(config.http));
    // Before 8.0 libcurl begins HTTP/2 without TLS once more on a connection that has it, and
    // fails.
    keeps_connections_ = config.http != http_version::two_plain ||
                         ::curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000;
    ::curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, keeps_connections_ ? 0L : 1L);
    // A stream of a connection that is being opened, rather than one more connection.
    ::curl_easy_setopt(handle, CURLOPT_PIPEWAIT,
                       config.http == http_version::one || !keeps_connections_ ? 0L : 1L);
    // An address that was found as the run began: libcurl resolves nothing, for which it would
    // start a thread.
    if (to.length > 0) {
        pinned_ = "::" + to.text;
        pinned_to_ = {pinned_.data(), nullptr};
        ::curl_easy_setopt(handle, CURLOPT_CONNECT_TO, &pinned_to_);
    }
    if (config.proxy.kind == proxy_kind::http && config.proxy.is_given() && !url.tls) {
        origin_ = origin;
    }
    choose_proxy(handle, config, to);
    if (url.tls) choose_tls(handle, config);
}

void curl_route::choose_proxy(CURL* handle, const settings& config, const target_address& to) {
    // Empty: none, whatever the environment says.
    ::curl_easy_setopt(handle, CURLOPT_PROXY, to.via.c_str());
    ::curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
    if (to.via.empty()) return;
    // What a proxy answers to CONNECT is no answer of the endpoint.
    ::curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // Said at once: no request goes out twice to learn what the proxy wants.
    ::curl_easy_setopt(handle, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
    ::curl_easy_setopt(handle, CURLOPT_SOCKS5_AUTH, CURLAUTH_BASIC);
    if (config.proxy.user.empty()) return;
    ::curl_easy_setopt(handle, CURLOPT_PROXYUSERNAME, config.proxy.user.c_str());
    ::curl_easy_setopt(handle, CURLOPT_PROXYPASSWORD, config.proxy.password.c_str());
}

}  // namespace chopsticks::s3
