#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/arrival.hpp>

namespace chopsticks::load {

arrival_schedule::arrival_schedule(arrival_kind kind, double rate_per_s, unsigned core,
                                   unsigned cores, std::uint64_t seed) noexcept
    : kind_(kind),
      gap_ns_(1e9 / rate_per_s * cores),
      offset_ns_(1e9 / rate_per_s * core),
      random_(mix64(seed, core)) {
    CHOPSTICKS_ASSERT(rate_per_s > 0);
    CHOPSTICKS_ASSERT(core < cores);
}

double arrival_schedule::next() noexcept {
    if (kind_ == arrival_kind::constant) {
        // A product, no sum: one rounding however long the run. A double counts to 2^53, which is
        // 285 years at a million a second; a due time after 11 days (1e15 ns) is exact to 1/8 ns.
        return offset_ns_ + static_cast<double>(count_++) * gap_ns_;
    }
    // Kahan's compensated sum: what one addition rounds away goes into the next. A billion plain
    // additions would stray by some nanoseconds only, but a week at a million a second by tens of
    // microseconds, always the same way.
    const double gap = random_.exponential() * gap_ns_ - lost_ns_;
    if (gap <= 0) {
        lost_ns_ = -gap;  // a gap smaller than the rounding error; time does not run backwards
        return due_ns_;
    }
    const double due = due_ns_ + gap;
    lost_ns_ = (due - due_ns_) - gap;
    due_ns_ = due;
    return due;
}

}  // namespace chopsticks::load
