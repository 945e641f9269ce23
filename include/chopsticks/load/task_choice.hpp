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
/// How: the k-th draw of a weight's share p of all must lie between draws (k - 1) / p and k / p.
/// Taking the one of those allowed whose time ends first keeps to all of that (R. Tijdeman, "The
/// chairman assignment problem", Discrete Mathematics 32, 1980); each 64 are then shuffled. One
/// object belongs to one core. No allocation after construction; about 25 ns a draw for five
/// weights.
class task_mix {
  public:
    /// \param weights as task_choice's
    task_mix(std::span<const double> weights, std::uint64_t seed);

    std::uint32_t next() noexcept {
        if (used_ == block_.size()) refill();
        return block_[used_++];
    }

  private:
    struct candidate {
        double spacing = 0;  // draws from one of it to the next
        double drawn = 0;    // so often so far
        double ends = 0;     // where its next draw must be at the latest
        std::uint32_t index = 0;
        double begins() const noexcept { return ends - spacing; }
    };

    void refill() noexcept;

    random_stream random_;
    std::vector<candidate> waiting_;  // a heap, first to begin in front
    std::vector<candidate> allowed_;  // a heap, first to end in front
    double draw_ = 0;
    std::array<std::uint32_t, 64> block_{};
    std::size_t used_ = 64;
};

}  // namespace chopsticks::load
