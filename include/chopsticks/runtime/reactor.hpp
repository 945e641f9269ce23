#pragma once
/// \file
/// One event loop per core. All of a core's users, connections, timers and its recorder live on the
/// loop's thread; nothing here but `post` and `request_stop` may be called from another.
///
/// The loop owns its pace: timers due, work handed over, the pump (open-loop dispatcher),
/// coroutines made ready, then one epoll_wait for all descriptors, blocking only if there is
/// nothing else to do. Descriptors are registered once, edge-triggered, so an exchange on a kept
/// connection costs one send, one recv and a share of an epoll_wait; Asio's reactor adds a failing
/// recv or an epoll_ctl to each. A Boost.Asio io_context belongs to every reactor for what is
/// written against Asio.

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/io_context.hpp>
#include <chopsticks/core/waiter.hpp>
#include <chopsticks/runtime/held_up.hpp>
#include <chopsticks/runtime/task.hpp>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace chopsticks::runtime {

/// What a loop does when nothing is ready.
enum class idle_mode : std::uint8_t {
    spin,    ///< never sleeps: least lateness, a whole core
    hybrid,  ///< sleeps, but spins through the last 200 us before something is due
    sleep,   ///< sleeps until something is due: least CPU, lateness of a timer (tens of us)
};
/// "spin", "hybrid", "sleep".
std::string_view name(idle_mode idle) noexcept;

/// A descriptor the loop watches. Lives in whatever owns the descriptor; belongs to the loop's
/// thread. Edge-triggered: a flag is set by the kernel's edge and cleared by whoever found it used
/// up (EAGAIN, or a read shorter than asked for).
struct fd_watch {
    int fd = -1;
    bool readable = false;
    bool writable = false;
    bool hung_up = false;  ///< the peer closed or reset; what it sent before may still be read
    std::coroutine_handle<> reader;
    std::coroutine_handle<> writer;
    std::uint32_t slot = 0;  ///< the reactor's
};

/// Something that must not take for ever. The loop looks at all of them every sweep (25 ms), which
/// costs less than a timer per operation; `expired` is thus late by up to a sweep.
class deadline {
  public:
    virtual ~deadline() = default;
    /// Called on the loop's thread once `due_ns` has passed; it is 0 (none) again by then.
    virtual void expired() = 0;
    std::int64_t due_ns = 0;  ///< monotonic_ns; 0 = none

  private:
    friend class reactor;
    std::size_t position_ = 0;
};

/// Work with due times of its own, asked on every turn of the loop.
class pump {
  public:
    virtual ~pump() = default;
    /// Does what is due at `now_ns`; returns when it wants to be asked again (monotonic_ns).
    virtual std::int64_t run_due(std::int64_t now_ns) = 0;
};

/// Counts of durations, to a sixteenth of their octave: what a loop can afford on every turn, one
/// increment. Whoever takes them over puts them into a histogram. Belongs to the loop's thread.
struct lag_counts {
    static constexpr unsigned half_bits = 4;
    static constexpr std::uint64_t longest_ns = (1ULL << 37) - 1;  ///< 137 s; longer counts as it
    std::array<std::uint32_t, (37 - half_bits + 1) << half_bits> counts{};

    void record(std::int64_t ns) noexcept {
        const std::uint64_t value =
            std::min(ns < 0 ? 0ULL : static_cast<std::uint64_t>(ns), longest_ns + 0ULL);
        const auto octave = static_cast<unsigned>(std::bit_width(value | 31)) - half_bits - 1;
        ++counts[(octave << half_bits) + static_cast<unsigned>(value >> octave)];
    }
    /// The middle of what a position counts.
    static std::int64_t value_of(std::size_t index) noexcept {
        const std::size_t octave = index < (2U << half_bits) ? 0 : (index >> half_bits) - 1;
        const std::uint64_t lower = (index - (octave << half_bits)) << octave;
        return static_cast<std::int64_t>(lower + ((1ULL << octave) >> 1));
    }
};

/// How late a loop was, since it was last asked.
struct lag_figures {
    lag_counts turns;   ///< lengths of the turns that did something: what all else waits for
    lag_counts timers;  ///< from when a sleeper was due to when it was woken
};

/// How the loop spent its time since it started; all on the loop's thread.
struct loop_figures {
    std::int64_t busy_ns = 0;     ///< turns that did something
    std::int64_t total_ns = 0;    ///< since run()
    std::uint64_t turns = 0;      ///< turns that did something
    std::int64_t longest_ns = 0;  ///< the longest such turn since the last read: the loop's lag
    held_up_figures held_up;      ///< what the thread lost; it looks at every sweep
};

class reactor {
  public:
    static constexpr std::int64_t sweep_ns = 25'000'000;
    static constexpr std::int64_t spin_ns = 200'000;

    /// `cpu` < 0: not pinned.
    reactor(unsigned core, int cpu, idle_mode idle);
    ~reactor();
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;

    unsigned core() const noexcept { return core_; }

    /// Runs on the calling thread, which it pins, until request_stop. Once.
    void run();

    /// From any thread, also before run.
    void request_stop();

