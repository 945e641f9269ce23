#pragma once
/// \file
/// How much load there is over time: straight lines, one after the other.

#include <cstdint>
#include <vector>

namespace chopsticks::load {

/// A part of a plan: from the level before it to `level` over `ramp_ns`, then at `level` for the
/// rest. Levels are arrivals per second, or users.
struct stage {
    std::int64_t duration_ns = 0;  ///< > 0, the ramp included
    double level = 0;              ///< >= 0
    std::int64_t ramp_ns = 0;      ///< 0: a step; at most `duration_ns`
};

/// A level as a function of time, in nanoseconds from the start of the load: pieces of straight
/// lines; after the last one its end's level holds for ever. A value; immutable once built; any
/// thread.
class level_curve {
  public:
    struct piece {
        double start_ns;
        double end_ns;  ///< of the last piece: infinity
        double level;   ///< at its start
        double slope_per_ns;
    };

    /// `level` >= 0 for ever.
    explicit level_curve(double level = 0);

    /// Appends: a straight line from the last level to `level` over `duration_ns` >= 0, which then
    /// holds. A duration of 0 is a step.
    void line_to(double level, std::int64_t duration_ns);
    /// Appends: the last level for `duration_ns` >= 0.
    void hold(std::int64_t duration_ns);
    /// Appends the stages.
    void append(const std::vector<stage>& stages);

    /// Never empty.
    const std::vector<piece>& pieces() const noexcept { return pieces_; }

    /// The level at a time >= 0; at a step, that after it.
    double at(double t_ns) const noexcept;

    /// The first time from `from_ns` on at which the level is at least `level`; infinity if never.
    double first_at_least(double level, double from_ns) const noexcept;

  private:
    std::vector<piece> pieces_;
};

}  // namespace chopsticks::load
