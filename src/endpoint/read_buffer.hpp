#pragma once
// Where bytes are read that cannot be read in place: charged as objects are, and no larger than
// what comes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "memory.hpp"

namespace chopsticks::endpoint {

/// Of one connection, and its thread.
class read_buffer {
  public:
    static constexpr std::size_t first_bytes = 4 * 1024;
    static constexpr std::size_t bytes_max = 256 * 1024;

    explicit read_buffer(memory_pool& pool) : pool_(pool) {}

    /// Room for the next bytes, not more than `most`. Empty: over the cap.
    std::span<char> prepare(std::uint64_t most);

    /// So many bytes came. Whoever fills all of it gets more the next time, if there is.
    void filled(std::size_t n) noexcept { was_full_ = n == size_; }

    /// Gives the memory back.
    void release() noexcept;

  private:
    bool grow(std::size_t bytes);

    memory_pool& pool_;
    reservation charge_;
    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    bool was_full_ = false;
};

}  // namespace chopsticks::endpoint
