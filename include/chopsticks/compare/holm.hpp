#pragma once
/// \file
/// Many tests at once. Pure; any thread.

#include <span>
#include <vector>

namespace chopsticks::compare {

/// p-values adjusted so that, whichever of the hypotheses are true, the chance that any true one
/// has an adjusted value of at most alpha is at most alpha: S. Holm, "A simple sequentially
/// rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979. In the
/// order of the input.
std::vector<double> holm_adjusted(std::span<const double> p);

}  // namespace chopsticks::compare
