#pragma once
/// \file
/// Response times of all that was due, also of what was never answered.

#include <chopsticks/stats/recorder.hpp>
#include <cstdint>

namespace chopsticks::stats {

/// What is known of a figure when some of its values are lower bounds only.
struct bounded {
    double least = 0;
    double most = 0;  ///< infinite: nothing bounds it

    /// Whether it matters: by more than a hundredth.
    bool at_least() const noexcept { return most > least * 1.01; }
};

/// Response times of answered, unfinished and shed work together. Unfinished work took longer than
/// it had waited; shed work, and work of which nothing is known above that, takes for ever. So a
/// percentile lies between that of the lower bounds and that in which all unanswered work stands
/// beyond the answered; it is exact as long as its rank is one of the answered. Failures are in
/// none of it.
class response_times {
  public:
    explicit response_times(int digits = 3) : answered_(digits), bounds_(digits) {}

    void add(const figures& f);

    /// Answered, unfinished and shed.
    std::uint64_t count() const noexcept { return bounds_.count() + shed_; }
    std::uint64_t unanswered() const noexcept { return count() - answered_.count(); }
    /// Answered and unfinished: what can be put into a histogram.
    const histogram& bounds() const noexcept { return bounds_; }

    /// Above 0 and at most 100. All zeros when empty.
    bounded percentile(double percentile) const noexcept;
    bounded max() const noexcept;
    bounded mean() const noexcept;
    /// Those that may have taken longer than this: answered later, or not at all.
    std::uint64_t count_above(std::int64_t ns) const noexcept {
        return count() - answered_.count_at_or_below(ns);
    }

  private:
    bounded unless_all_answered(double least) const noexcept;

    histogram answered_;
    histogram bounds_;
    std::uint64_t shed_ = 0;
};

}  // namespace chopsticks::stats
