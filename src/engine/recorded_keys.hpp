#pragma once
/// \file
/// What the keys of a recording stand for in a data set that has other objects.

#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// Belongs to its core. Memory is taken by the constructor, none later.
class recorded_keys {
  public:
    recorded_keys(const scenario::group& group, unsigned cores)
        : objects_(group.data.objects), cores_(cores), seen_(remembered) {}

    /// Which of this core's part of the data set a key stands for.
    std::uint64_t position_of(std::uint64_t key) const noexcept {
        return objects_ > 0 ? key % objects_ / cores_ : 0;
    }
    /// Whether this key was put before, as far as a table of fixed size remembers; from now on it
    /// was.
    bool put_before(std::uint64_t key) noexcept {
        std::uint64_t& place = seen_[key % seen_.size()];
        const bool known = place == key + 1;
        place = key + 1;
        return known;
    }
    void forget(std::uint64_t key) noexcept {
        std::uint64_t& place = seen_[key % seen_.size()];
        if (place == key + 1) place = 0;
    }

  private:
    static constexpr std::size_t remembered = 65536;

    std::uint64_t objects_;
    std::uint64_t cores_;
    std::vector<std::uint64_t> seen_;  ///< keys + 1, each at its own place; 0: none
};

}  // namespace chopsticks::engine
