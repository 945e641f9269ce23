#pragma once
/// \file
/// Which of n living objects is read next.

#include <chopsticks/core/random.hpp>
#include <cstdint>
#include <string>

namespace chopsticks::load {

enum class popularity_kind : std::uint8_t {
    /// One after the other, round and round.
    sequential,
    /// All equally often, in random order.
    uniform,
    /// The k-th most popular object is chosen in proportion to k^-s.
    zipf,
    /// A share of the choices goes to a fraction of the objects, the rest to the others; uniform
    /// within each.
    hot_set,
};

struct popularity {
    popularity_kind kind = popularity_kind::uniform;
    double zipf_exponent = 0.99;  ///< s > 0; 1 is allowed
    double hot_fraction = 0.1;    ///< of the objects, in (0, 1]
    double hot_share = 0.9;       ///< of the choices, in [0, 1]
};

/// For people: "uniform", "zipf 0.99", ...
std::string describe(const popularity& p);

/// Picks positions by popularity. Constant time and memory for any n; belongs to one core. Pickers
/// of one seed agree on what is popular; for cores with objects of their own see owned_picker.
///
/// Zipf: rejection-inversion, exact for every n and s (W. Hoermann, G. Derflinger,
/// "Rejection-inversion to generate variates from monotone discrete distributions", ACM TOMACS
/// 6(3), 1996). Ranks of `zipf` and members of the hot set are scattered over [0, n) by a bijection
/// made from the seed, so that the popular objects are no neighbours in key order or in age.
class picker {
  public:
    explicit picker(popularity how = {}, std::uint64_t seed = 0) noexcept;

    /// A position in [0, n), n > 0. Constants are recomputed when n differs from the last call's
    /// (about 100 ns). uniform 3 ns, hot_set 9 ns, zipf 35 ns.
    std::uint64_t pick(random_stream& random, std::uint64_t n) noexcept;

    /// Where the k-th most popular of n stands, k in [0, n): the bijection that pick() uses.
    std::uint64_t position_of_rank(std::uint64_t rank, std::uint64_t n) noexcept;

  private:
    void prepare(std::uint64_t n) noexcept;
    std::uint64_t scatter(std::uint64_t rank) const noexcept;
    std::uint64_t zipf_rank(random_stream& random) const noexcept;
    double h_integral(double x) const noexcept;
    double h_integral_inverse(double x) const noexcept;

    popularity how_;
    std::uint64_t n_ = 0;
    std::uint64_t cursor_ = 0;  ///< sequential
    // Scattering: an invertible hash of `mask_`'s bits, walked until it lands below n_.
    std::uint64_t mask_ = 0;
    unsigned shift_ = 1;
    std::uint64_t factors_[3]{};
    // Zipf constants, named as in the paper.
    double h_x1_ = 0;
    double h_n_ = 0;
    double s_ = 0;
    std::uint64_t hot_ = 1;  ///< members of the hot set
};

}  // namespace chopsticks::load
