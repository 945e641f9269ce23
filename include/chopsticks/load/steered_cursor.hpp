#pragma once
/// \file
/// A rate curve of which somebody lets a share through that changes as time goes on.

#include <array>
#include <chopsticks/load/rate_curve.hpp>
#include <cstddef>

namespace chopsticks::load {

/// Goes along what is let through of a curve: the area is the curve's own times the share, each
/// stretch with its share, so that whatever the changes are the number of arrivals is the integral
/// of the rate that there was. The curve's shape (bursts, a sine) stays where it is in time. All of
/// it is let through until something else is said; then the answers are those of the curve's own
/// cursor, to the last bit, for a branch more than those cost. Times are nanoseconds from
/// the start of the load. Allocates nothing. One thread; the curve outlives it.
///
/// Of one cursor either times or areas are asked, and questions never go back, but for the last
/// area, which may be asked again after a change.
class steered_cursor {
  public:
    /// So many changes are kept that lie ahead of what was asked. One more, and the first of them
    /// counts as reached.
    static constexpr std::size_t ahead_most = 64;

    explicit steered_cursor(const rate_curve& curve) noexcept
        : ahead_(curve), entry_(curve), along_(curve) {}

    /// From `at_ns` on (>= that of the change before) so much is let through: >= 0; more than 1
    /// multiplies the rate.
    void change(double at_ns, double share) noexcept;

    /// When the area reaches `area`: as rate_curve::cursor has it. Infinity: not before the next
    /// change, if there will be one.
    double time_of(double area) noexcept {
        return changed_ ? steered_time_of(area) : along_.time_of(area);
    }

    double area_at(double t_ns) noexcept {
        return changed_ ? steered_area_at(t_ns) : along_.area_at(t_ns);
    }

  private:
    struct change_ahead {
        double at_ns = 0;
        double share = 0;
        double base = 0;  // the curve's own area there
    };

    /// The area at the next change.
    double next_area() const noexcept {
        return start_area_ + share_ * (changes_[first_].base - start_base_);
    }
    void enter_next() noexcept;
    double steered_time_of(double area) noexcept;
    double steered_area_at(double t_ns) noexcept;

    bool changed_ = false;
    rate_curve::cursor ahead_;  // asked for the last change that was told
    rate_curve::cursor entry_;  // for the one that was reached last
    rate_curve::cursor along_;
    double share_ = 1;
    double start_ns_ = 0;  // of the stretch, with the areas there
    double start_base_ = 0;
    double start_area_ = 0;
    std::array<change_ahead, ahead_most> changes_;  // a ring
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace chopsticks::load
