#pragma once
/// \file
/// A law of popularity over objects that are dealt out to cores: each core chooses among its own
/// only, and the choices of all cores together follow the law.

#include <chopsticks/load/popularity.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::load {

/// Objects of core c of n, when `count` of them are dealt out one by one.
constexpr std::uint64_t dealt_share(std::uint64_t count, std::uint64_t core,
                                    std::uint64_t cores) noexcept {
    return count > core ? (count - core - 1) / cores + 1 : 0;
}

/// One core's part of a law over the world. Belongs to that core; memory is taken by the
/// constructor, none later.
///
/// A core that makes a share of the choices must own objects of that share of the popularity. So
/// the 1024 hottest ranks are given out one by one, each to the core that lacks most; the members
/// of a hot set in proportion. Colder ranks are so many that every core gets an even selection. All
/// cores know the same and agree without a word.
///
/// Where one object is more popular than its core's share of the choices, it is chosen as often as
/// that core chooses, and no oftener: masses() tells.
class owned_picker {
  public:
    owned_picker() = default;
    /// \param shares of the choices by core; they add up to 1. One core: the plain law
    owned_picker(popularity how, std::uint64_t seed, unsigned core, std::vector<double> shares);

    /// A position in [0, n), n > 0: among this core's, of which the world has `world`, dealt out
    /// one by one. Another n or world than in the last call costs up to 60 us. Uniform 3 ns, hot
    /// set 9 ns, zipf 40 ns.
    std::uint64_t pick(random_stream& random, std::uint64_t n, std::uint64_t world) noexcept;

    /// Where cores have other numbers than dealing them out gives; for all later calls of the
    /// second kind of pick. \param counts one per core
    void set_counts(std::vector<std::uint64_t> counts);
    /// As above, of set_counts' numbers.
    std::uint64_t pick(random_stream& random) noexcept;

    /// Popularity of each core's objects in a world of set_counts' numbers; adds up to 1. Equal to
    /// the shares: the law holds.
    std::vector<double> masses() const;

  private:
    void prepare() noexcept;
    void prepare_zipf() noexcept;
    void prepare_hot_set() noexcept;
    std::uint64_t pick_own(random_stream& random) noexcept;
    std::uint64_t rank_behind(double u) const noexcept;
    bool is_plain() const noexcept;

    popularity how_;
    unsigned core_ = 0;
    std::vector<double> shares_{1.0};
    picker plain_;                       ///< where an own rank stands
    std::uint64_t n_ = 0;                ///< own objects
    std::uint64_t world_ = 0;            ///< of all cores
    std::vector<std::uint64_t> counts_;  ///< by core
    std::vector<std::uint64_t> taken_;   ///< of them, ranks (or members of the hot set) given out
    std::vector<double> masses_;         ///< by core, not normalized
    std::vector<double> own_;            ///< zipf: weights of own ranks given out, added up
    std::uint64_t head_ = 0;             ///< zipf: ranks given out one by one
    double tail_ = 0;                    ///< zipf: weight of this core's colder ranks
    double hot_choice_ = 0;              ///< hot set: share of this core's choices
};

}  // namespace chopsticks::load
