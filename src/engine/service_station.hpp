#pragma once
/// \file
/// The arithmetic of a service_model: when an operation that comes now ends. No clock, no I/O: who
/// asks says what time it is, and waits.

#include <atomic>
#include <chopsticks/scenario/service_model.hpp>
#include <cstdint>
#include <mutex>
#include <vector>

namespace chopsticks::engine {

/// Time that passes but for the stalls: after each `every` of time nothing happens for `stall`.
/// Times count from an origin that is its user's.
class stalled_time {
  public:
    stalled_time() = default;
    stalled_time(std::int64_t every_ns, std::int64_t stall_ns)
        : every_ns_(every_ns), stall_ns_(stall_ns) {}

    /// When work that could begin at `at_ns` >= 0 and takes `work_ns` is done.
    std::int64_t end_of(std::int64_t at_ns, std::int64_t work_ns) const noexcept;

  private:
    std::int64_t every_ns_ = 0;  // 0: there are none
    std::int64_t stall_ns_ = 0;
};

/// What all cores share of a model. Any thread: servers and tokens are behind a lock, which a model
/// without them never takes.
class service_station {
  public:
    explicit service_station(const scenario::service_model& model);

    /// What becomes of an operation. Times are monotonic_ns.
    struct verdict {
        std::int64_t end_ns = 0;
        bool refused = false;  ///< at once: it came faster than the model takes them
    };
    /// \param now_ns not less than begin's, and of one core never less than before
    /// \param work_ns how long it is to be served
    verdict take(std::int64_t now_ns, std::int64_t work_ns);

    /// Stalls count from here. Before the first `take`, and once more before the load.
    void begin(std::int64_t now_ns);

  private:
    bool has_token(std::int64_t now_ns);
    std::int64_t end_of(std::int64_t begin_ns, std::int64_t work_ns) const noexcept;

    double most_per_s_;
    stalled_time time_;
    std::atomic<std::int64_t> origin_ns_{0};
    std::mutex mutex_;
    // Guarded by it.
    std::vector<std::int64_t> free_ns_;  // when each server is free: a heap, the earliest first
    double tokens_;
    std::int64_t tokens_at_ns_ = 0;
};

}  // namespace chopsticks::engine
