#pragma once
/// \file
/// How many operations a run does at most, dealt to its cores.

#include <atomic>
#include <chopsticks/engine/run.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// One number for all cores of a process; where somebody steers the load, one for each core, so
/// that with the same seed a core of the world does the same in whatever process it is. What a core
/// has that does nothing is everybody's then, and once a user was sent away all of it is: the limit
/// is met whoever is there to meet it. All cores; nothing allocates once it was dealt.
class operation_limit {
  public:
    /// Before the cores begin.
    void deal(const run_options& options) {
        const std::uint64_t all = options.plan->stop.operations;
        const bool by_core = options.control != nullptr;
        parts_ = std::vector<part>(by_core ? options.cores : 1);
        for (unsigned core = 0; core < parts_.size(); ++core) {
            run_options one = options;
            one.cores_in_all = options.world_cores();
            one.first_core += core;
            one.cores = by_core ? 1 : options.cores;
            parts_[core].left = one.share_of(all);
        }
    }

    /// What this core of the process takes from.
    std::atomic<std::uint64_t>& of(unsigned core) noexcept {
        return parts_[core < parts_.size() ? core : 0].left;
    }

    /// Nobody, and no rate, is wanted of any group on this core now, or somebody is again.
    void set_resting(unsigned core, bool rests) noexcept {
        if (core < parts_.size()) parts_[core].rests.store(rests, std::memory_order_relaxed);
    }
    /// A user was sent away.
    void share_all() noexcept { shared_.store(true, std::memory_order_relaxed); }

    /// Takes one operation from another core. False: there is none to be had; and the load of a
    /// core that rests is over with that of the others.
    bool borrow(unsigned core) noexcept {
        for (unsigned i = 0; i < parts_.size(); ++i) {
            std::uint64_t left = may_take(core, i);
            while (left > 0) {
                if (parts_[i].left.compare_exchange_weak(left, left - 1, std::memory_order_relaxed))
                    return true;
            }
        }
        short_.store(true, std::memory_order_relaxed);
        return false;
    }
    bool could_borrow(unsigned core) const noexcept {
        for (unsigned i = 0; i < parts_.size(); ++i) {
            if (may_take(core, i) > 0) return true;
        }
        return false;
    }
    /// Somebody wanted one and got none.
    bool fell_short() const noexcept { return short_.load(std::memory_order_relaxed); }

  private:
    /// Cores write what others read seldom.
    struct alignas(64) part {
        std::atomic<std::uint64_t> left{0};
        std::atomic<bool> rests{false};
    };

    /// How many a core could have of another's.
    std::uint64_t may_take(unsigned core, unsigned from) const noexcept {
        const part& other = parts_[from];
        const bool open =
            shared_.load(std::memory_order_relaxed) || other.rests.load(std::memory_order_relaxed);
        return core != from && open ? other.left.load(std::memory_order_relaxed) : 0;
    }

    std::vector<part> parts_;
    std::atomic<bool> shared_{false};
    std::atomic<bool> short_{false};
};

}  // namespace chopsticks::engine
