#include <chopsticks/ceph/control_thread.hpp>

#include <pthread.h>

#include <chrono>
#include <thread>
#include <utility>

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

}  // namespace chopsticks::ceph
