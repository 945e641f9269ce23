#pragma once
/// \file
/// A log-linear histogram of nanoseconds, compatible with HdrHistogram V2 in layout and encoding.

#include <bit>
#include <chopsticks/core/error.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::stats {

/// Counts of values from 1 ns to 1 h at 1 to 5 significant decimal digits, as HdrHistogram lays
/// them out (unit magnitude 0; G. Tene, "HdrHistogram: A High Dynamic Range Histogram"). Zero has a
/// bucket of its own; a negative value (two clock readings of different cores can cross) counts as
/// zero. Values above 1 h are clamped to 1 h and also counted in `over_range`. Min, max and sum are
/// exact for the values after that clamping. One writer; no thread safety: an object belongs to one
/// core, or to the collector.
///
/// Memory: address space for all counters at construction (33,792 of 8 bytes at 3 digits,
/// page-aligned), resident only where values fell. `record` is a few ns and never allocates; it may
/// fault in a page. A moved-from histogram may only be assigned to or destroyed.
class histogram {
  public:
    static constexpr std::int64_t lowest_ns = 1;
    static constexpr std::int64_t highest_ns = 3'600'000'000'000;

    /// Digits outside of 1 to 5 are a bug. Throws std::bad_alloc when there is no address space.
    explicit histogram(int significant_digits = 3);
    histogram(const histogram& other);
    histogram(histogram&& other) noexcept;
    histogram& operator=(const histogram& other);
    histogram& operator=(histogram&& other) noexcept;
    ~histogram();

    void record(std::int64_t ns) noexcept { put(ns, 1); }
    void record_n(std::int64_t ns, std::uint64_t n) noexcept {
        if (n != 0) put(ns, n);
    }

    /// Adds all counts of another histogram. Of other digits: each bucket goes in at its lower
    /// edge's equivalent here; min, max, sum and count stay exact.
    void add(const histogram& other) noexcept;

    /// Takes out counts that were added. Min and max stay where the bucket that holds them still
    /// has counts, and are edges of buckets otherwise. False, and nothing changes, if the other has
    /// other digits, or counts that are not in this one.
    bool remove(const histogram& other) noexcept;

    /// Empties it; touches only the octaves that were used.
    void clear() noexcept;

    int significant_digits() const noexcept { return digits_; }
    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t over_range() const noexcept { return over_range_; }
    std::int64_t min() const noexcept { return count_ == 0 ? 0 : min_; }  ///< exact; 0 when empty
    std::int64_t max() const noexcept { return max_; }                    ///< exact; 0 when empty
    double sum() const noexcept {
        return static_cast<double>(sum_);
    }  ///< exact up to double rounding
    double mean() const noexcept;    ///< exact; 0 when empty
    double stddev() const noexcept;  ///< from bucket midpoints, population form; 0 when empty

    /// The highest value equivalent to the bucket that holds the given percentile (0 to 100; beyond
    /// is clamped), at most max(); the definition of HdrHistogram's getValueAtPercentile.
    /// Percentile 0 is min(), the percentile of the last value is max(). 0 when empty.
    std::int64_t value_at_percentile(double percentile) const noexcept;

    /// How many values are at most `ns` (to the histogram's resolution: all of the bucket of `ns`).
    std::uint64_t count_at_or_below(std::int64_t ns) const noexcept;

    /// "HISTFAAAA...": V2, deflate, base64. What is not in the format (over_range, the exact min,
    /// max and sum) is lost.
    std::string encode() const;

    /// Reads what any HdrHistogram implementation encoded (V2, compressed; range up to 1 h and
    /// other ranges, units and digits whose values fit). Min, max and sum are then those of the
    /// buckets: lowest edge, highest edge, midpoints. Errors: bad_message for anything malformed or
    /// truncated, not_supported for another encoding (V0, V1, uncompressed), a shifted or a scaled
    /// histogram, value_too_large for a count of values above 1 h. Memory is bounded by the
    /// histogram's own size, time by the length of the text and the number of buckets, whatever the
    /// text says. \param inflated_max message_size for a text that inflates to more bytes
    static result<histogram> decode(std::string_view base64, std::size_t inflated_max = ~0ULL);

    /// Puts back into a decoded histogram what the encoding lost. False, and nothing changes, if
    /// they are figures of other counts: an extreme in another bucket, a mean outside of them.
    bool restore(std::int64_t min_ns, std::int64_t max_ns, double mean_ns,
                 std::uint64_t over_range) noexcept;

  private:
    // Sums of 64-bit values times 64-bit counts: exact, where a double would round from 2^53 on.
    __extension__ typedef unsigned __int128 wide;

    struct reader;  // of the encoded form

    // The layout in two formulas. With k = half_bits_, a value whose highest bit is m > k lies in
    // octave m - k, in which 2^k buckets are 2^(m - k) wide; octave 0 holds 0 to 2^(k+1) - 1
    // exactly.
    unsigned octave_of(std::uint64_t value) const noexcept {
        const std::uint64_t floor = (2ULL << half_bits_) - 1;
        return static_cast<unsigned>(std::bit_width(value | floor)) - half_bits_ - 1;
    }
    std::size_t index_of(std::uint64_t value) const noexcept {
        const unsigned octave = octave_of(value);
        return (static_cast<std::size_t>(octave) << half_bits_) + (value >> octave);
    }

    void put(std::int64_t ns, std::uint64_t n) noexcept {
        if (ns > highest_ns) [[unlikely]] {
            ns = highest_ns;
            over_range_ += n;
        }
        ns = ns < 0 ? 0 : ns;
        const auto value = static_cast<std::uint64_t>(ns);
        const unsigned octave = octave_of(value);
        counts_[(static_cast<std::size_t>(octave) << half_bits_) + (value >> octave)] += n;
        touched_ |= 1ULL << octave;
        count_ += n;
        sum_ += static_cast<wide>(value) * n;
        min_ = ns < min_ ? ns : min_;
        max_ = ns > max_ ? ns : max_;
    }

    std::size_t bucket_count() const noexcept;
    void add_finer(const histogram& other) noexcept;
    void add_by_lower_edge(const histogram& other, std::uint64_t octaves) noexcept;
    void take_extremes(const histogram& other) noexcept;
    void find_extremes() noexcept;

    // What `put` writes comes first and fits one cache line.
    std::uint64_t* counts_;
    std::uint64_t touched_ = 0;  // a bit per octave, so that clear and add skip pages never written
    wide sum_ = 0;
    std::uint64_t count_ = 0;
    std::int64_t min_ = highest_ns;
    std::int64_t max_ = 0;
    unsigned half_bits_;
    int digits_;
    std::uint64_t over_range_ = 0;
};

}  // namespace chopsticks::stats
