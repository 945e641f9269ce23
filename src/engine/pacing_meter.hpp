#pragma once
/// \file
/// How well one core keeps one group's plan of arrivals.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <chopsticks/load/steered_cursor.hpp>
#include <cstdint>

namespace chopsticks::engine {

/// Takes the gaps between instants, in units of what the curve expects of one core. It is to be
/// told of the measure phase's tasks alone. Belongs to the core. Times are nanoseconds from the
/// start of the load and never go back.
class pacing_meter {
  public:
    pacing_meter(load::rate_curve curve, unsigned cores)
        : curve_(std::move(curve)), planned_(curve_), issued_(curve_), cores_(cores) {}
    pacing_meter(const pacing_meter&) = delete;
    pacing_meter& operator=(const pacing_meter&) = delete;

    void planned(std::int64_t t_ns) noexcept { take(planned_, t_ns, figures_.planned); }
    void issued(std::int64_t t_ns) noexcept { take(issued_, t_ns, figures_.issued); }

    /// From a time on so much of the curve is expected, as of load::steered_cursor.
    void change(std::int64_t at_ns, double share) noexcept {
        planned_.along.change(static_cast<double>(at_ns), share);
        issued_.along.change(static_cast<double>(at_ns), share);
    }

    const pacing_figures& figures() const noexcept { return figures_; }

  private:
    struct stream {
        explicit stream(const load::rate_curve& curve) : along(curve) {}
        load::steered_cursor along;
        double last = -1;  // the area at the instant before; below 0: there was none
    };

    void take(stream& s, std::int64_t t_ns, stats::gap_figures& to) noexcept {
        const double area = s.along.area_at(static_cast<double>(t_ns));
        if (s.last >= 0) to.record((area - s.last) / cores_);
        s.last = area;
    }

    load::rate_curve curve_;
    stream planned_;
    stream issued_;
    double cores_;
    pacing_figures figures_;
};

}  // namespace chopsticks::engine
