#include <chopsticks/ceph/control_thread.hpp>

#include <pthread.h>

#include <chopsticks/core/left_running.hpp>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace chopsticks::ceph {

control_thread::control_thread() : state_(std::make_shared<shared_state>()) {
    CPU_ZERO(&state_->cpus);
    ::sched_getaffinity(0, sizeof state_->cpus, &state_->cpus);
}

control_thread::~control_thread() {
    bool busy = false;
    {
        const std::lock_guard lock(state_->mutex);
        state_->stop = true;
        state_->jobs.clear();
        busy = state_->busy;
    }
    state_->changed.notify_all();
    if (!thread_.joinable()) return;
    // A thread that ends beside the process would use what is being destroyed.
    if (busy) {
        thread_.detach();
    } else {
        thread_.join();
    }
}

void control_thread::run(std::function<void()> job) {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back(std::move(job));
    if (!thread_.joinable()) thread_ = std::thread([state = state_] { serve(state); });
    state_->changed.notify_all();
}

bool control_thread::wait_idle(int seconds) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, std::chrono::seconds(seconds),
                                    [&] { return !state_->busy && state_->jobs.empty(); });
}

void control_thread::serve(const std::shared_ptr<shared_state>& state) {
    ::pthread_setname_np(::pthread_self(), "ceph-control");
    ::sched_setaffinity(0, sizeof state->cpus, &state->cpus);
    std::unique_lock lock(state->mutex);
    for (;;) {
        state->changed.wait(lock, [&] { return state->stop || !state->jobs.empty(); });
        if (state->jobs.empty()) return;
        std::function<void()> job = std::move(state->jobs.front());
        state->jobs.pop_front();
        state->busy = true;
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
        state->busy = false;
        state->changed.notify_all();
    }
}

runtime::task<bool> control_calls::run(std::function<void()>& job) {
    control_call call(loop_);
    call_ = &call;
    auto waiting = call(thread_, std::move(job));
    const bool ended = co_await waiting;
    call_ = nullptr;
    co_return ended;
}

void control_calls::cancel() noexcept {
    give_up_ = true;
    if (call_ != nullptr) call_->abandon();
}

void leave_running(std::shared_ptr<void> in_use) {
    static std::mutex mutex;
    static auto* const left = new std::vector<std::shared_ptr<void>>();
    const std::lock_guard lock(mutex);
    left->push_back(std::move(in_use));
    threads_left_running = true;
}

}  // namespace chopsticks::ceph
