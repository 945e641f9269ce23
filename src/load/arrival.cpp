#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/arrival.hpp>
#include <utility>

namespace chopsticks::load {

arrival_schedule::arrival_schedule(arrival_kind kind, rate_curve curve, unsigned core,
                                   unsigned cores, std::uint64_t seed) noexcept
    : kind_(kind),
      core_(core),
      cores_(cores),
      curve_(std::move(curve)),
      cursor_(curve_),
      random_(mix64(seed, core)) {
    CHOPSTICKS_ASSERT(core < cores);
}

double arrival_schedule::next() noexcept {
    if (kind_ == arrival_kind::constant) {
        // Whole numbers, which a double holds exactly to 2^53: 285 years at a million a second.
        area_ = core_ + static_cast<double>(count_++) * cores_;
        return cursor_.time_of(area_);
    }
    // Kahan's compensated sum: what one addition rounds away goes into the next. Plain additions
    // would stray, always the same way, by tens of microseconds in a week at a million a second.
    const double gap = random_.exponential() - lost_;
    if (gap <= 0) {
        lost_ = -gap;  // a gap smaller than the rounding error; time does not run backwards
    } else {
        const double sum = sum_ + gap;
        lost_ = (sum - sum_) - gap;
        sum_ = sum;
    }
    area_ = sum_ * cores_;
    return cursor_.time_of(area_);
}

double arrival_schedule::change(double at_ns, double share) noexcept {
    cursor_.change(at_ns, share);
    return cursor_.time_of(area_);
}

}  // namespace chopsticks::load
