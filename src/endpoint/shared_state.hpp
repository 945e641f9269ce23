#pragma once
// What all connections of a server have in common. Any thread.

#include <array>
#include <atomic>
#include <chopsticks/endpoint/server.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "fault_plan.hpp"
#include "idle_watch.hpp"
#include "operation.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

/// One worker's counts: written by its thread, read by whoever asks.
struct alignas(64) tally {
    using number = std::atomic<std::uint64_t>;

    number requests{0};
    number responses{0};
    number faults{0};
    number connections{0};
    number connections_closed{0};
    number tls_handshakes{0};
    number tls_resumed{0};
    number body_bytes_in{0};
    number body_bytes_out{0};
    std::uint64_t request_ids = 0;  ///< the next one, of all connections; its thread only
    std::array<number, 600> by_status{};
    std::array<number, op_names.size()> by_operation{};

    static void add(number& n, std::uint64_t by = 1) noexcept {
        n.fetch_add(by, std::memory_order_relaxed);
    }
};

struct control_answer {
    int status = 200;
    std::string json;
};

class shared_state {
  public:
    explicit shared_state(endpoint_options o);

    const endpoint_options options;
    service s3;
    std::vector<std::unique_ptr<tally>> tallies;       ///< as many as threads; fixed
    std::vector<std::unique_ptr<idle_watch>> watches;  ///< one of each worker
    std::string url;                                   ///< set by start, before any connection

    /// Null: no faults.
    std::shared_ptr<fault_plan> plan() const;
    void set_faults(const faults& f);

    counters count() const;

    /// What is under /_chopsticks/.
    control_answer control(const request& asked, std::string_view body);

  private:
    mutable std::mutex mutex_;
    std::atomic<bool> any_faults_{false};  ///< saves the lock where there are none
    std::shared_ptr<fault_plan> plan_;
};

}  // namespace chopsticks::endpoint
