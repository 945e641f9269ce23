#pragma once
/// \file
/// Acknowledged writes on their way from a core to the keeper of the ledgers. The core never waits:
/// where the keeper does not come along, acknowledgements are dropped and counted. What is dropped
/// is in the ledger all the same once the run ends; a run that is killed then has a ledger that
/// expects less.

#include <atomic>
#include <cstdint>
#include <memory>

namespace chopsticks::rbd {

/// `count` blocks from `first` on hold what the entry says.
struct acknowledgement {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t version = 0;
    std::uint32_t image = 0;
    std::uint32_t content = 0;  ///< load::ledger_content
};

/// One thread pushes, one takes.
class ack_ring {
  public:
    static constexpr std::uint64_t capacity = 1 << 16;

    ack_ring() : slots_(std::make_unique<acknowledgement[]>(capacity)) {}

    void push(const acknowledgement& a) noexcept {
        const std::uint64_t at = head_.load(std::memory_order_relaxed);
        if (at - seen_tail_ >= capacity) {
            seen_tail_ = tail_.load(std::memory_order_acquire);
            if (at - seen_tail_ >= capacity) {
                dropped_.store(dropped_.load(std::memory_order_relaxed) + a.count,
                               std::memory_order_relaxed);
                return;
            }
        }
        slots_[at % capacity] = a;
        head_.store(at + 1, std::memory_order_release);
    }

    bool take(acknowledgement& a) noexcept {
        const std::uint64_t at = tail_.load(std::memory_order_relaxed);
        if (at == head_.load(std::memory_order_acquire)) return false;
        a = slots_[at % capacity];
        tail_.store(at + 1, std::memory_order_release);
        return true;
    }

    /// Blocks whose acknowledgement found no room. Any thread.
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  private:
    std::unique_ptr<acknowledgement[]> slots_;
    alignas(64) std::atomic<std::uint64_t> head_{0};
    std::uint64_t seen_tail_ = 0;  // the pusher's
    std::atomic<std::uint64_t> dropped_{0};
    alignas(64) std::atomic<std::uint64_t> tail_{0};
};

}  // namespace chopsticks::rbd
