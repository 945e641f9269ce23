#include <algorithm>
#include <chopsticks/compare/permutation.hpp>
#include <cmath>
#include <numeric>
#include <vector>

namespace chopsticks::compare {

namespace {

/// Arrangements as extreme as the observed one are counted with it, whatever the rounding of sums.
constexpr double tie_rounding = 1e-9;

/// n over k, or more than arrangements_most.
std::uint64_t ways_to_choose(std::size_t n, std::size_t k) {
    std::uint64_t ways = 1;
    k = std::min(k, n - k);
    for (std::size_t i = 1; i <= k; ++i) {
        ways = ways * (n - k + i) / i;
        if (ways > arrangements_most) break;
    }
    return ways;
}

/// Counts what is at least as extreme as the observed sum, on either side.
class tails {
  public:
    tails(double observed, double scale)
        : low_(observed + tie_rounding * scale), high_(observed - tie_rounding * scale) {}

    void add(double sum) {
        below_ += sum <= low_ ? 1 : 0;
        above_ += sum >= high_ ? 1 : 0;
        ++all_;
    }

    permutation_test test() const {
        const auto all = static_cast<double>(all_);
        const double tail = static_cast<double>(std::min(below_, above_)) / all;
        return {std::min(1.0, 2 * tail), std::min(1.0, 2 / all), true};
    }

  private:
    double low_;
    double high_;
    std::uint64_t below_ = 0;
    std::uint64_t above_ = 0;
    std::uint64_t all_ = 0;
};

/// Goes through all subsets of a size with the sum of each.
class subsets {
  public:
    subsets(const std::vector<double>& values, std::size_t size) : values_(values), size_(size) {}

    template <typename Visit>
    void go(const Visit& visit, std::size_t from = 0, std::size_t taken = 0, double sum = 0) const {
        if (taken == size_) {
            visit(sum);
            return;
        }
        for (std::size_t i = from; i + (size_ - taken) <= values_.size(); ++i)
            go(visit, i + 1, taken + 1, sum + values_[i]);
    }

  private:
    const std::vector<double>& values_;
    std::size_t size_;
};

}  // namespace

permutation_test permute(std::span<const double> from, std::span<const double> to) {
    permutation_test out;
    if (from.empty() || to.empty()) return out;
    std::vector<double> all(from.begin(), from.end());
    all.insert(all.end(), to.begin(), to.end());
    const std::uint64_t ways = ways_to_choose(all.size(), to.size());
    if (ways > arrangements_most) return out;
    const auto n = static_cast<double>(all.size());
    // About the mean of all, the sum of one side says all about the difference of the means.
    const double mean = std::accumulate(all.begin(), all.end(), 0.0) / n;
    double scale = 0;
    for (double& x : all) {
        x -= mean;
        scale = std::max(scale, std::abs(x));
    }
    double observed = 0;
    for (std::size_t i = from.size(); i < all.size(); ++i)
        observed += all[i];
    tails found(observed, scale);
    subsets(all, to.size()).go([&](double sum) { found.add(sum); });
    return found.test();
}

permutation_test permute_signs(std::span<const double> differences) {
    permutation_test out;
    const std::size_t n = differences.size();
    if (n == 0 || n >= 64 || (std::uint64_t{1} << n) > arrangements_most) return out;
    const double observed = std::accumulate(differences.begin(), differences.end(), 0.0);
    double scale = 0;
    for (const double d : differences)
        scale = std::max(scale, std::abs(d));
    const std::uint64_t ways = std::uint64_t{1} << n;
    tails found(observed, scale);
    for (std::uint64_t signs = 0; signs < ways; ++signs) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i)
            sum += (signs >> i & 1) != 0 ? -differences[i] : differences[i];
        found.add(sum);
    }
    return found.test();
}

}  // namespace chopsticks::compare
