#pragma once
/// \file
/// One HTTP request, as an exporter of metrics or radosgw's admin API is asked.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chopsticks::ceph::beside {

constexpr std::size_t http_body_max = std::size_t{16} << 20;

/// "http://HOST[:PORT][/PATH]" taken apart. None: it is no such URL.
struct http_place {
    std::string host;  ///< without the brackets of an IPv6 address
    std::string port = "80";
    std::string path = "/";
};
std::optional<http_place> parse_http_place(std::string_view url);

/// As the field `Host` of a request to it has it.
std::string host_field(const http_place& of);

/// What it answered.
struct http_answer {
    int status = 0;
    std::string body;
};

/// Asks it. Blocks for at most `timeout_ns`, and for as long as a name server takes. None: there is
/// no whole answer, then `problem` says why. \param fields further ones of the request, each with
/// its line's end. Any thread.
std::optional<http_answer> http_ask(const http_place& from, const std::string& fields,
                                    std::int64_t timeout_ns, std::string& problem);

/// The body of a 200 answer. Blocks for at most `timeout_ns`, and for as long as a name server
/// takes. Empty: none, then `problem` says why. Any thread.
std::string http_get(const http_place& from, std::int64_t timeout_ns, std::string& problem);

}  // namespace chopsticks::ceph::beside
