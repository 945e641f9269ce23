#pragma once
/// \file
/// Exact permutation tests: whether two sides differ, without an assumption about how their values
/// are distributed. R. A. Fisher, "The Design of Experiments", 1935, section 21; E. J. G. Pitman,
/// "Significance tests which may be applied to samples from any populations", Supplement to the
/// Journal of the Royal Statistical Society 4(1), 1937. Pure; any thread.

#include <cstdint>
#include <span>

namespace chopsticks::compare {

struct permutation_test {
    double p = 1;      ///< two-sided: twice the smaller tail
    double least = 1;  ///< the smallest p that so many values can have
    /// There were few enough arrangements to go through all of them. Otherwise p and least are 1.
    bool exact = false;
};

/// Arrangements gone through at most: 10 and 10 values have 184,756.
inline constexpr std::uint64_t arrangements_most = 200'000;

/// By the difference of the means, over all ways to deal the values to two sides of these sizes.
permutation_test permute(std::span<const double> from, std::span<const double> to);

/// By the mean, over all ways to give signs to the differences of pairs.
permutation_test permute_signs(std::span<const double> differences);

}  // namespace chopsticks::compare
