#pragma once
/// \file
/// The arithmetic of HdrHistogram's bucket layout, apart from the histogram because the decoder
/// also meets the layouts of other units and ranges. Pure functions; any thread.

#include <array>
#include <bit>
#include <chopsticks/core/assert.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace chopsticks::stats {

/// k of the layout: 2^(k+1) is the least power of two that is at least 2 * 10^digits, the number of
/// values that are counted one by one.
inline unsigned half_bits_of(int digits) {
    CHOPSTICKS_ASSERT(digits >= 1 && digits <= 5);
    constexpr std::array<unsigned, 6> bits = {0, 4, 7, 10, 14, 17};
    return bits[static_cast<std::size_t>(digits)];
}

/// Octave 0 has twice as many buckets as the others: its lower half has no octave above it to
/// share.
constexpr std::size_t bucket_count_of(unsigned half_bits, unsigned octaves) noexcept {
    return (static_cast<std::size_t>(octaves) + 1) << half_bits;
}

/// Indices [first, last) of one octave.
constexpr std::pair<std::size_t, std::size_t> octave_range(int octave,
                                                           unsigned half_bits) noexcept {
    const auto o = static_cast<std::size_t>(octave);
    return {o == 0 ? 0 : (o + 1) << half_bits, (o + 2) << half_bits};
}

/// The values a bucket counts: lower to lower + width - 1.
struct bucket {
    std::uint64_t lower;
    std::uint64_t width;

    constexpr std::uint64_t upper() const noexcept { return lower + (width - 1); }
    constexpr std::uint64_t midpoint() const noexcept { return lower + width / 2; }
};

/// `unit_bits`: log2 of the layout's unit; 0 counts single nanoseconds.
constexpr bucket bucket_of(std::size_t index, unsigned half_bits, unsigned unit_bits = 0) noexcept {
    const std::size_t half = std::size_t{1} << half_bits;
    const std::size_t octave = index < 2 * half ? 0 : (index >> half_bits) - 1;
    const std::uint64_t position = index - (octave << half_bits);
    return {position << (octave + unit_bits), 1ULL << (octave + unit_bits)};
}

/// Calls visit(index, count) for every count that is not zero, upwards.
template <typename Visit>
void for_each_count(const std::uint64_t* counts, std::uint64_t touched, unsigned half_bits,
                    Visit visit) {
    for (; touched != 0; touched &= touched - 1) {
        const auto [first, last] = octave_range(std::countr_zero(touched), half_bits);
        for (std::size_t i = first; i < last; ++i) {
            if (counts[i] != 0) visit(i, counts[i]);
        }
    }
}

}  // namespace chopsticks::stats
