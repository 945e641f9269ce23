#pragma once
/// \file
/// What a workload config says to this workload: `redis: {address: 127.0.0.1:6379, database: 0}`.

#include <chopsticks/plugin/plugin.hpp>
#include <cstdint>
#include <string>

namespace redis_example {

struct settings final : chopsticks::scenario::workload_settings {
    std::string host;  ///< empty: not said; a run refuses to guess
    std::string port = "6379";
    std::uint32_t database = 0;

    /// The greatest object: a user keeps one in memory.
    static constexpr std::uint64_t object_most = 64 << 20;

    std::string address() const {
        const bool of_ip6 = host.find(':') != std::string::npos;
        return (of_ip6 ? "[" + host + "]" : host) + ":" + port;
    }

    chopsticks::scenario::echo_fields echo() const override;
    void find_again(const chopsticks::scenario::echo_fields& echoed) override;
    void check(chopsticks::scenario::group& of, std::vector<std::string>& warnings) const override;
    bool as_calibrated() const override { return false; }
    std::string target(bool dummy) const override;
    std::vector<std::pair<std::string, std::string>> planned_target(bool dummy) const override;
    std::string place(const std::string& prefix) const override;
    std::string cleanup_command(const std::string& run_id,
                                const std::string& prefix) const override;
};

/// For the catalogue.
const chopsticks::scenario::catalogue::workload& describe();

/// What has to be known before anybody is asked.
const chopsticks::scenario::target_rule& target();

/// Makes `resp` and `dummy`.
std::unique_ptr<chopsticks::engine::driver> make_driver(
    const chopsticks::engine::driver_request& wanted);

/// Looks for what earlier runs left.
std::unique_ptr<chopsticks::engine::cleanup> open_cleanup(
    const chopsticks::engine::cleanup_request& asked);

/// Which operation a step is: the rows of describe(), in their order.
enum class command : std::uint16_t { set, get, exists, del, incr };

}  // namespace redis_example
