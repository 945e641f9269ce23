#pragma once
// Where bodies are kept: blocks that are charged against the cap, and bodies as lists of slices of
// them. A get shares the slices, so it survives a delete of its object; a copy or a multipart
// completion shares them too and moves no byte.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace chopsticks::endpoint {

class memory_pool;

/// Bytes charged against the pool's cap, given back on destruction.
class reservation {
  public:
    reservation() = default;
    reservation(reservation&& other) noexcept;
    reservation& operator=(reservation&& other) noexcept;
    ~reservation();

    std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    friend class memory_pool;
    reservation(memory_pool* pool, std::uint64_t bytes) noexcept : pool_(pool), bytes_(bytes) {}

    memory_pool* pool_ = nullptr;
    std::uint64_t bytes_ = 0;
};

/// A piece of memory of fixed size. Written by one body_sink, only read afterwards.
class block {
  public:
    block(memory_pool& pool, std::size_t size, reservation charge);
    ~block();
    block(const block&) = delete;
    block& operator=(const block&) = delete;

    char* data() noexcept { return data_.get(); }
    const char* data() const noexcept { return data_.get(); }
    std::size_t size() const noexcept { return size_; }

  private:
    memory_pool& pool_;
    std::unique_ptr<char[]> data_;
    std::size_t size_;
    reservation charge_;
};

/// Counts what is kept, to the byte, and recycles blocks of the full size: without it every large
/// put costs a page fault per 4 KiB. Any thread. Outlives all blocks and reservations.
class memory_pool {
  public:
    /// Bodies are cut into blocks of this size.
    static constexpr std::size_t block_bytes = 1 << 20;

    explicit memory_pool(std::uint64_t cap) : cap_(cap) {}

    /// Nothing if it would exceed the cap.
    std::optional<reservation> reserve(std::uint64_t bytes) noexcept;

    /// Whether it would not exceed the cap now.
    bool has_room(std::uint64_t bytes) const noexcept;

    std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// A block of zeros, for bodies that were not kept. Made at first use, not charged.
    std::shared_ptr<const block> zeros();

  private:
    friend class reservation;
    friend class block;

    std::unique_ptr<char[]> take();
    void give(std::unique_ptr<char[]> data) noexcept;

    /// Free blocks kept at most: 64 MiB, a few large puts in flight.
    static constexpr std::size_t free_max = 64;

    const std::uint64_t cap_;
    std::atomic<std::uint64_t> used_{0};
    std::mutex mutex_;
    std::vector<std::unique_ptr<char[]>> free_;
    std::shared_ptr<const block> zeros_;
};

/// Bytes of a block that are part of a body.
struct slice {
    std::shared_ptr<const block> owner;
    const char* data = nullptr;
    std::size_t size = 0;
};

/// The content of an object or a part.
struct body {
    std::vector<slice> slices;
    std::uint64_t size = 0;

    void append(const body& other);

    /// `length` bytes from `offset` on; both within the body.
    body part(std::uint64_t offset, std::uint64_t length) const;
};

/// Takes in a body of known or unknown length. One connection uses it at a time.
class body_sink {
  public:
    /// `keep` false: counts only, and finish gives zeros.
    body_sink(memory_pool& pool, bool keep) : pool_(&pool), keep_(keep) {}

    /// So many bytes are announced. They are charged as they come: an announcement alone keeps
    /// nobody else out. False: there is no room for them now.
    bool expect(std::uint64_t bytes) noexcept;

    /// Room for the next bytes, not more than `most`, never empty unless over the cap.
    std::span<char> prepare(std::uint64_t most);

    /// The first n bytes of what prepare gave are filled.
    void commit(std::size_t n) noexcept;

    std::uint64_t size() const noexcept { return size_; }

    /// The body; the sink is empty afterwards.
    body finish();

  private:
    bool grow(std::uint64_t most);

    memory_pool* pool_;
    bool keep_;
    std::uint64_t expected_ = 0;  ///< announced, and not in blocks yet
    std::vector<std::shared_ptr<block>> blocks_;
    std::size_t filled_ = 0;  ///< of the last block
    std::uint64_t size_ = 0;
};

}  // namespace chopsticks::endpoint
