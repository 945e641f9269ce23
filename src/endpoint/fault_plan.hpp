#pragma once
// Decides which faults hit which request. Rules are fixed; their counts are atomic. Any thread.

#include <atomic>
#include <chopsticks/core/random.hpp>
#include <chopsticks/endpoint/faults.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

namespace chopsticks::endpoint {

/// c servers with one FIFO before them, in virtual time: who arrives is told at once when it will
/// be done, so no queue has to be kept.
class virtual_queue {
  public:
    explicit virtual_queue(std::uint32_t servers) : free_at_(servers, 0) {}

    /// When a request that arrives at `now_ns` and needs `service_ns` is done. Arrivals must come
    /// in order of time; those that are a little late are taken as they come.
    std::int64_t arrive(std::int64_t now_ns, std::int64_t service_ns);

  private:
    std::mutex mutex_;
    std::vector<std::int64_t> free_at_;  // a heap, earliest first
};

/// What is in store for one request. Pointers into the plan, which the holder keeps.
struct fault_decision {
    std::int64_t delay_ns = 0;     ///< the sum of all latency rules
    const fault* shape = nullptr;  ///< the rule that spoils the response, if any
    const fault* drip = nullptr;
    virtual_queue* queue = nullptr;
    std::int64_t service_ns = 0;  ///< in the queue
    bool close = false;
    bool continue_never = false;
    bool continue_twice = false;
    std::uint64_t fired = 0;  ///< rules
    random_stream random{0};  ///< for whatever else needs chance
};

class fault_plan {
  public:
    explicit fault_plan(faults f);

    const faults& rules() const noexcept { return faults_; }
    bool has(fault_kind kind) const noexcept;

    fault_decision on_request(std::string_view operation);

    /// stall_accept, reset_accept or nothing.
    std::optional<fault_kind> on_connection();

  private:
    struct rule_state {
        std::atomic<std::uint64_t> matched{0};
        std::atomic<std::uint64_t> fired{0};
        std::unique_ptr<virtual_queue> queue;
    };

    bool fires(std::size_t rule, random_stream& random);

    const faults faults_;
    std::deque<rule_state> states_;  // as many as rules; atomics do not move
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::uint64_t> connections_{0};
};

std::int64_t draw(const delay_distribution& d, random_stream& random);

}  // namespace chopsticks::endpoint
