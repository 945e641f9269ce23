#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/core/waiter.hpp>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using namespace chopsticks;

TEST_CASE("waiter_that_was_woken_before_it_waits_does_not_wait") {
    waiter w;
    w.wake();
    w.wait_until(INT64_MAX);
    const std::int64_t due = monotonic_ns() + 1'000'000;
    w.wait_until(due);
    CHECK(monotonic_ns() >= due);
}

TEST_CASE("waiter_is_woken_by_another_thread") {
    waiter w;
    std::thread other([&] { w.wake(); });
    w.wait_until(INT64_MAX);
    other.join();
}

TEST_CASE("virtual_clock_jumps_over_an_hour_in_which_nobody_does_anything") {
    const std::int64_t real = wall_ns();
    {
        virtual_clock clock;
        const std::int64_t start = monotonic_ns();
        const std::int64_t wall = wall_ns();
        waiter w;
        w.wait_until(start + 3'600'000'000'000);
        CHECK(monotonic_ns() == start + 3'600'000'000'000);
        CHECK(wall_ns() == wall + 3'600'000'000'000);
        clock.skip(5);
        CHECK(monotonic_ns() == start + 3'600'000'000'005);
        // What is past is not waited for.
        w.wait_until(start);
        CHECK(monotonic_ns() == start + 3'600'000'000'005);
    }
    CHECK(wall_ns() - real < 3'600'000'000'000);
}

TEST_CASE("virtual_clock_lets_several_threads_act_in_the_order_of_their_times") {
    virtual_clock clock;
    const std::int64_t start = monotonic_ns();
    std::mutex mutex;
    std::vector<std::pair<std::int64_t, int>> order;
    const auto every = [&](waiter& w, std::int64_t step_ns, int who) {
        for (std::int64_t at = step_ns; at <= 1000; at += step_ns) {
            w.wait_until(start + at);
            const std::lock_guard lock(mutex);
            order.emplace_back(monotonic_ns() - start, who);
        }
        w.retire();
    };
    waiter first;
    waiter second;
    std::thread a([&] { every(first, 7, 0); });
    std::thread b([&] { every(second, 3, 1); });
    a.join();
    b.join();
    REQUIRE(order.size() == 142 + 333);
    std::int64_t before = 0;
    std::vector<std::int64_t> next{7, 3};
    for (const auto& [at, who] : order) {
        CHECK(at >= before);
        CHECK(at == next[static_cast<std::size_t>(who)]);
        next[static_cast<std::size_t>(who)] += who == 0 ? 7 : 3;
        before = at;
    }
}

TEST_CASE("virtual_clock_stands_still_until_whoever_was_woken_has_done_its_work") {
    virtual_clock clock;
    const std::int64_t start = monotonic_ns();
    waiter here;
    waiter there;
    std::int64_t seen = 0;
    std::thread worker([&] {
        for (int i = 0; i < 100; ++i) {
            there.wait_until(INT64_MAX);
            // Takes a while, but no time.
            for (int spin = 0; spin < 1000; ++spin)
                std::this_thread::yield();
            seen = monotonic_ns();
            here.wake();
        }
        there.retire();
    });
    for (int i = 0; i < 100; ++i) {
        there.wake();
        here.wait_until(start + 1'000'000 * (i + 1));
        CHECK(seen == monotonic_ns());
        CHECK(monotonic_ns() == start);
    }
    worker.join();
}
