#include <chopsticks/stats/bounded_series.hpp>

namespace chopsticks::stats {

void bounded_series::add(double value) {
    sum_ += value;
    if (++pending_ < joined_) return;
    values_.push_back(sum_ / static_cast<double>(joined_));
    sum_ = 0;
    pending_ = 0;
    if (values_.size() < most) return;
    for (std::size_t i = 0; i < most / 2; ++i)
        values_[i] = (values_[2 * i] + values_[2 * i + 1]) / 2;
    values_.resize(most / 2);
    joined_ *= 2;
}

bool bounded_watch::enough(const bounded_series& series) {
    if (series.joined() != joined_) {
        // It is half as long now; the watch would wait for a length that there may never be.
        joined_ = series.joined();
        watch_ = confidence_watch(target_);
    }
    return watch_.enough(series.values());
}

}  // namespace chopsticks::stats
