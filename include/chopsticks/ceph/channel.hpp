#pragma once
/// \file
/// How completions of Ceph's libraries come home. Every core has a channel: a lock-free list that
/// the libraries' threads push finished operations to, and a descriptor that wakes the core once
/// per batch.

#include <atomic>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace chopsticks::ceph {

class channel;

/// What a core's channel counts, for a driver's own figures. Belongs to the core.
struct channel_figures {
    static const std::vector<engine::driver_figure>& declared();

    engine::driver_meters meters{declared()};
    /// From when the library had ended an operation to when its core took it.
    engine::figure_timer& completion_wait = meters.timer(0);
    engine::figure_counter& wakeups = meters.counter(1);  ///< of the core, by completions
    engine::figure_counter& late = meters.counter(2);   ///< completions nobody waited for any more
    engine::figure_gauge& abandoned = meters.gauge(3);  ///< operations that are yet to become such
};

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

/// One asynchronous operation. A driver's own adds all that must stay alive until the library has
/// ended it, which no time-out can hasten. Belongs to its channel's core; between submission and
/// collection a thread of the library's may write `result` and `done_ns`.
class flight {
  public:
    virtual ~flight() = default;
    /// Came home, and nobody waits any more: keeps the books and gives itself back.
    virtual void settle() = 0;

    channel* home = nullptr;
    flight* next = nullptr;  ///< in the channel's list
    std::coroutine_handle<> waiter;
    bool abandoned = false;  ///< nobody waits any more; the channel keeps it
    std::int64_t done_ns = 0;
    std::int64_t result = 0;
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

/// The list and the descriptor of one core. Outlives the core's loop: what a library ends later is
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
    /// Begins to listen on this loop. \param figures counted with until detach; may be null
    void attach(runtime::reactor& loop, channel_figures* figures = nullptr);
    /// Before the loop ends.
    void detach() noexcept;
    /// Resumes who waits for what has ended.
    void collect();
    /// An operation is on its way.
    void launched() noexcept { outstanding_.store(outstanding() + 1, std::memory_order_relaxed); }
    /// One that was launched is at its end.
    void landed() noexcept { outstanding_.store(outstanding() - 1, std::memory_order_relaxed); }
    /// Nobody waits any more for one that was launched.
    void given_up() noexcept {
        if (figures_ != nullptr) figures_->abandoned.add(1);
    }
    /// `f` has come home: its waiter goes on.
    void finish(flight& f);

    /// Operations that the library has not ended, or the core not collected. Any thread.
    std::uint64_t outstanding() const noexcept {
        return outstanding_.load(std::memory_order_relaxed);
    }

  private:
    listener listen();

    alignas(64) std::atomic<flight*> ended_{nullptr};
    alignas(64) std::atomic<std::uint64_t> outstanding_{0};
    runtime::reactor* loop_ = nullptr;
    channel_figures* figures_ = nullptr;
    runtime::fd_watch wake_;
    listener listening_;
};

/// A channel with flights to use, new or used before. On the core's thread.
template <typename Flight>
class channel_of : public channel {
  public:
    Flight& take() {
        if (idle_.empty()) {
            flights_.push_back(std::make_unique<Flight>());
            flights_.back()->home = this;
            idle_.reserve(flights_.size());
            return *flights_.back();
        }
        Flight& f = *idle_.back();
        idle_.pop_back();
        f.abandoned = false;
        return f;
    }
    /// `f` has ended and is not needed any more.
    void give_back(Flight& f) noexcept { idle_.push_back(&f); }

  private:
    std::vector<std::unique_ptr<Flight>> flights_;
    std::vector<Flight*> idle_;
};

/// How a session waits for its flight: until it comes home, its time is over, or it is cancelled.
/// One flight at a time; belongs to its loop's thread.
class flight_wait final : private runtime::deadline {
  public:
    enum class ending : std::uint8_t { came, timed_out, cancelled };

    explicit flight_wait(runtime::reactor& loop);
    ~flight_wait() override;
    flight_wait(const flight_wait&) = delete;
    flight_wait& operator=(const flight_wait&) = delete;

    /// `f` is about to leave.
    void begin(flight& f, std::int64_t until_ns) noexcept;
    /// It never left: nobody waits.
    void call_off() noexcept;
    /// co_await, after begin. What is abandoned is not the session's any more.
    auto end() noexcept {
        struct awaiter {
            flight_wait* self;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> waiter) const noexcept {
                self->flying_->waiter = waiter;
            }
            ending await_resume() const noexcept {
                self->due_ns = 0;
                self->flying_ = nullptr;
                return self->ending_;
            }
        };
        return awaiter{this};
    }
    void cancel() noexcept { abandon(ending::cancelled); }

  private:
    void abandon(ending why) noexcept;
    void expired() override { abandon(ending::timed_out); }

    runtime::reactor& loop_;
    flight* flying_ = nullptr;
    ending ending_ = ending::came;
};

/// Makes an outcome of a flight that did not come home: it ends now, `how` is not `came`.
/// \param what it was, for a person: "read in pool//"
void conclude_abandoned(flight_wait::ending how, const char* what,
                        engine::driver_counters& counters, engine::outcome& out) noexcept;

}  // namespace chopsticks::ceph
