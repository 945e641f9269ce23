#pragma once
/// \file
/// When open-loop work is due: a plan made from rate and seed alone, before and apart from what
/// happens to the work. Latency is counted from these times, so they are never moved.

#include <chopsticks/core/random.hpp>
#include <cstdint>

namespace chopsticks::load {

enum class arrival_kind : std::uint8_t {
    /// Exponential gaps: arrivals that know nothing of each other, as many independent clients
    /// make.
    poisson,
    /// Equal gaps over all cores together.
    constant,
};

/// The due times of one core. A value; belongs to its core. Constant arrivals are dealt to the
/// cores in turn, so that all cores together are evenly spaced; Poisson arrivals are an independent
/// stream of rate / cores on each core, which add up to a Poisson stream of the whole rate.
class arrival_schedule {
  public:
    /// \param rate_per_s arrivals of all cores together, > 0
    /// \param core in [0, cores)
    /// \param seed of the run; the cores' streams differ by `core`
    arrival_schedule(arrival_kind kind, double rate_per_s, unsigned core, unsigned cores,
                     std::uint64_t seed) noexcept;

    /// The next due time in nanoseconds from the start of the schedule; never less than the one
    /// before. About 20 ns for Poisson, 2 ns for constant.
    double next() noexcept;

    /// Mean nanoseconds between two arrivals of this core.
    double mean_gap_ns() const noexcept { return gap_ns_; }

  private:
    arrival_kind kind_;
    double gap_ns_;
    double offset_ns_;
    std::uint64_t count_ = 0;
    double due_ns_ = 0;
    double lost_ns_ = 0;
    random_stream random_;
};

}  // namespace chopsticks::load
