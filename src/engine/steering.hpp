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

/// The run as its main thread sees it. Belongs to that thread; all that it refers to outlives it.
class steering {
  public:
    steering(const run_options& o, const std::atomic<int>& level, worker_list& w, run_result& r,
             waiter& p)
        : options(o), workers(w), result(r), pace(p), stop_level_(level) {}

    /// Runs a coroutine of core 0's driver of one group to its end, or until the run is told to
    /// stop as urgently as `give_up` says.
    template <typename T>
    T ask_driver(std::size_t group, runtime::task<T> (core_driver::*what)(), int give_up);

    /// Ends the phase under way and begins this one.
    void enter(phase p);
    phase now() const noexcept { return phase_; }

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
};

template <typename T>
T steering::ask_driver(std::size_t group, runtime::task<T> (core_driver::*what)(), int give_up) {
    std::promise<T> promise;
    auto future = promise.get_future();
    worker& w = *workers.front();
    w.loop().post([&] {
        core_driver& d = w.groups()[group]->driver();
        runtime::start_detached([](core_driver& on, runtime::task<T> (core_driver::*call)(),
                                   std::promise<T>& to, waiter& main) -> runtime::task<void> {
            T value = co_await (on.*call)();
            to.set_value(std::move(value));
            main.wake();
        }(d, what, promise, pace));
    });
    bool told_to_stop = false;
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        pace.wait_until(monotonic_ns() + poll_step_ns);
        if (told_to_stop || stop_level_.load(std::memory_order_relaxed) < give_up) continue;
        told_to_stop = true;
        w.loop().post([&w, group] { w.groups()[group]->driver().cancel_control(); });
    }
    return future.get();
}

}  // namespace chopsticks::engine
