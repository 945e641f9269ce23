#pragma once
/// \file
/// The coroutine type of all users and drivers: lazy, single-threaded, resumed by symmetric
/// transfer, its frame taken from a per-thread pool so that starting one on the hot path allocates
/// nothing. (asio::awaitable costs 13 ns a frame only while two frames of a size are live per
/// thread; with thousands of suspended users it goes to the heap. See
/// docs/explanation/architecture.md.)

#include <chopsticks/core/assert.hpp>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace chopsticks::runtime {

/// Blocks for coroutine frames, kept by the thread that frees them. Blocks may be freed on another
/// thread than they were taken on. Frames above 4 KiB go to the heap.
class frame_pool {
  public:
    static void* allocate(std::size_t bytes);
    static void release(void* block, std::size_t bytes) noexcept;
};

template <typename T>
class task;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    /// What ended the coroutine, for whoever awaits it; null: nothing did. A plain pointer costs
    /// each awaited coroutine one instruction, an exception_ptr 14.
    std::exception_ptr* escaped = nullptr;

    static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        frame_pool::release(block, bytes);
    }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            return self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    /// Nothing on the data path throws; what does is a bug. It goes up to who awaits, as from a
    /// call: what guards foreign code (plugin/guarded_driver.hpp) stops it there, all else ends.
    void unhandled_exception() noexcept {
        escaped = new std::exception_ptr(std::current_exception());
    }
    [[noreturn, gnu::cold, gnu::noinline]] void rethrow() {
        const std::exception_ptr what = *escaped;
        delete std::exchange(escaped, nullptr);
        std::rethrow_exception(what);
    }
};

template <typename T>
struct promise : promise_base {
    std::optional<T> value;
    task<T> get_return_object() noexcept;
    template <typename U>
    void return_value(U&& u) {
        value.emplace(std::forward<U>(u));
    }
};

template <>
struct promise<void> : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
};

}  // namespace detail

/// A computation that starts when it is awaited, on the thread that awaits it. Awaited once.
template <typename T = void>
class [[nodiscard]] task {
  public:
    using promise_type = detail::promise<T>;

    explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const noexcept {
        handle_.promise().continuation = caller;
        return handle_;
    }
    T await_resume() const {
        if (handle_.promise().escaped != nullptr) [[unlikely]]
            handle_.promise().rethrow();
        if constexpr (!std::is_void_v<T>) return std::move(*handle_.promise().value);
    }

  private:
    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <typename T>
task<T> promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<promise<T>>::from_promise(*this));
}

inline task<void> promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<promise<void>>::from_promise(*this));
}

/// A coroutine nobody awaits: runs until its first suspension when called, frees itself at its end.
struct detached {
    struct promise_type {
        static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
        static void operator delete(void* block, std::size_t bytes) noexcept {
            frame_pool::release(block, bytes);
        }
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
    };
};

}  // namespace detail

/// Starts a task now; it runs on until its first suspension, then whenever what it waits for
/// resumes it, and frees itself. The task must end before what it refers to is gone.
inline void start_detached(task<void> work) {
    [](task<void> owned) -> detail::detached { co_await owned; }(std::move(work));
}

}  // namespace chopsticks::runtime
