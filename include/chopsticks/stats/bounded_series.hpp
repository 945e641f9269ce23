#pragma once
/// \file
/// A series of interval figures that may go on for ever, in fixed memory.

#include <chopsticks/stats/steadiness.hpp>
#include <cstddef>
#include <span>
#include <vector>

namespace chopsticks::stats {

/// Keeps every value until there are `most`; then each two neighbours become their mean, and from
/// there on two new values one of the series, later four, eight, and so on. So it always spans all
/// that was added, in values of equal weight; the newest, which do not make one yet, are not in it.
/// One writer; not thread safe. At most 32 KiB.
class bounded_series {
  public:
    static constexpr std::size_t most = 4096;

    void add(double value);

    std::span<const double> values() const noexcept { return values_; }
    /// How many that were added are one of `values`: 1, 2, 4, ...
    std::size_t joined() const noexcept { return joined_; }

  private:
    std::vector<double> values_;
    std::size_t joined_ = 1;
    double sum_ = 0;  ///< of those that do not make one yet
    std::size_t pending_ = 0;
};

/// Decides when such a series is known well enough, as confidence_watch does of one that only
/// grows.
class bounded_watch {
  public:
    /// \param target relative half-width, e.g. 0.01
    explicit bounded_watch(double target) noexcept : target_(target), watch_(target) {}
    /// True once the mean of all values so far is known well enough.
    bool enough(const bounded_series& series);

  private:
    double target_;
    confidence_watch watch_;
    std::size_t joined_ = 1;
};

}  // namespace chopsticks::stats
