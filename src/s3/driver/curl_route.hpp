#pragma once
/// \file
/// Where the requests of a handle of libcurl's go, by what way, and what protects them there.

#include <curl/curl.h>

#include <chopsticks/s3/workload/settings.hpp>
#include <string>

#include "connection.hpp"

namespace chopsticks::s3 {

/// Belongs to its handle, which refers to it.
class curl_route {
  public:
    curl_route() = default;
    curl_route(const curl_route&) = delete;
    curl_route& operator=(const curl_route&) = delete;

    /// Once, before the first transfer. Nothing of the environment (proxies) is looked at.
    void apply(CURL* handle, const settings& config, const target_address& to);
    /// What precedes a target in a request, which a proxy is to forward; empty: nothing.
    const std::string& origin() const noexcept { return origin_; }
    /// Whether libcurl can use a connection of this kind again.
    bool keeps_connections() const noexcept { return keeps_connections_; }

  private:
    void choose_proxy(CURL* handle, const settings& config, const target_address& to);

    std::string pinned_;      ///< "::ADDRESS:PORT": where to connect to, whatever the URL names
    curl_slist pinned_to_{};  ///< that, as libcurl takes it
    std::string origin_;
    bool keeps_connections_ = true;
};

}  // namespace chopsticks::s3
