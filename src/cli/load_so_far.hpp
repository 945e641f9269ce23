#pragma once
/// \file
/// What a load has come to until now, for those who watch it from another machine.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/locust/message.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::cli {

/// Adds the intervals of a load up. The whole is told each time, so that one of it that is lost
/// does no harm: a few KiB an operation, however long the load goes on. One thread at a time.
class load_so_far {
  public:
    /// \param core_saturated busy share above which a core was the limit
    explicit load_so_far(const stats::layout& names, double core_saturated);

    void add(const engine::interval& one);

    /// Whether enough was added since it was last described.
    bool is_due() const noexcept;

    /// Members of the message `chopsticks_so_far`: docs/reference/locust.md has them.
    locust::json describe(const std::string& run);

  private:
    struct core_time {
        std::int64_t busy_ns = 0;
        std::int64_t span_ns = 0;
    };
    double busiest() const noexcept;

    std::vector<std::string> operations_;
    stats::totals figures_;
    std::vector<core_time> cores_;
    double core_saturated_;
    double seconds_ = 0;
    double described_ = 0;
};

}  // namespace chopsticks::cli
