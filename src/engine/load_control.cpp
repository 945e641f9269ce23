#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/scenario/load_plan.hpp>

namespace chopsticks::engine {

load_control::load_control(std::vector<std::uint64_t> users_most) : groups_(users_most.size()) {
    for (std::size_t g = 0; g < groups_.size(); ++g)
        groups_[g].users_most = users_most[g];
}

const load_control::group_numbers& load_control::of(std::size_t group) const noexcept {
    CHOPSTICKS_ASSERT(group < groups_.size());
    return groups_[group];
}

load_control::group_numbers& load_control::of(std::size_t group) noexcept {
    CHOPSTICKS_ASSERT(group < groups_.size());
    return groups_[group];
}

bool load_control::want_users(std::size_t group, std::uint64_t users) noexcept {
    group_numbers& g = of(group);
    g.wanted_users.store(std::min(users, g.users_most), std::memory_order_relaxed);
    if (users <= g.users_most) return true;
    const std::uint64_t beyond = users - g.users_most;
    std::uint64_t before = g.cut.load(std::memory_order_relaxed);
    while (before < beyond &&
           !g.cut.compare_exchange_weak(before, beyond, std::memory_order_relaxed)) {
    }
    return false;
}

void load_control::want_rate_share(std::size_t group, std::uint32_t millionths) noexcept {
    of(group).wanted_share.store(std::min(millionths, whole_rate), std::memory_order_relaxed);
}

std::uint64_t load_control::users_alive(std::size_t group) const noexcept {
    return of(group).alive.load(std::memory_order_relaxed);
}

std::uint64_t load_control::users_cut(std::size_t group) const noexcept {
    return of(group).cut.load(std::memory_order_relaxed);
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

std::string steering_problem(const scenario::scenario& plan) {
    const char* const who = ": who steers a load from outside says how much of it there is";
    for (const scenario::group& g : plan.groups) {
        if (scenario::stages_ns(g) > 0)
            return "group " + g.name + " has `stages`" + who + "; remove them";
        if (g.open && g.open->replay)
            return "group " + g.name + " is a replay" + who + ", a recording has its own rate";
    }
    if (plan.phase.steady_within_ns > 0)
        return std::string("`phases.steady_within`") + who + "; remove it";
    if (plan.stop.confidence > 0) return std::string("`stop.confident`") + who + "; remove it";
    return {};
}

}  // namespace chopsticks::engine
