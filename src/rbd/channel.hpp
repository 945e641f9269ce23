#pragma once
/// \file
/// How librbd's completions come home. Every core has a channel: a lock-free list that librbd's
/// threads push finished operations to, and a descriptor that wakes the core once per batch.

#include <rbd/librbd.h>
#include <sys/uio.h>

#include <atomic>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

#include "ack_ring.hpp"
#include "block_table.hpp"

namespace chopsticks::rbd {

class channel;
struct image;

/// Memory for I/O, aligned to pages; grows, never shrinks.
class io_buffer {
  public:
    /// At least `bytes`; true if it is new memory, whose content is undefined.
    bool reserve(std::size_t bytes);
    char* data() const noexcept { return data_.get(); }
    std::size_t capacity() const noexcept { return capacity_; }

  private:
    struct release {
        void operator()(char* p) const noexcept { std::free(p); }
    };
    std::unique_ptr<char, release> data_;
    std::size_t capacity_ = 0;
};

/// What a flight does.
struct flight_kind {
    std::uint16_t code = 0;    ///< of the catalogue
    std::uint32_t pieces = 1;  ///< buffers to scatter to or gather from
};

/// One asynchronous operation with all that must stay alive until librbd has ended it, which no
/// time-out can hasten. Belongs to its channel's core; between submission and collection librbd's
/// thread may write `result` and `done_ns`.
struct flight {
    channel* home = nullptr;
    flight* next = nullptr;  ///< in the channel's list
    std::coroutine_handle<> waiter;
    bool abandoned = false;  ///< nobody waits any more; the channel keeps it
    image* on = nullptr;
    engine::operation op;
    flight_kind kind;  ///< a copy: the flight may outlive the step of its operation
    std::int64_t done_ns = 0;
    std::int64_t result = 0;
    std::uint64_t mismatch = 0;  ///< compare_and_write: where
    io_buffer out;               ///< what is written
    io_buffer expected;          ///< compare_and_write: what must stand there
    io_buffer in;                ///< what is read
    std::vector<iovec> pieces;
    std::vector<block_table::write_mark> writes;
    std::vector<block_table::read_mark> reads;
};

/// A coroutine that its owner destroys while it waits.
class listener {
  public:
    struct promise_type {
        listener get_return_object() noexcept {
            return listener(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };

    listener() = default;
    explicit listener(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    listener(listener&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    listener& operator=(listener&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~listener() {
        if (handle_) handle_.destroy();
    }

  private:
    std::coroutine_handle<promise_type> handle_;
};

/// The list and the descriptor of one core. Outlives the core's loop: what librbd ends later is
/// pushed and stays.
class channel {
  public:
    channel();
    ~channel();
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    /// From any thread: the operation ended, `result` and `done_ns` are set.
    void push(flight& f) noexcept;

    // On the core's thread:
    /// Begins to listen on this loop.
    void attach(runtime::reactor& loop);
    /// Before the loop ends.
    void detach() noexcept;
    /// Resumes who waits for what has ended.
    void collect();
    /// A flight to use, new or used before.
    flight& take();
    /// `f` has ended and is not needed any more.
    void give_back(flight& f) noexcept { idle_.push_back(&f); }
    /// An operation is on its way.
    void launched() noexcept { outstanding_.store(outstanding() + 1, std::memory_order_relaxed); }
    /// One that was launched is at its end.
    void landed() noexcept { outstanding_.store(outstanding() - 1, std::memory_order_relaxed); }
    /// Acknowledged writes are told to this ring from now on; it outlives the channel's use.
    void tell(ack_ring& ring) noexcept { acknowledged_ = &ring; }
    /// Null: nobody is told.
    ack_ring* acknowledged() const noexcept { return acknowledged_; }
    /// What was found wrong on this core.
    engine::wrong_data& found_wrong() noexcept { return found_wrong_; }
    /// `f` has come home: its waiter goes on.
    void finish(flight& f);

    /// Operations that librbd has not ended, or the core not collected. Any thread.
    std::uint64_t outstanding() const noexcept {
        return outstanding_.load(std::memory_order_relaxed);
    }

  private:
    listener listen();

    alignas(64) std::atomic<flight*> ended_{nullptr};
    alignas(64) std::atomic<std::uint64_t> outstanding_{0};
    ack_ring* acknowledged_ = nullptr;
    engine::wrong_data found_wrong_;
    runtime::reactor* loop_ = nullptr;
    runtime::fd_watch wake_;
    listener listening_;
    std::vector<std::unique_ptr<flight>> flights_;
    std::vector<flight*> idle_;
};

/// Drains the event descriptor of one image on one core, for completion_way::eventfd. What other
/// cores submitted is pushed to their channels.
class image_events {
  public:
    image_events() = default;
    ~image_events();
    image_events(const image_events&) = delete;
    image_events& operator=(const image_events&) = delete;

    /// Asks librbd to tell; 0 or -errno. On the thread that opens the image, before any I/O.
    int enable(rbd_image_t of);
    // On the core's thread:
    void attach(runtime::reactor& loop, channel& home);
    void detach() noexcept;

  private:
    listener listen();
    void drain();

    rbd_image_t image_ = nullptr;
    runtime::reactor* loop_ = nullptr;
    channel* home_ = nullptr;
    runtime::fd_watch watch_;
    listener listening_;
};

}  // namespace chopsticks::rbd
