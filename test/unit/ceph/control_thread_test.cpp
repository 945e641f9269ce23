#include <doctest/doctest.h>
#include <sched.h>

#include <chopsticks/ceph/control_thread.hpp>
#include <chopsticks/runtime/task.hpp>
#include <memory>
#include <thread>

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
