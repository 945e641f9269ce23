#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <chopsticks/stats/gap_figures.hpp>

namespace chopsticks::stats {

void gap_figures::add(const gap_figures& other) noexcept {
    for (std::size_t i = 0; i < class_count; ++i)
        counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    square_sum_ += other.square_sum_;
}

double gap_figures::mean() const noexcept {
    return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

double gap_figures::variation() const noexcept {
    if (count_ == 0 || sum_ <= 0) return 0;
    const double m = mean();
    const double square = square_sum_ / static_cast<double>(count_);
    return std::sqrt(std::max(0.0, square - m * m)) / m;
}

double gap_figures::chi_square() const noexcept {
    if (!is_testable()) return 0;
    const double expected = static_cast<double>(count_) / class_count;
    double sum = 0;
    for (const std::uint64_t n : counts_) {
        const double off = static_cast<double>(n) - expected;
        sum += off * off / expected;
    }
    return sum;
}

double gap_figures::p_value() const {
    if (!is_testable()) return 1;
    return boost::math::gamma_q((class_count - 1) / 2.0, chi_square() / 2);
}

double gap_figures::distance() const noexcept {
    if (count_ == 0) return 0;
    double worst = 0;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i + 1 < class_count; ++i) {
        below += counts_[i];
        const double share = static_cast<double>(below) / static_cast<double>(count_);
        worst = std::max(worst, std::abs(share - static_cast<double>(i + 1) / class_count));
    }
    return worst;
}

}  // namespace chopsticks::stats
