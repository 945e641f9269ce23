#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <chopsticks/ceph/control_thread.hpp>
#include <chopsticks/runtime/task.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using namespace chopsticks;

namespace {

runtime::task<void> ask(ceph::control_call& call, ceph::control_thread& thread, bool& done,
                        runtime::reactor& loop) {
    done = co_await call(thread, [] {});
    loop.request_stop();
}

}  // namespace

TEST_CASE("control_call_has_let_go_of_the_loop_before_its_waiter_goes_on") {
    // For the sanitizers: the loop ends with its waiter. On one CPU the thread that tells it is
    // often stopped between handing the answer over and waking the loop, which is gone then.
    std::thread([] {
        cpu_set_t cpus;
        REQUIRE(::sched_getaffinity(0, sizeof cpus, &cpus) == 0);
        int first = 0;
        while (!CPU_ISSET(first, &cpus))
            ++first;
        CPU_ZERO(&cpus);
        CPU_SET(first, &cpus);
        REQUIRE(::sched_setaffinity(0, sizeof cpus, &cpus) == 0);
        ceph::control_thread control;
        for (int i = 0; i < 2'000; ++i) {
            auto loop = std::make_unique<runtime::reactor>(0, -1, runtime::idle_mode::sleep);
            ceph::control_call call(*loop);
            bool done = false;
            runtime::start_detached(ask(call, control, done, *loop));
            loop->run();
            loop.reset();
            REQUIRE(done);
        }
    }).join();
}

namespace {

runtime::task<void> run_jobs(ceph::control_calls& calls, std::vector<std::function<void()>> jobs,
                             std::vector<bool>& ended, runtime::reactor& loop) {
    for (std::function<void()>& job : jobs) {
        const bool one = co_await calls.run(job);
        ended.push_back(one);
    }
    loop.request_stop();
}

}  // namespace

TEST_CASE("control_calls_run_one_after_the_other_and_are_given_up_alike") {
    runtime::reactor loop(0, -1, runtime::idle_mode::sleep);
    ceph::control_thread control;
    std::atomic<bool> give_up{false};
    ceph::control_calls calls(loop, control, give_up);
    calls.cancel();  // nothing is under way
    CHECK(give_up);
    give_up = false;

    const auto held = std::make_shared<std::atomic<bool>>(true);
    std::vector<bool> ended;
    std::vector<std::function<void()>> jobs;
    jobs.emplace_back([] {});
    // One that does not answer: who waits for it goes on as soon as it is given up.
    jobs.emplace_back([&loop, &calls, held] {
        loop.post([&calls] { calls.cancel(); });
        while (*held)
            std::this_thread::yield();
    });
    runtime::start_detached(run_jobs(calls, std::move(jobs), ended, loop));
    loop.run();
    CHECK(ended == std::vector<bool>{true, false});
    CHECK(give_up);
    *held = false;
    CHECK(control.wait_idle(30));
}
