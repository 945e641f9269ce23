#pragma once
/// \file
/// Whether the cores of a run can keep a law of popularity together.

#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// What of `total` one of the cores gets: those of all add up to it. Never less of a larger total.
constexpr std::uint64_t dealt(std::uint64_t total, unsigned core, unsigned cores) noexcept {
    return total / cores + (core < total % cores ? 1 : 0);
}

/// Users that a core has of a group, `max_in_flight` in an open loop.
unsigned users_of(const scenario::group& g, unsigned core, unsigned cores) noexcept;

/// Share of the group's tasks that each core does: arrivals are dealt out evenly, users one by one.
/// \param steered how many users a core has is decided while the load goes: all are taken for alike
std::vector<double> task_shares(const scenario::group& g, unsigned cores, bool steered);

/// No task makes, rewrites or removes an object of the data set: every core may read all of it.
bool is_unchanging(const scenario::group& g);

/// One sentence or two where what a core owns is not as popular as it has choices to make, so that
/// the law does not hold; empty where it does. \param masses as owned_picker has them; may be empty
std::string describe_popularity(const scenario::group& g, const std::vector<double>& shares,
                                const std::vector<double>& masses);

}  // namespace chopsticks::engine
