#pragma once
/// \file
/// Blocks that did not hold what they should. Belongs to one thread at a time.

#include <chopsticks/engine/driver.hpp>
#include <string>

namespace chopsticks::rbd {

/// How many blocks are told of by name.
constexpr std::size_t findings_told = 32;

inline void add_finding(engine::wrong_data& to, std::string text) {
    ++to.places;
    if (to.examples.size() < findings_told) to.examples.push_back(std::move(text));
}

}  // namespace chopsticks::rbd