    /// Runs `work` on the loop's thread soon. From any thread.
    void post(std::function<void()> work);

    /// For code written against Asio. Its handlers run on this thread; while it has work
    /// outstanding the loop asks it at least every 200 us.
    boost::asio::io_context& context() noexcept { return context_; }

    /// Watches an open, non-blocking descriptor until `remove`. False: out of memory or watches
    /// (errno).
    bool add(fd_watch& watch);
    /// Before the descriptor is closed. Coroutines that wait on it are not resumed.
    void remove(fd_watch& watch) noexcept;

    void add(deadline& d);
    void remove(deadline& d) noexcept;

    void add(pump& p);
    void remove(pump& p) noexcept;

    /// monotonic_ns at the start of this turn: for time-outs, which need not be exact.
    std::int64_t turn_ns() const noexcept { return turn_ns_; }

    /// Resumes a coroutine in this turn or the next.
    void make_ready(std::coroutine_handle<> coroutine);

    /// co_await: lets all that is ready run first.
    auto yield() noexcept {
        struct awaiter {
            reactor* loop;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> self) const { loop->make_ready(self); }
            void await_resume() const noexcept {}
        };
        return awaiter{this};
    }

    /// Resumes everything that sleeps, at once; for the end of a phase.
    void wake_sleepers();

    /// co_await: resumes at or after a monotonic_ns, or early through wake_sleepers.
    auto sleep_until(std::int64_t due_ns) noexcept {
        struct awaiter {
            reactor* loop;
            std::int64_t due;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> self) const { loop->add_sleeper(due, self); }
            void await_resume() const noexcept {}
        };
        return awaiter{this, due_ns};
    }

    /// co_await: until the descriptor is readable (or hung up). May resume early; look at the
    /// flags.
    static auto readable(fd_watch& watch) noexcept {
        struct awaiter {
            fd_watch* w;
            bool await_ready() const noexcept { return w->readable; }
            void await_suspend(std::coroutine_handle<> self) const noexcept { w->reader = self; }
            void await_resume() const noexcept { w->reader = nullptr; }
        };
        return awaiter{&watch};
    }

    /// co_await: until the descriptor is writable or readable, whichever is first.
    static auto writable_or_readable(fd_watch& watch) noexcept {
        struct awaiter {
            fd_watch* w;
            bool await_ready() const noexcept { return w->writable || w->readable; }
            void await_suspend(std::coroutine_handle<> self) const noexcept {
                w->reader = self;
                w->writer = self;
            }
            void await_resume() const noexcept {
                w->reader = nullptr;
                w->writer = nullptr;
            }
        };
        return awaiter{&watch};
    }

    /// co_await: until the descriptor is writable.
    static auto writable(fd_watch& watch) noexcept {
        struct awaiter {
            fd_watch* w;
            bool await_ready() const noexcept { return w->writable; }
            void await_suspend(std::coroutine_handle<> self) const noexcept { w->writer = self; }
            void await_resume() const noexcept { w->writer = nullptr; }
        };
        return awaiter{&watch};
    }

    /// Resumes whoever waits on the watch, as if something had happened; for time-outs and
    /// cancelling.
    void wake(fd_watch& watch);

    /// Reads the figures and starts a new "longest" of both kinds.
    loop_figures take_figures() noexcept;

    /// Copies the counts of lateness to `out` and begins anew.
    void take_lag(lag_figures& out) noexcept;

  private:
    struct sleeper {
        std::int64_t due;
        std::uint64_t order;
        std::coroutine_handle<> coroutine;
    };
    struct slot {
        fd_watch* watch = nullptr;
        std::uint32_t generation = 0;
    };

    void add_sleeper(std::int64_t due_ns, std::coroutine_handle<> coroutine);
    void set_up_thread() const;
    bool run_posted();
    bool run_sleepers(std::int64_t now);
    bool run_ready();
    bool poll_descriptors(std::int64_t timeout_ns);
    void poll_context();
    void sweep(std::int64_t now);
    std::int64_t until_next(std::int64_t now, std::int64_t pump_due) const noexcept;

    unsigned core_;
    int cpu_;
    idle_mode idle_;
    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    waiter place_;  // used on a virtual clock only
    boost::asio::io_context context_;
    bool context_has_work_ = false;
    std::int64_t context_polled_ns_ = 0;

    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;
    bool stop_ = false;      // guarded by posted_mutex_
    bool stopping_ = false;  // the loop's copy

    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    std::vector<sleeper> sleepers_;  // a heap, earliest first
    std::uint64_t sleeper_order_ = 0;
    std::vector<std::coroutine_handle<>> ready_;  // a ring
    std::size_t ready_head_ = 0;
    std::size_t ready_count_ = 0;
    std::vector<deadline*> deadlines_;
    std::vector<pump*> pumps_;
    std::int64_t next_sweep_ns_ = 0;
    std::int64_t started_ns_ = 0;
    std::int64_t turn_ns_ = 0;
    std::int64_t woke_ns_ = 0;  // when the last blocking wait ended
    loop_figures figures_;
    held_up_watch held_up_;
    lag_figures lag_;
};

}  // namespace chopsticks::runtime
