#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <cmath>
#include <utility>

namespace chopsticks::load {

namespace {

constexpr double slack = 1e-6;

}  // namespace

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

task_mix::task_mix(std::span<const double> weights, std::uint64_t seed)
    : random_(mix64(seed, 0x6d6978)) {
    CHOPSTICKS_ASSERT(!weights.empty());
    double sum = 0;
    for (const double w : weights) {
        CHOPSTICKS_ASSERT(std::isfinite(w) && w >= 0);
        sum += w;
    }
    CHOPSTICKS_ASSERT(sum > 0);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0) continue;
        candidate c;
        c.share = weights[i] / sum;
        c.index = static_cast<std::uint32_t>(i);
        candidates_.push_back(c);
    }
}

void task_mix::refill() noexcept {
    std::size_t filled = 0;
    for (candidate& c : candidates_) {
        c.owed += c.share * block_draws;
        // Those that must be in this block. The slack is for what no double holds exactly.
        while (c.owed >= 1 - slack && filled < block_draws) {
            block_[filled++] = c.index;
            c.owed -= 1;
        }
        // What is ahead of its share comes last: by rounding alone, if ever.
        c.ends = (1 - c.owed) / c.share + (c.owed > slack ? 0 : 1e18);
    }
    // Each that is owed a part of a draw may have the whole; the rest goes to those that must have
    // theirs first.
    const std::size_t open = std::min(block_draws - filled, candidates_.size());
    if (open > 0) {
        const auto last = candidates_.begin() + static_cast<std::ptrdiff_t>(open);
        // Equal ends by index, so that nothing but the weights decides.
        std::partial_sort(candidates_.begin(), last, candidates_.end(),
                          [](const candidate& a, const candidate& b) {
                              return a.ends != b.ends ? a.ends < b.ends : a.index < b.index;
                          });
        for (auto c = candidates_.begin(); c != last; ++c) {
            block_[filled++] = c->index;
            c->owed -= 1;
        }
    }
    CHOPSTICKS_ASSERT(filled == block_draws);
    for (std::size_t i = block_draws - 1; i > 0; --i) {
        std::swap(block_[i], block_[random_.below(i + 1)]);
    }
    used_ = 0;
}

}  // namespace chopsticks::load
