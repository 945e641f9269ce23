#pragma once
/// \file
/// A limit of a run that all cores share.

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace chopsticks::engine {

/// Takes operations or bytes from a limit shared by all cores, in batches, so that the shared
/// counter is touched rarely and the limit is still met exactly. Belongs to its core.
class budget {
  public:
    budget(std::atomic<std::uint64_t>* shared, std::uint64_t batch)
        : shared_(shared), batch_(batch) {}
    /// False: the limit is used up.
    bool take(std::uint64_t amount) noexcept {
        if (shared_ == nullptr) return true;
        while (local_ < amount) {
            std::uint64_t left = shared_->load(std::memory_order_relaxed);
            if (left == 0) {
                local_ = 0;  // used up by more than was left
                return false;
            }
            // Small steps near the end, so that no core sits on what another could use.
            const std::uint64_t want =
                std::min(left, std::max<std::uint64_t>(amount, std::min(batch_, left / 8)));
            if (shared_->compare_exchange_weak(left, left - want, std::memory_order_relaxed)) {
                local_ += want;
            }
        }
        local_ -= amount;
        return true;
    }
    bool limited() const noexcept { return shared_ != nullptr; }
    /// Nothing is left, here or for any other core.
    bool used_up() const noexcept {
        return shared_ != nullptr && local_ == 0 && shared_->load(std::memory_order_relaxed) == 0;
    }

  private:
    std::atomic<std::uint64_t>* shared_;  // null: no limit
    std::uint64_t batch_;
    std::uint64_t local_ = 0;
};

}  // namespace chopsticks::engine
