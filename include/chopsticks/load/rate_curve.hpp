#pragma once
/// \file
/// A rate as a function of time, with the number of arrivals that it means (its integral) and the
/// time by which a number of them is reached (the integral's inverse), both in closed form.

#include <chopsticks/load/level_curve.hpp>
#include <cstdint>

namespace chopsticks::load {

/// What the rate does around its level. The mean over a period is the level itself.
struct modulation {
    enum class kind : std::uint8_t {
        none,
        burst,  ///< nothing, but for the first `share` of each period, in which all of it comes
        sine,   ///< level * (1 + share * sin(2 pi t / period))
    };
    kind how = kind::none;
    double period_ns = 0;  ///< > 0 unless none
    double share = 0;      ///< burst: of the period, in (0, 1]; sine: amplitude, in [0, 1]
    double origin_ns = 0;  ///< where a period begins
};

/// Levels in arrivals per second, modulated. A value; immutable; any thread.
class rate_curve {
  public:
    explicit rate_curve(level_curve levels, modulation around = {});
    /// `rate_per_s` for ever.
    explicit rate_curve(double rate_per_s) : rate_curve(level_curve(rate_per_s)) {}

    /// Arrivals expected from the start to `t_ns`: the area under the curve.
    double count(double t_ns) const noexcept;

    /// Arrivals per second at a time.
    double rate(double t_ns) const noexcept;

    class cursor;

  private:
    struct part {
        level_curve::piece line;  // level and slope in arrivals per ns
        double area = 0;          // up to its start
        double sine_start = 0;    // sine_values::part at its start
    };

    /// Values of a sine curve at a time in the period that begins at `window_ns`.
    struct sine_values {
        double part = 0;  // the indefinite integral of the line times the sine
        double area = 0;  // since the start of the part
        double rate = 0;  // arrivals per ns
    };

    double area_within(const part& p, double t_ns) const noexcept;
    sine_values sine_at(const part& p, double t_ns, double window_ns) const noexcept;
    double window_start(double number) const noexcept;

    std::vector<part> parts_;
    modulation around_;
};

/// Goes along a curve: a question costs the same wherever it is asked, as long as the questions
/// never go back. 4 ns on straight lines; on a sine 30 ns for the area and
/// several hundred for the time. One thread. The curve is copied by
/// reference and must outlive it.
class rate_curve::cursor {
  public:
    explicit cursor(const rate_curve& curve) noexcept;

    /// When the area reaches `area` (>= that of the question before): the latest such time, so that
    /// an arrival is never put where the rate is 0. Infinity if it never does.
    double time_of(double area) noexcept;

    /// The area at a time (>= that of the question before).
    double area_at(double t_ns) noexcept;

  private:
    // A stretch without a break: a line, or one period of it.
    struct stretch {
        double start_ns = 0;
        double end_ns = 0;
        double start_area = 0;
        double end_area = 0;
        double rate = 0;  // arrivals per ns at its start; of a sine without it
        double slope = 0;
    };

    /// False: there is no area beyond.
    bool advance() noexcept;
    void begin(double number) noexcept;
    double solve_sine(double area) const noexcept;

    const rate_curve* curve_;
    std::size_t part_ = 0;
    double window_ = 0;     // number of the period that `now_` is of
    bool entered_ = false;  // the part: `window_` is of it
    bool ended_ = false;
    double last_ns_ = 0;
    stretch now_;
};

}  // namespace chopsticks::load
