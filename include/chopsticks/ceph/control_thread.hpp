#pragma once
/// \file
/// A thread for calls of librbd and librados that block. Not pinned, so that the libraries' own
/// threads, which inherit its affinity, are not either. A call that hangs can be given up: its
/// thread is then left behind.

#include <sched.h>

#include <atomic>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/runtime/task.hpp>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace chopsticks::ceph {

class control_thread {
  public:
    /// Takes the affinity of the calling thread; starts nothing yet.
    control_thread();
    /// Waits for the thread's end, which comes at once where no job is under way; leaves it and its
    /// job to themselves where one is. `wait_idle` before that waits for jobs.
    ~control_thread();
    control_thread(const control_thread&) = delete;
    control_thread& operator=(const control_thread&) = delete;

    /// Runs `job` after those before it. What it refers to it must own. Any thread.
    void run(std::function<void()> job);

    /// True once no job is under way or waiting, or `seconds` have passed. Any thread.
    bool wait_idle(int seconds) const;

  private:
    struct shared_state {
        std::mutex mutex;
        std::condition_variable changed;
        std::deque<std::function<void()>> jobs;
        bool busy = false;
        bool stop = false;
        cpu_set_t cpus{};
    };
    static void serve(const std::shared_ptr<shared_state>& state);

    std::shared_ptr<shared_state> state_;
    std::thread thread_;  // guarded by the state's mutex
};

/// A job of the control thread that a coroutine waits for; given up by `abandon`. Used on one loop.
class control_call {
  public:
    explicit control_call(runtime::reactor& loop) : state_(std::make_shared<shared_state>()) {
        state_->loop = &loop;
    }

    /// co_await: starts `job` on `thread`; resumes when it ended (true) or was given up (false).
    auto operator()(control_thread& thread, std::function<void()> job) {
        struct awaiter {
            std::shared_ptr<shared_state> state;
            control_thread* thread;
            std::function<void()> job;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> self) {
                state->waiter = self;
                thread->run([mine = state, work = std::move(job)] {
                    work();
                    const std::lock_guard lock(mine->mutex);
                    if (mine->loop == nullptr) return;
                    mine->loop->post([mine] {
                        // Not before post has returned: the loop may be gone behind the waiter.
                        {
                            const std::lock_guard posted(mine->mutex);
                        }
                        end(*mine, true);
                    });
                });
            }
            bool await_resume() const noexcept { return state->ended; }
        };
        return awaiter{state_, &thread, std::move(job)};
    }

    /// On the loop's thread: the coroutine goes on at once.
    void abandon() {
        {
            const std::lock_guard lock(state_->mutex);
            state_->loop = nullptr;
        }
        end(*state_, false);
    }

  private:
    struct shared_state {
        std::mutex mutex;
        runtime::reactor* loop = nullptr;  // guarded by mutex once the job runs
        std::coroutine_handle<> waiter;
        bool ended = false;
    };
    static void end(shared_state& state, bool ended) {
        const std::coroutine_handle<> waiter = std::exchange(state.waiter, nullptr);
        if (!waiter) return;
        state.ended = ended;
        waiter.resume();
    }

    std::shared_ptr<shared_state> state_;
};

/// The calls of a core's driver that block: one at a time, all given up alike. On the core's loop.
class control_calls {
  public:
    /// What a call that was given up has to say.
    static constexpr const char* given_up =
        "the cluster had not answered when the run was interrupted";

    /// All outlive it. \param give_up raised when calls are given up, for those that look at it
    control_calls(runtime::reactor& loop, control_thread& thread,
                  std::atomic<bool>& give_up) noexcept
        : loop_(loop), thread_(thread), give_up_(give_up) {}

    /// Runs `job`, which owns what it refers to; false: it was given up.
    runtime::task<bool> run(std::function<void()>& job);
    /// Gives up what is under way.
    void cancel() noexcept;

  private:
    runtime::reactor& loop_;
    control_thread& thread_;
    std::atomic<bool>& give_up_;
    control_call* call_ = nullptr;  // under way
};

/// Keeps what could not be ended for as long as the process lives: threads of the cluster's
/// libraries may yet write to it. Any thread.
void leave_running(std::shared_ptr<void> in_use);

}  // namespace chopsticks::ceph
