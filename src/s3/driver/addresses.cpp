#include "addresses.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <iterator>

namespace chopsticks::s3 {

namespace {

bool is_loopback(const target_address& t) noexcept {
    if (t.address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(t.address);
        return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(t.address);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/// On loopback, where the answer is there at once; after a second it is taken for none.
bool refuses(const target_address& t) noexcept {
    const int fd = ::socket(t.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{1, 0};
    if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const bool taken =
        fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&t.address), t.length) == 0;
    if (fd >= 0) ::close(fd);
    return !taken;
}

/// `localhost` is 127.0.0.1 and ::1, and most servers of a test listen on one of them. Users are
/// spread over all addresses of a name, so the other one would fail half of the operations.
void leave_out_deaf_loopback(std::vector<target_address>& of_name) {
    if (of_name.size() < 2 || !std::all_of(of_name.begin(), of_name.end(), is_loopback)) return;
    std::vector<target_address> heard;
    std::remove_copy_if(of_name.begin(), of_name.end(), std::back_inserter(heard), refuses);
    // Nobody there: the driver says so in its own words, of all of them.
    if (!heard.empty()) of_name = std::move(heard);
}

/// All addresses of one endpoint, in the resolver's order.
void resolve(const endpoint_url& url, std::size_t endpoint, std::vector<target_address>& out) {
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
    std::vector<target_address> of_name;
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
        of_name.push_back(std::move(t));
    }
    ::freeaddrinfo(found);
    leave_out_deaf_loopback(of_name);
    std::move(of_name.begin(), of_name.end(), std::back_inserter(out));
}

/// "http://127.0.0.1:3128": where the proxy is, which nobody else has to resolve.
std::string proxy_address(const proxy_settings& proxy) {
    endpoint_url at;
    at.host = proxy.host;
    at.port = proxy.port;
    std::vector<target_address> found;
    try {
        resolve(at, 0, found);
    } catch (const config_error&) {
        throw config_error("proxy " + proxy.url + ": cannot resolve \"" + proxy.host +
                           "\"; check proxy.url in the workload config");
    }
    return proxy.url.substr(0, proxy.url.find("://") + 3) + found.front().text;
}

/// Of an endpoint whose name another resolves.
target_address named(const endpoint_url& url, std::size_t endpoint) {
    target_address t;
    t.endpoint = endpoint;
    t.host = url.host;
    t.text = (url.ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
    return t;
}

}  // namespace

std::vector<endpoint_url> endpoint_urls(const settings& config) {
    std::vector<endpoint_url> urls;
    for (const std::string& text : config.endpoints)
        urls.push_back(parse_endpoint_url(text));
    CHOPSTICKS_ASSERT(!urls.empty());
    for (const endpoint_url& url : urls) {
        if (url.tls == urls.front().tls) continue;
        throw config_error("endpoints: all must be http or all https: " + urls.front().text() +
                           " and " + url.text());
    }
    return urls;
}

std::vector<target_address> find_addresses(const settings& config,
                                           const std::vector<endpoint_url>& urls) {
    std::vector<target_address> out;
    const std::string via = config.proxy.is_given() ? proxy_address(config.proxy) : std::string();
    for (std::size_t i = 0; i < urls.size(); ++i) {
        endpoint_url at = urls[i];
        // The bucket's own name may have other addresses than the endpoint's.
        if (config.virtual_host) at.host = config.bucket + "." + at.host;
        if (config.proxy.resolves()) {
            out.push_back(named(at, i));
            continue;
        }
        try {
            resolve(at, i, out);
        } catch (const config_error&) {
            if (!config.virtual_host) throw;
            // Test set-ups have no DNS for bucket names; the Host field is what the server reads.
            resolve(urls[i], i, out);
        }
    }
    for (target_address& one : out)
        one.via = via;
    return out;
}

request_options writer_options(const settings& config, const endpoint_url& url,
                               const std::string& key_prefix) {
    request_options r;
    r.who = credentials{config.access_key, config.secret_key, config.session_token};
    r.region = config.region;
    r.host = url.host_header();
    r.bucket = config.bucket;
    r.style = config.virtual_host ? addressing::virtual_host : addressing::path;
    r.payload = config.payload == payload_signing::hashed ? payload_mode::hashed
                                                          : payload_mode::unsigned_payload;
    r.key_prefix = key_prefix;
    return r;
}

}  // namespace chopsticks::s3
