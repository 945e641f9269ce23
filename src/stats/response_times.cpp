#include <algorithm>
#include <chopsticks/stats/response_times.hpp>
#include <cmath>
#include <limits>

namespace chopsticks::stats {

namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

/// The value number `rank`, from 1, in ascending order.
double value_at_rank(const histogram& h, double rank) noexcept {
    return static_cast<double>(
        h.value_at_percentile((rank - 0.5) / static_cast<double>(h.count()) * 100));
}

}  // namespace

void response_times::add(const figures& f) {
    answered_.add(f.response);
    bounds_.add(f.response);
    bounds_.add(f.waited);
    shed_ += f.shed;
}

bounded response_times::percentile(double percentile) const noexcept {
    if (unanswered() == 0) {
        const auto exact = static_cast<double>(answered_.value_at_percentile(percentile));
        return {exact, exact};
    }
    const auto all = static_cast<double>(count());
    const double rank = std::clamp(std::ceil(percentile / 100 * all - 1e-6), 1.0, all);
    bounded out;
    out.least = rank <= static_cast<double>(bounds_.count()) ? value_at_rank(bounds_, rank)
                                                             : static_cast<double>(bounds_.max());
    out.most =
        rank <= static_cast<double>(answered_.count()) ? value_at_rank(answered_, rank) : unbounded;
    return out;
}

bounded response_times::unless_all_answered(double least) const noexcept {
    return {least, unanswered() == 0 ? least : unbounded};
}

bounded response_times::max() const noexcept {
    return unless_all_answered(static_cast<double>(bounds_.max()));
}

bounded response_times::mean() const noexcept {
    return unless_all_answered(bounds_.mean());
}

}  // namespace chopsticks::stats
