#pragma once
/// \file
/// Random numbers: a stateless mixer for values that are a function of an index, and a stream
/// generator for everything drawn in order. Reproducible on every platform.

#include <cmath>
#include <cstdint>

namespace chopsticks {

/// A bijection of 64 bits whose output looks random: splitmix64's finalizer.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// Two values mixed into one; not symmetric.
constexpr std::uint64_t mix64(std::uint64_t a, std::uint64_t b) noexcept {
    return mix64(mix64(a) ^ (b * 0xd6e8feb86659fd93ULL));
}

/// A 64-bit word as a double in [0, 1) with 53 random bits.
constexpr double to_unit(std::uint64_t word) noexcept {
    return static_cast<double>(word >> 11) * 0x1.0p-53;
}

/// xoshiro256++ by Blackman and Vigna (2019), seeded through splitmix64 as they advise. One object
/// belongs to one core. About 1 ns a draw. Satisfies UniformRandomBitGenerator.
class random_stream {
  public:
    using result_type = std::uint64_t;

    explicit constexpr random_stream(std::uint64_t seed) noexcept {
        for (auto& word : state_) {
            word = mix64(seed);
            seed += 0x9e3779b97f4a7c15ULL;
        }
    }

    static constexpr result_type min() noexcept { return 0; }
    static constexpr result_type max() noexcept { return ~0ULL; }

    constexpr result_type operator()() noexcept {
        const std::uint64_t out = rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotl(state_[3], 45);
        return out;
    }

    /// Uniform in [0, 1).
    constexpr double unit() noexcept { return to_unit((*this)()); }

    /// Uniform in [0, bound), bound > 0. Lemire's multiply-shift; its bias is below bound / 2^64.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<wide>((*this)()) * bound) >> 64);
    }

    /// Exponential with mean 1.
    double exponential() noexcept { return -std::log1p(-unit()); }

    /// Standard normal, by Box and Muller's transform (one of the pair is used).
    double normal() noexcept {
        const double radius = std::sqrt(2.0 * exponential());
        return radius * std::cos(6.283185307179586 * unit());
    }

  private:
    static constexpr std::uint64_t rotl(std::uint64_t x, int k) noexcept {
        return (x << k) | (x >> (64 - k));
    }

    std::uint64_t state_[4]{};
};

}  // namespace chopsticks
