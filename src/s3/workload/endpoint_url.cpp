#include <arpa/inet.h>

#include <charconv>
#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>

namespace chopsticks::s3 {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    for (const char c : host) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (!fits) return false;
    }
    return host.front() != '.' && host.front() != '-' && host.find("..") == std::string_view::npos;
}

}  // namespace

std::string endpoint_url::host_header() const {
    std::string out = ipv6 ? "[" + host + "]" : host;
    if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

std::string endpoint_url::text() const {
    return (tls ? "https://" : "http://") + host_header();
}

endpoint_url parse_endpoint_url(std::string_view text) {
    // A URL with a user name may hold a password: it is not repeated.
    if (text.find('@') != std::string_view::npos) {
        throw config_error(
            "endpoint: a URL must not contain a user name or password; use "
            "`access_key` and `secret_key`");
    }
    const std::string quoted = "endpoint \"" + std::string(text.substr(0, 200)) + "\": ";
    const auto refuse = [&](const std::string& why) { return config_error(quoted + why); };

    endpoint_url out;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) {
        throw refuse("has no scheme; write for example http://" +
                     (text.empty() ? "localhost:8000" : std::string(text.substr(0, 200))));
    }
    const std::string scheme = lower(text.substr(0, colon));
    if (scheme != "http" && scheme != "https") {
        throw refuse("has the scheme \"" + scheme + "\"; http or https is wanted");
    }
    out.tls = scheme == "https";
    std::string_view rest = text.substr(colon + 3);
    if (rest.find_first_of("?#") != std::string_view::npos) {
        throw refuse("has a query or fragment; remove it");
    }
    const std::size_t slash = rest.find('/');
    if (slash != std::string_view::npos) {
        if (slash + 1 != rest.size()) {
            throw refuse("has a path; remove it, the bucket is set with `bucket`");
        }
        rest.remove_suffix(1);
    }

    std::string_view port;
    bool has_port = false;
    if (!rest.empty() && rest.front() == '[') {
        const std::size_t close = rest.find(']');
        if (close == std::string_view::npos) throw refuse("has no ']' after its IPv6 address");
        out.host = rest.substr(1, close - 1);
        out.ipv6 = true;
        in6_addr address;
        if (::inet_pton(AF_INET6, out.host.c_str(), &address) != 1) {
            throw refuse("\"" + out.host + "\" is no IPv6 address");
        }
        rest.remove_prefix(close + 1);
        if (!rest.empty()) {
            if (rest.front() != ':') throw refuse("has something after ']' that is no port");
            port = rest.substr(1);
            has_port = true;
        }
    } else {
        const std::size_t mark = rest.find(':');
        if (mark != std::string_view::npos) {
            port = rest.substr(mark + 1);
            has_port = true;
            if (port.find(':') != std::string_view::npos) {
                throw refuse("is an IPv6 address without brackets; write http://[::1]:8000");
            }
        }
        out.host = rest.substr(0, mark);
        if (!is_host_name(out.host)) throw refuse("has no valid host name");
    }
    out.port = out.tls ? 443 : 80;
    if (has_port) {
        unsigned n = 0;
        const auto parsed = std::from_chars(port.data(), port.data() + port.size(), n);
        if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size() || n == 0 ||
            n > 65535) {
            throw refuse("has no valid port; a number from 1 to 65535 is wanted");
        }
        out.port = static_cast<std::uint16_t>(n);
    }
    return out;
}

}  // namespace chopsticks::s3
