#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <cmath>
#include <utility>

namespace chopsticks::load {

task_choice::task_choice(std::span<const double> weights) {
    CHOPSTICKS_ASSERT(!weights.empty());
    const std::size_t n = weights.size();
    double sum = 0;
    for (const double w : weights) {
        CHOPSTICKS_ASSERT(std::isfinite(w) && w >= 0);
        sum += w;
    }
    CHOPSTICKS_ASSERT(sum > 0);

    // Scaled so that the average cell is full at 1; what an overfull weight has above 1 fills up
    // the cells of the small ones.
    std::vector<double> scaled(n);
    std::vector<std::uint32_t> small;
    std::vector<std::uint32_t> large;
    for (std::size_t i = 0; i < n; ++i) {
        scaled[i] = weights[i] / sum * static_cast<double>(n);
        (scaled[i] < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
    }
    cells_.resize(n);
    while (!small.empty() && !large.empty()) {
        const std::uint32_t low = small.back();
        const std::uint32_t high = large.back();
        small.pop_back();
        cells_[low] = {static_cast<std::uint64_t>(scaled[low] * 0x1p64), high};
        scaled[high] = (scaled[high] + scaled[low]) - 1;
        if (scaled[high] < 1) {
            large.pop_back();
            small.push_back(high);
        }
    }
    // What is left is full up to rounding, and then its alias does not matter. Only a weight of
    // zero that rounding left without a partner must not get its cell.
    const auto heaviest = static_cast<std::uint32_t>(
        std::max_element(weights.begin(), weights.end()) - weights.begin());
    for (const auto& rest : {large, small}) {
        for (const std::uint32_t i : rest)
            cells_[i] = {0, weights[i] == 0 ? heaviest : i};
    }
}

balanced_words::balanced_words(std::uint64_t seed) noexcept
    : random_(mix64(seed, 0x62616c)), last_(random_()) {}

void balanced_words::refill() noexcept {
    for (auto& word : block_) {
        last_ += 0x9e3779b97f4a7c15ULL;  // 2^64 / golden ratio
        word = last_;
    }
    for (std::size_t i = block_.size() - 1; i > 0; --i) {
        std::swap(block_[i], block_[random_.below(i + 1)]);
    }
    used_ = 0;
}

}  // namespace chopsticks::load
