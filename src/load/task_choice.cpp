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

namespace {

constexpr auto begins_later = [](const auto& a, const auto& b) { return a.begins() > b.begins(); };
// Equal ends by index, so that nothing but the weights decides.
constexpr auto ends_later = [](const auto& a, const auto& b) {
    return a.ends != b.ends ? a.ends > b.ends : a.index > b.index;
};

}  // namespace

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
        c.spacing = sum / weights[i];
        c.ends = c.spacing;
        c.index = static_cast<std::uint32_t>(i);
        waiting_.push_back(c);
    }
    // Room for all in both: nothing is allocated later.
    allowed_.reserve(waiting_.size());
    std::make_heap(waiting_.begin(), waiting_.end(), begins_later);
}

void task_mix::refill() noexcept {
    const auto move_first = [](auto& from, auto by, auto& to) {
        std::pop_heap(from.begin(), from.end(), by);
        to.push_back(from.back());
        from.pop_back();
    };
    for (std::uint32_t& chosen : block_) {
        // Draw n fills the span from n to n + 1. The slack is for what no double holds exactly.
        while (!waiting_.empty() && waiting_.front().begins() < draw_ + 1 - 1e-6) {
            move_first(waiting_, begins_later, allowed_);
            std::push_heap(allowed_.begin(), allowed_.end(), ends_later);
        }
        if (allowed_.empty()) move_first(waiting_, begins_later, allowed_);  // by rounding alone
        move_first(allowed_, ends_later, waiting_);
        candidate& c = waiting_.back();
        chosen = c.index;
        // A product, no sum: nothing adds up.
        c.drawn += 1;
        c.ends = (c.drawn + 1) * c.spacing;
        std::push_heap(waiting_.begin(), waiting_.end(), begins_later);
        draw_ += 1;
    }
    for (std::size_t i = block_.size() - 1; i > 0; --i) {
        std::swap(block_[i], block_[random_.below(i + 1)]);
    }
    used_ = 0;
}

}  // namespace chopsticks::load
