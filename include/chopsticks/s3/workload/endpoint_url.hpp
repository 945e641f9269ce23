#pragma once
/// \file
/// Where an S3 endpoint is.

#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// An endpoint URL taken apart. No path, query or user name: those belong elsewhere.
struct endpoint_url {
    bool tls = false;
    std::string host;  ///< without the brackets of an IPv6 address
    std::uint16_t port = 0;
    bool ipv6 = false;  ///< host is an IPv6 address literal

    /// An address has no sub-domains, so no virtual hosts.
    bool is_address() const {
        return ipv6 || host.find_first_not_of("0123456789.") == std::string::npos;
    }

    /// As it goes into the Host header: brackets where needed, the port unless it is the default.
    std::string host_header() const;
    /// "https://host:port", port only unless it is the default.
    std::string text() const;
};

/// Error: config_error without place ("endpoint \"...\": ..."), for callers to complete.
endpoint_url parse_endpoint_url(std::string_view text);

}  // namespace chopsticks::s3
