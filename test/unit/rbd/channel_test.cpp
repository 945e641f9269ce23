#include "rbd/channel.hpp"

#include <doctest/doctest.h>

#include <chopsticks/runtime/task.hpp>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

using namespace chopsticks;
using namespace chopsticks::rbd;

namespace {

/// Threads that end what they are given at once, as librbd's do.
class library {
  public:
    explicit library(int threads) {
        for (int n = 0; n < threads; ++n)
            threads_.emplace_back([this] { serve(); });
    }
    ~library() {
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_all();
        for (std::thread& t : threads_)
            t.join();
    }
    library(const library&) = delete;
    library& operator=(const library&) = delete;

    void submit(flight& f) {
        const std::lock_guard lock(mutex_);
        given_.push_back(&f);
        changed_.notify_one();
    }

  private:
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stop_ || !given_.empty(); });
            if (given_.empty()) return;
            flight& f = *given_.front();
            given_.pop_front();
            lock.unlock();
            f.result = static_cast<std::int64_t>(f.op.offset);
            f.home->push(f);
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<flight*> given_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

struct user_count {
    int alive = 0;
    std::uint64_t right = 0;
    std::promise<void> all_ended;
};

runtime::task<void> user(channel& home, library& lib, std::uint64_t rounds, user_count& count) {
    struct wait {
        flight* f;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> self) const noexcept { f->waiter = self; }
        void await_resume() const noexcept {}
    };
    for (std::uint64_t n = 0; n < rounds; ++n) {
        flight& f = home.take();
        f.op.offset = n;
        f.result = -1;
        home.launched();
        lib.submit(f);
        const wait end{&f};
        co_await end;
        if (f.result == static_cast<std::int64_t>(n)) ++count.right;
        home.give_back(f);
    }
    if (--count.alive == 0) count.all_ended.set_value();
}

}  // namespace

TEST_CASE("what any thread pushes comes home once, and no wake-up is lost") {
    constexpr int users = 32;
    constexpr std::uint64_t rounds = 500;
    runtime::reactor loop(0, -1, runtime::idle_mode::sleep);
    // Outlives the threads that push, as the driver's do: the last of them may be about to wake it.
    channel home;
    library lib(3);
    user_count count;
    count.alive = users;
    std::thread thread([&] {
        home.attach(loop);
        loop.run();
        home.detach();
    });
    loop.post([&] {
        for (int n = 0; n < users; ++n)
            runtime::start_detached(user(home, lib, rounds, count));
    });
    // A lost wake-up would end here: the loop sleeps until somebody pushes.
    REQUIRE(count.all_ended.get_future().wait_for(std::chrono::seconds(60)) ==
            std::future_status::ready);
    loop.request_stop();
    thread.join();
    CHECK(count.right == users * rounds);
    CHECK(home.outstanding() == 0);
}
