#include <algorithm>
#include <chopsticks/compare/holm.hpp>
#include <numeric>

namespace chopsticks::compare {

std::vector<double> holm_adjusted(std::span<const double> p) {
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Where equal ones stand makes no difference to what they become.
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
    std::vector<double> out(p.size());
    double so_far = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto left = static_cast<double>(order.size() - i);
        so_far = std::max(so_far, std::min(1.0, left * p[order[i]]));
        out[order[i]] = so_far;
    }
    return out;
}

}  // namespace chopsticks::compare
