#pragma once
/// \file
/// Answers questions about a run over HTTP while it goes: Prometheus asks for metrics, a browser
/// for a page.

#include <chopsticks/live/monitor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace chopsticks::live {

struct listen_address {
    std::string host;  ///< a numeric address
    std::uint16_t port = 0;

    bool is_loopback() const;
    friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// "9464", ":9464", "127.0.0.1:9464", "[::1]:9464", "localhost:9464"; without an address the
/// loopback's. Throws config_error that names the option.
listen_address parse_listen_address(const std::string& text, const std::string& option,
                                    std::uint16_t default_port);

struct service_options {
    std::optional<listen_address> metrics;
    std::optional<listen_address> page;
    /// Called when somebody presses the page's button, on the service's thread.
    std::function<void()> stop;
};

/// Listens as long as it exists, on one thread of its own whatever there is to serve. Both may be
/// at one address. The page is for whoever has its URL: on the loopback for this host alone, and
/// pages of other sites cannot use it through the browser; elsewhere with a secret in the URL.
class service {
  public:
    /// The monitor outlives it. Throws config_error where it cannot listen.
    service(service_options options, run_monitor& monitor);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    /// Empty: not served. That of the page has its secret, where there is one.
    const std::string& metrics_url() const noexcept;
    const std::string& page_url() const noexcept;

    /// After run_monitor::end: waits until the final figures have been fetched, for at most
    /// `metrics_ns`; and a moment for a page that is open. `given_up` ends it.
    void linger(std::int64_t metrics_ns, const std::function<bool()>& given_up);

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace chopsticks::live
