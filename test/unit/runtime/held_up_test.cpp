#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/runtime/held_up.hpp>
#include <thread>

using namespace chopsticks;
using namespace chopsticks::runtime;

TEST_CASE("schedstat_gives_run_time_and_time_in_the_queue") {
    const auto times = parse_schedstat("486640220 88520152 61\n");
    REQUIRE(times.has_value());
    CHECK(times->ran_ns == 486'640'220);
    CHECK(times->queued_ns == 88'520'152);
    CHECK(times->slices == 61);
}

TEST_CASE("schedstat_of_another_form_is_none") {
    for (const char* text : {"", "12", "12 ", "12 a 3", "a 12 3", "12 13", "12 13 ", "cpu 1 2"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_schedstat(text).has_value());
    }
}

TEST_CASE("held_up_time_is_what_was_neither_used_nor_waited_for") {
    stretch s;
    s.wall_ns = 25'000'000;
    s.cpu_ns = 10'000'000;
    s.waited_ns = 15'000'000;
    s.queued_ns = 0;
    CHECK(judge(s).lost_ns() == 0);
    // Waiting for a CPU, some of it unseen in a sleep that an event ended.
    s.waited_ns = 5'000'000;
    s.queued_ns = 12'000'000;
    CHECK(judge(s).queued_ns == 12'000'000);
    CHECK(judge(s).stopped_ns == 0);
    // Three times, each of which may take a moment on a CPU that is free.
    s.slices = 3;
    CHECK(judge(s).queued_ns == 11'940'000);
    s.slices = 600;
    CHECK(judge(s).lost_ns() == 0);
    s.slices = 0;
    // Stopped for two seconds.
    s.wall_ns = 2'025'000'000;
    s.waited_ns = 15'000'000;
    s.queued_ns = 1'000'000;
    CHECK(judge(s).queued_ns == 1'000'000);
    CHECK(judge(s).stopped_ns == 1'999'000'000);
    CHECK(judge(s).longest_ns == 2'000'000'000);
    // Where the kernel does not count the queue, all of it is time that it did not run.
    s.queued_ns.reset();
    CHECK(judge(s).stopped_ns == 2'000'000'000);
    // Interrupts and the like.
    s.wall_ns = 26'500'000;
    CHECK(judge(s).lost_ns() == 0);
    // Clocks of two kinds may disagree.
    s.cpu_ns = 40'000'000;
    CHECK(judge(s).lost_ns() == 0);
}

TEST_CASE("held_up_figures_go_to_the_interval_in_which_they_were_lost") {
    held_up_figures all{.queued_ns = 300, .stopped_ns = 900, .longest_ns = 800};
    // Seen as its end had passed for 500 ns: these are of the next one.
    const held_up_figures behind = all.take_behind(500);
    CHECK(behind.lost_ns() == 500);
    CHECK(behind.stopped_ns == 500);
    CHECK(behind.longest_ns == 500);
    CHECK(all.lost_ns() == 700);
    CHECK(all.longest_ns == 800);
    // No more than one stretch lost, and nothing where the end was seen in time.
    held_up_figures queued{.queued_ns = 700, .stopped_ns = 100, .longest_ns = 600};
    const held_up_figures most = queued.take_behind(10'000);
    CHECK(most.lost_ns() == 600);
    CHECK(most.queued_ns == 500);
    CHECK(queued.lost_ns() == 200);
    CHECK(queued.take_behind(0).lost_ns() == 0);
    CHECK(queued.take_behind(-5).longest_ns == 0);
}

TEST_CASE("held_up_watch_sees_its_thread_stopped") {
    // In a child, which is stopped for as long as it takes its parent to see that.
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        held_up_watch watch;
        watch.begin(monotonic_ns());
        watch.look(monotonic_ns());
        const held_up_figures before = watch.take();
        [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
        const std::int64_t started = monotonic_ns();
        ::raise(SIGSTOP);
        const std::int64_t stopped_ns = monotonic_ns() - started;
        watch.look(monotonic_ns());
        const held_up_figures after = watch.take();
        const std::int64_t lost_ns = after.lost_ns() - before.lost_ns();
        // All of it but the time that signals take.
        const bool seen = lost_ns > stopped_ns * 9 / 10 && after.stopped_ns > before.stopped_ns &&
                          after.longest_ns > stopped_ns * 9 / 10;
        ::_exit(seen ? 0 : 1);
    }
    char mark = 0;
    CHECK(::read(ready[0], &mark, 1) == 1);
    int status = 0;
    REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
    REQUIRE(WIFSTOPPED(status));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ::kill(child, SIGCONT);
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    ::close(ready[0]);
    ::close(ready[1]);
}
