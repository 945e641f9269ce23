#pragma once
/// \file
/// How a report writes figures.

#include <chopsticks/results/json.hpp>
#include <string>

namespace chopsticks::results {

std::string rate(double per_s);

/// A figure of a histogram, e.g. "p99_ns". ">" before it: some of what was due was not answered, it
/// is a lower bound. "?" after it: of so few values that it is just the greatest of them.
std::string latency(const json& histogram, const char* key);

}  // namespace chopsticks::results
