#pragma once
/// \file
/// Weighted choices: independent ones in constant time, and a mix that keeps its proportions.

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

/// Indices in proportion to their weights: after any multiple of 64 draws each was chosen its share
/// of them, give or take less than one, where independent draws stray by the root of their number.
/// In between it may be a few more. With as many deletes as puts in a scenario the data set so
/// keeps its size however long the run is, and two runs have the same mix. The order within 64
/// draws is random.
///
/// How: the k-th draw of a weight's share p of all must lie between draws (k - 1) / p and k / p,
/// and there is an order that keeps to that (R. Tijdeman, "The chairman assignment problem",
/// Discrete Mathematics 32, 1980). So there is one by blocks of 64 as well, and taking of the draws
/// allowed in a block those first whose time ends first finds it (earliest deadline first is
/// optimal for jobs of one length). Each block is then shuffled. One object belongs to one core. No
/// allocation after construction; 7 ns a draw for five weights.
class task_mix {
  public:
    /// \param weights as task_choice's
    task_mix(std::span<const double> weights, std::uint64_t seed);

    std::uint32_t next() noexcept {
        if (used_ == block_.size()) refill();
        return block_[used_++];
    }

  private:
    static constexpr std::size_t block_draws = 64;

    struct candidate {
        double share = 0;  // of all draws
        double owed = 0;   // its share of the draws so far, less those it had; above -1, below 1
        double ends = 0;   // draws until its next one must have been
        std::uint32_t index = 0;
    };

    void refill() noexcept;

    random_stream random_;
    std::vector<candidate> candidates_;
    std::array<std::uint32_t, block_draws> block_{};
    std::size_t used_ = block_draws;
};

}  // namespace chopsticks::load
