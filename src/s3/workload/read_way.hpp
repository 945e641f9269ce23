#pragma once
/// \file
/// How requests get to an endpoint: the version of HTTP, a proxy. What the default driver does not
/// do is another one's.

#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/reader.hpp>
#include <string_view>

namespace chopsticks::s3 {

/// `http_version` and `proxy`. Where nobody named a driver, one that can do it is taken, and a
/// warning says so; one that was named and cannot is refused. After the endpoints.
void read_way(scenario::map_reader& keys, settings& s3, scenario::workload_config& out);

/// Throws config_error where the endpoints and the version of HTTP do not go together.
void check_way(const settings& s3);

std::string_view name(http_version version) noexcept;
/// Of a name; nothing else leads to one.
bool find_http_version(std::string_view name, http_version& out) noexcept;

/// "http://host:3128", with socks5 or socks5h as well. Throws config_error, without place.
proxy_settings parse_proxy_url(std::string_view text);

}  // namespace chopsticks::s3
