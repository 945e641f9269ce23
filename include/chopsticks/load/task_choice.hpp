#pragma once
/// \file
/// A weighted choice in constant time, and the words that make choices come out in proportion.

#include <array>
#include <chopsticks/core/random.hpp>
#include <cstdint>
#include <span>
#include <vector>

namespace chopsticks::load {

/// Picks an index with a probability proportional to its weight: Walker's alias method with Vose's
/// table (M. D. Vose, "A linear algorithm for generating random numbers with a given distribution",
/// IEEE TSE 17(9), 1991). Immutable after construction; any thread. Default-constructed: always 0.
class task_choice {
  public:
    task_choice() = default;

    /// \param weights not empty, each finite and >= 0, at least one > 0. A weight of 0 is never
    /// chosen.
    explicit task_choice(std::span<const double> weights);

    /// The index that belongs to a random word; constant time, about 4 ns.
    std::uint32_t at(std::uint64_t word) const noexcept {
        if (cells_.empty()) return 0;
        // The product's upper half is the cell, its lower half is uniform again within the cell.
        __extension__ using wide = unsigned __int128;
        const auto product = static_cast<wide>(word) * cells_.size();
        const auto index = static_cast<std::uint32_t>(product >> 64);
        const cell& c = cells_[index];
        return static_cast<std::uint64_t>(product) < c.threshold ? index : c.alias;
    }

    /// Number of weights; 0 when default-constructed.
    std::size_t size() const noexcept { return cells_.size(); }

  private:
    struct cell {
        std::uint64_t threshold;
        std::uint32_t alias;
    };
    std::vector<cell> cells_;
};

/// Random words whose choices keep to the weights closely: after k draws each index was chosen its
/// share of k times, give or take a few, where independent words stray by the root of k. With as
/// many deletes as puts in a scenario the data set so keeps its size however long the run is, and
/// two runs have the same mix. The order within 64 draws is random.
///
/// How: multiples of the golden ratio modulo one have the lowest discrepancy of all such sequences
/// (Kuipers, Niederreiter, "Uniform distribution of sequences", 1974, 2.3); each 64 are shuffled.
/// One object belongs to one core. No allocation; about 4 ns a word.
class balanced_words {
  public:
    explicit balanced_words(std::uint64_t seed) noexcept;

    std::uint64_t next() noexcept {
        if (used_ == block_.size()) refill();
        return block_[used_++];
    }

  private:
    void refill() noexcept;

    random_stream random_;
    std::uint64_t last_;
    std::array<std::uint64_t, 64> block_{};
    std::size_t used_ = 64;
};

}  // namespace chopsticks::load
