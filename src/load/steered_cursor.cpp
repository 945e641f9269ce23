#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/steered_cursor.hpp>
#include <limits>

namespace chopsticks::load {

void steered_cursor::change(double at_ns, double share) noexcept {
    CHOPSTICKS_ASSERT(share >= 0);
    changed_ = true;
    if (count_ == ahead_most) enter_next();
    changes_[(first_ + count_++) % ahead_most] = {at_ns, share, ahead_.area_at(at_ns)};
}

void steered_cursor::enter_next() noexcept {
    const change_ahead& next = changes_[first_];
    start_area_ = next_area();
    start_base_ = entry_.area_at(next.at_ns);
    start_ns_ = next.at_ns;
    share_ = next.share;
    // What was asked of the stretch before may lie beyond.
    along_ = entry_;
    first_ = (first_ + 1) % ahead_most;
    --count_;
}

double steered_cursor::steered_time_of(double area) noexcept {
    while (count_ > 0 && area >= next_area())
        enter_next();
    if (share_ <= 0) return std::numeric_limits<double>::infinity();
    const double t_ns = along_.time_of(start_base_ + (area - start_area_) / share_);
    return std::max(t_ns, start_ns_);
}

double steered_cursor::steered_area_at(double t_ns) noexcept {
    while (count_ > 0 && t_ns >= changes_[first_].at_ns)
        enter_next();
    return start_area_ + share_ * (along_.area_at(std::max(t_ns, start_ns_)) - start_base_);
}

}  // namespace chopsticks::load
