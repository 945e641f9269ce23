#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

#include "octaves.hpp"

namespace chopsticks::stats {

namespace {

// Pages come straight from the kernel: they are zero, and cost nothing until a value falls into
// them. calloc would recycle freed memory and write zeros into all of it.
std::uint64_t* map_counts(std::size_t buckets) {
    const std::size_t bytes = buckets * sizeof(std::uint64_t);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    // Where transparent huge pages are always on, neighbouring histograms become one mapping, and
    // the first value in each 2 MiB would make all of it resident. Failure (no such pages) is no
    // loss.
    ::madvise(memory, bytes, MADV_NOHUGEPAGE);
    return static_cast<std::uint64_t*>(memory);
}

void unmap_counts(std::uint64_t* counts, std::size_t buckets) noexcept {
    if (counts != nullptr) ::munmap(counts, buckets * sizeof(std::uint64_t));
}

}  // namespace

histogram::histogram(int significant_digits)
    : half_bits_(half_bits_of(significant_digits)), digits_(significant_digits) {
    counts_ = map_counts(bucket_count());
}

histogram::histogram(const histogram& other) : histogram(other.digits_) {
    add(other);
}

histogram::histogram(histogram&& other) noexcept
    : counts_(std::exchange(other.counts_, nullptr)),
      touched_(std::exchange(other.touched_, 0)),
      sum_(std::exchange(other.sum_, 0)),
      count_(std::exchange(other.count_, 0)),
      min_(std::exchange(other.min_, highest_ns)),
      max_(std::exchange(other.max_, 0)),
      half_bits_(other.half_bits_),
      digits_(other.digits_),
      over_range_(std::exchange(other.over_range_, 0)) {}

histogram& histogram::operator=(const histogram& other) {
    if (this == &other) return *this;
    if (counts_ != nullptr && digits_ == other.digits_) {
        clear();
        add(other);
    } else {
        *this = histogram(other);
    }
    return *this;
}

histogram& histogram::operator=(histogram&& other) noexcept {
    if (this == &other) return *this;
    unmap_counts(counts_, bucket_count());
    counts_ = std::exchange(other.counts_, nullptr);
    touched_ = std::exchange(other.touched_, 0);
    sum_ = std::exchange(other.sum_, 0);
    count_ = std::exchange(other.count_, 0);
    min_ = std::exchange(other.min_, highest_ns);
    max_ = std::exchange(other.max_, 0);
    half_bits_ = other.half_bits_;
    digits_ = other.digits_;
    over_range_ = std::exchange(other.over_range_, 0);
    return *this;
}

histogram::~histogram() {
    unmap_counts(counts_, bucket_count());
}

std::size_t histogram::bucket_count() const noexcept {
    return bucket_count_of(half_bits_, octave_of(highest_ns) + 1);
}

void histogram::take_extremes(const histogram& other) noexcept {
    sum_ += other.sum_;
    count_ += other.count_;
    over_range_ += other.over_range_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

void histogram::add(const histogram& other) noexcept {
    if (digits_ == other.digits_) {
        for (std::uint64_t left = other.touched_; left != 0; left &= left - 1) {
            const auto [first, last] = octave_range(std::countr_zero(left), half_bits_);
            for (std::size_t i = first; i < last; ++i)
                counts_[i] += other.counts_[i];
        }
        touched_ |= other.touched_;
    } else if (digits_ < other.digits_) {
        add_finer(other);
    } else {
        add_by_lower_edge(other, other.touched_);
    }
    take_extremes(other);
}

// Interval figures have fewer digits than the recorders they are made of, every second and for
// every core: this is the collector's inner loop. Above octave 0, as many neighbours as the
// layouts' ratio fall into one bucket here, and the next ones into the next.
void histogram::add_finer(const histogram& other) noexcept {
    const unsigned shift = other.half_bits_ - half_bits_;
    for (std::uint64_t left = other.touched_ & ~1ULL; left != 0; left &= left - 1) {
        const int octave = std::countr_zero(left);
        const auto [first, last] = octave_range(octave, other.half_bits_);
        const auto here = static_cast<std::size_t>(octave) + shift;
        std::uint64_t* to = counts_ + ((here + 1) << half_bits_);
        for (std::size_t i = first; i < last; i += std::size_t{1} << shift, ++to) {
            std::uint64_t n = 0;
            for (std::size_t j = 0; j < std::size_t{1} << shift; ++j)
                n += other.counts_[i + j];
            *to += n;
        }
        touched_ |= 1ULL << here;
    }
    add_by_lower_edge(other, other.touched_ & 1);
}

void histogram::add_by_lower_edge(const histogram& other, std::uint64_t octaves) noexcept {
    for_each_count(other.counts_, octaves, other.half_bits_,
                   [&](std::size_t index, std::uint64_t n) {
                       const std::uint64_t value = bucket_of(index, other.half_bits_).lower;
                       counts_[index_of(value)] += n;
                       touched_ |= 1ULL << octave_of(value);
                   });
}

bool histogram::remove(const histogram& other) noexcept {
    if (digits_ != other.digits_ || (other.touched_ & ~touched_) != 0) return false;
    if (over_range_ < other.over_range_) return false;
    bool all_there = true;
    for_each_count(
        other.counts_, other.touched_, half_bits_,
        [&](std::size_t index, std::uint64_t n) { all_there = all_there && counts_[index] >= n; });
    if (!all_there) return false;
    for_each_count(other.counts_, other.touched_, half_bits_,
                   [&](std::size_t index, std::uint64_t n) { counts_[index] -= n; });
    count_ -= other.count_;
    over_range_ -= other.over_range_;
    // Sums of decoded histograms are of midpoints, or rounded: never below nothing.
    sum_ = sum_ > other.sum_ ? sum_ - other.sum_ : 0;
    if (count_ == 0) {
        clear();
    } else {
        find_extremes();
    }
    return true;
}

void histogram::find_extremes() noexcept {
    std::size_t lowest = bucket_count();
    std::size_t highest = 0;
    for_each_count(counts_, touched_, half_bits_, [&](std::size_t index, std::uint64_t) {
        lowest = std::min(lowest, index);
        highest = index;
    });
    if (index_of(static_cast<std::uint64_t>(min_)) != lowest) {
        min_ = static_cast<std::int64_t>(bucket_of(lowest, half_bits_).lower);
    }
    if (index_of(static_cast<std::uint64_t>(max_)) != highest) {
        max_ = static_cast<std::int64_t>(bucket_of(highest, half_bits_).upper());
    }
}

bool histogram::restore(std::int64_t min_ns, std::int64_t max_ns, double mean_ns,
                        std::uint64_t over_range) noexcept {
    if (count_ == 0) return min_ns == 0 && max_ns == 0 && over_range == 0;
    if (min_ns < 0 || max_ns > highest_ns || over_range > count_) return false;
    const auto in_bucket_of = [&](std::int64_t value, std::int64_t extreme) {
        return index_of(static_cast<std::uint64_t>(value)) ==
               index_of(static_cast<std::uint64_t>(extreme));
    };
    if (!in_bucket_of(min_ns, min_) || !in_bucket_of(max_ns, max_)) return false;
    // A mean is written with six decimals, or as many as a double has.
    const double rounding_ns = 1e-6 + 1e-15 * mean_ns;
    const bool between = mean_ns >= static_cast<double>(min_ns) - rounding_ns &&
                         mean_ns <= static_cast<double>(max_ns) + rounding_ns;
    if (!between) return false;
    min_ = min_ns;
    max_ = max_ns;
    sum_ = static_cast<wide>(static_cast<long double>(mean_ns) * static_cast<long double>(count_) +
                             0.5L);
    over_range_ = over_range;
    return true;
}

void histogram::clear() noexcept {
    for (std::uint64_t left = touched_; left != 0; left &= left - 1) {
        const auto [first, last] = octave_range(std::countr_zero(left), half_bits_);
        std::fill(counts_ + first, counts_ + last, 0);
    }
    touched_ = 0;
    sum_ = 0;
    count_ = 0;
    min_ = highest_ns;
    max_ = 0;
    over_range_ = 0;
}

double histogram::mean() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
}

double histogram::stddev() const noexcept {
    if (count_ == 0) return 0;
    // About the mean of the midpoints, not the exact mean: a constant then deviates by exactly 0.
    const auto n = static_cast<double>(count_);
    double mean = 0;
    for_each_count(counts_, touched_, half_bits_, [&](std::size_t index, std::uint64_t count) {
        mean += static_cast<double>(bucket_of(index, half_bits_).midpoint()) *
                (static_cast<double>(count) / n);
    });
    double variance = 0;
    for_each_count(counts_, touched_, half_bits_, [&](std::size_t index, std::uint64_t count) {
        const double off = static_cast<double>(bucket_of(index, half_bits_).midpoint()) - mean;
        variance += off * off * (static_cast<double>(count) / n);
    });
    return std::sqrt(variance);
}

std::int64_t histogram::value_at_percentile(double percentile) const noexcept {
    if (!(percentile > 0)) return min();
    // One ulp down, so that 99.9 % of 1000, which is 999.0000000000001 in doubles, is rank 999.
    const double below = std::nextafter(std::min(percentile, 100.0), 0.0);
    const double exact = std::ceil(below * static_cast<double>(count_) / 100.0);
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(exact));
    if (rank >= count_) return max();

    std::uint64_t seen = 0;
    for (std::uint64_t left = touched_; left != 0; left &= left - 1) {
        const auto [first, last] = octave_range(std::countr_zero(left), half_bits_);
        for (std::size_t i = first; i < last; ++i) {
            seen += counts_[i];
            if (seen >= rank) {
                const auto highest = static_cast<std::int64_t>(bucket_of(i, half_bits_).upper());
                return std::clamp(highest, min_, max_);
            }
        }
    }
    return max();
}

std::uint64_t histogram::count_at_or_below(std::int64_t ns) const noexcept {
    if (ns < 0) return 0;
    if (ns >= highest_ns) return count_;
    const std::size_t end = index_of(static_cast<std::uint64_t>(ns)) + 1;
    std::uint64_t seen = 0;
    for (std::uint64_t left = touched_; left != 0; left &= left - 1) {
        const auto [first, last] = octave_range(std::countr_zero(left), half_bits_);
        for (std::size_t i = first; i < std::min(last, end); ++i)
            seen += counts_[i];
    }
    return seen;
}

}  // namespace chopsticks::stats
