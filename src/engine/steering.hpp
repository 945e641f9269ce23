#pragma once
/// \file
/// What steers a run from the main thread: asking cores, asking drivers, going from phase to phase.

#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/waiter.hpp>
#include <chopsticks/engine/run.hpp>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "worker.hpp"

namespace chopsticks::engine {

using worker_list = std::vector<std::unique_ptr<worker>>;

/// How often the main thread looks for what nobody tells it: a signal, a phase's end.
constexpr std::int64_t poll_step_ns = 20'000'000;

/// Runs `f` on a core and waits for its value.
template <typename F>
auto ask(worker& w, F f) -> decltype(f()) {
    using value = decltype(f());
    std::promise<value> promise;
    auto future = promise.get_future();
    w.loop().post([&promise, &f] {
        if constexpr (std::is_void_v<value>) {
            f();
            promise.set_value();
        } else {
            promise.set_value(f());
        }
    });
    return future.get();
}

/// Runs the coroutine that `make` gives, a runtime::task<T>, on a core to its end. Meanwhile the
/// main thread calls `look` every poll_step_ns, which may have the core end it sooner.
template <typename T, typename F, typename Look>
T run_on(worker& w, waiter& pace, F make, Look look) {
    std::promise<T> promise;
    auto future = promise.get_future();
    w.loop().post([&] {
        runtime::start_detached(
            [](const F& call, std::promise<T>& to, waiter& main) -> runtime::task<void> {
                T value = co_await call();
                to.set_value(std::move(value));
                main.wake();
            }(make, promise, pace));
    });
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        pace.wait_until(monotonic_ns() + poll_step_ns);
        look();
    }
    return future.get();
}

/// The run as its main thread sees it. Belongs to that thread; all that it refers to outlives it.
class steering {
  public:
    steering(const run_options& o, const std::atomic<int>& level, worker_list& w, run_result& r,
             waiter& p)
        : options(o), workers(w), result(r), pace(p), stop_level_(level) {}

    /// Runs a coroutine of the first core's driver of one group to its end, or until the run is
    /// told to stop as urgently as `give_up` says, or `most_ns` have passed since its begin (0: no
    /// such limit) or, if the run is interrupted, it has not got on for interrupted_patience_ns.
    /// The watcher hears of it every second.
    template <typename T>
    T ask_driver(std::size_t group, runtime::task<T> (core_driver::*what)(), int give_up,
                 std::int64_t most_ns = 0) {
        return ask_driver<T>(
            group, [what](core_driver& on) { return (on.*what)(); }, give_up, most_ns);
    }
    /// The same of what `what` makes of the driver: a runtime::task<T>.
    template <typename T, typename F>
    T ask_driver(std::size_t group, F what, int give_up, std::int64_t most_ns = 0);

    /// Ends the phase under way and begins this one.
    void enter(phase p);
    phase now() const noexcept { return phase_; }

    /// Tells the watcher what the run waits for: the first time after a second, then every second.
    class patience {
      public:
        explicit patience(steering& run) : run_(run) {}
        std::int64_t elapsed_ns() const noexcept { return monotonic_ns() - began_ns_; }
        /// \param most_ns since the begin; 0: not known
        void tell(const std::string& what, std::int64_t most_ns);
        /// Whether `tell` would speak now.
        bool due() const noexcept { return monotonic_ns() >= told_ns_ + second_ns; }

      private:
        static constexpr std::int64_t second_ns = 1'000'000'000;
        steering& run_;
        std::int64_t began_ns_ = monotonic_ns();
        std::int64_t told_ns_ = began_ns_;
    };

    /// How long an interrupted run goes on without any success in what it does next: half a minute
    /// in all, since what has once been waited for in vain is not waited for so long again.
    std::int64_t interrupted_patience_ns() const noexcept {
        return waited_in_vain_ ? 5'000'000'000 : 15'000'000'000;
    }
    void wait_ended(bool in_vain) noexcept { waited_in_vain_ = in_vain; }

    /// Waits until a monotonic time; false: the run was interrupted first. The watcher hears of it
    /// every second. \param what for, for a person
    bool wait_until(std::int64_t at_ns, const std::string& what);

    /// Interrupted once, and twice.
    bool stopping() const noexcept { return stop_level_.load(std::memory_order_relaxed) > 0; }
    bool aborting() const noexcept { return stop_level_.load(std::memory_order_relaxed) > 1; }

    const run_options& options;
    worker_list& workers;
    run_result& result;
    waiter& pace;  ///< where the main thread waits; woken by what it waits for

  private:
    const std::atomic<int>& stop_level_;
    std::int64_t started_ns_ = monotonic_ns();
    std::int64_t phase_started_ns_ = 0;
    phase phase_ = phase::done;
    bool waited_in_vain_ = false;
};

template <typename T, typename F>
T steering::ask_driver(std::size_t group, F what, int give_up, std::int64_t most_ns) {
    worker& w = *workers.front();
    core_driver& driver = w.groups()[group]->driver();
    patience waited(*this);
    std::int64_t moved_ns = 0;  // when the run was interrupted, or the call got on since then
    std::uint64_t steps = 0;
    bool told_to_stop = false;
    const auto look = [&] {
        if (waited.due()) waited.tell(driver.waiting(), most_ns);
        if (told_to_stop) return;
        const std::int64_t now_ns = monotonic_ns();
        const std::uint64_t steps_now = driver.control_steps();
        if (stopping() && (moved_ns == 0 || steps_now != steps)) moved_ns = now_ns;
        steps = steps_now;
        const bool too_long = (most_ns > 0 && waited.elapsed_ns() >= most_ns) ||
                              (moved_ns > 0 && now_ns - moved_ns >= interrupted_patience_ns());
        if (!too_long && stop_level_.load(std::memory_order_relaxed) < give_up) return;
        told_to_stop = true;
        w.loop().post([&driver] { driver.cancel_control(); });
    };
    T value = run_on<T>(w, pace, [&] { return what(driver); }, look);
    if (stopping()) wait_ended(told_to_stop);
    return value;
}

}  // namespace chopsticks::engine
