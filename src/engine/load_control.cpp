#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/engine/load_control.hpp>

namespace chopsticks::engine {

const load_control::group_numbers& load_control::of(std::size_t group) const noexcept {
    CHOPSTICKS_ASSERT(group < groups_.size());
    return groups_[group];
}

load_control::group_numbers& load_control::of(std::size_t group) noexcept {
    CHOPSTICKS_ASSERT(group < groups_.size());
    return groups_[group];
}

void load_control::want_users(std::size_t group, std::uint64_t users) noexcept {
    of(group).wanted_users.store(users, std::memory_order_relaxed);
}

void load_control::want_rate_share(std::size_t group, std::uint32_t millionths) noexcept {
    of(group).wanted_share.store(std::min(millionths, whole_rate), std::memory_order_relaxed);
}

std::uint64_t load_control::users_alive(std::size_t group) const noexcept {
    return of(group).alive.load(std::memory_order_relaxed);
}

std::uint64_t load_control::wanted_users(std::size_t group) const noexcept {
    return of(group).wanted_users.load(std::memory_order_relaxed);
}

std::uint32_t load_control::wanted_rate_share(std::size_t group) const noexcept {
    return of(group).wanted_share.load(std::memory_order_relaxed);
}

void load_control::user_came(std::size_t group) noexcept {
    of(group).alive.fetch_add(1, std::memory_order_relaxed);
}

void load_control::user_left(std::size_t group) noexcept {
    [[maybe_unused]] const std::uint64_t before =
        of(group).alive.fetch_sub(1, std::memory_order_relaxed);
    CHOPSTICKS_ASSERT(before > 0);
}

}  // namespace chopsticks::engine
