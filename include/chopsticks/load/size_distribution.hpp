#pragma once
/// \file
/// How large objects are. A size is a pure function of one random word, so that the size of object
/// i is at(mix64(seed, i)): nothing is stored per object, and every core and every later run
/// agrees.

#include <chopsticks/load/task_choice.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::load {

/// A distribution of object sizes in bytes. A value; immutable after construction, so any thread
/// may call the const members. Default-constructed: always 0 bytes. The makers check nothing but by
/// assertion: the scenario parser has refused bad numbers before.
class size_distribution {
  public:
    struct weighted_size {
        std::uint64_t size;
        double weight;
    };
    struct weighted_range {
        std::uint64_t min;
        std::uint64_t max;
        double weight;
    };

    size_distribution() = default;

    static size_distribution fixed(std::uint64_t bytes);

    /// Every size in [min, max] equally likely.
    static size_distribution uniform(std::uint64_t min, std::uint64_t max);

    /// exp(normal(ln median, sigma)), rounded, and cut to [min, max]: what would be outside is at
    /// the bounds. median > 0, sigma >= 0. Object stores look like this: many small objects and few
    /// large ones that hold most of the bytes.
    static size_distribution lognormal(std::uint64_t median, double sigma, std::uint64_t min,
                                       std::uint64_t max);

    /// One of the given sizes, by weight. Not empty; weights > 0, need not add up to one.
    static size_distribution table(std::vector<weighted_size> sizes);

    /// A range by weight, then uniform within it. Not empty; weights > 0.
    static size_distribution mix(std::vector<weighted_range> ranges);

    /// The size that belongs to a random word. 1 to 7 ns; lognormal about 45 ns. No allocation.
    std::uint64_t at(std::uint64_t word) const noexcept;

    std::uint64_t min() const noexcept { return min_; }
    std::uint64_t max() const noexcept { return max_; }

    /// The sizes there are: of a fixed size or a table; the bounds of every range otherwise.
    std::vector<std::uint64_t> sizes() const;

    /// Expected size, exact up to the rounding of a lognormal size to whole bytes.
    double mean() const noexcept { return mean_; }

    /// For people: "64 KiB", "uniform 4 KiB to 1 MiB", ...
    std::string describe() const;

  private:
    enum class kind : std::uint8_t { fixed, uniform, lognormal, ranges };

    kind kind_ = kind::fixed;
    std::uint64_t min_ = 0;
    std::uint64_t max_ = 0;
    double mean_ = 0;
    double log_median_ = 0;
    double sigma_ = 0;
    std::vector<weighted_range> ranges_;  ///< table and mix
    task_choice choice_;                  ///< index into ranges_
};

}  // namespace chopsticks::load
