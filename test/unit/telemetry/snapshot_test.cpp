#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/telemetry/snapshot.hpp>
#include <chrono>
#include <thread>
#include <vector>

using namespace chopsticks::telemetry;

namespace {

/// Burns CPU time until the thread has used `ns` of it.
void burn(std::int64_t ns) {
    volatile std::uint64_t sink = 0;
    while (thread_cpu_ns(::pthread_self()).value_or(ns) < ns) {
        for (int i = 0; i < 10'000; ++i)
            sink = sink + 1;
    }
}

snapshot at(std::int64_t ns) {
    snapshot s;
    s.at_ns = ns;
    return s;
}

}  // namespace

TEST_CASE("snapshot_of_this_process_knows_what_it_did") {
    const snapshot before = take({});
    const int file = ::open("/dev/null", O_RDONLY);
    // Counted from the thread's start, in which other tests have used some already.
    burn(thread_cpu_ns(::pthread_self()).value_or(0) + 40'000'000);
    const snapshot after = take({});
    ::close(file);
    REQUIRE(before.process.has_value());
    REQUIRE(after.process.has_value());
    CHECK(after.at_ns > before.at_ns);
    const std::int64_t used_ns = after.process->user_ns + after.process->system_ns -
                                 before.process->user_ns - before.process->system_ns;
    CHECK(used_ns >= 10'000'000);
    REQUIRE(after.open_fds.has_value());
    CHECK(*after.open_fds == before.open_fds.value_or(0) + 1);
    CHECK(after.rss_bytes.value_or(0) > 100'000);
    CHECK(after.rss_max_bytes.value_or(0) >= after.rss_bytes.value_or(0));
    CHECK(after.nics.has_value());
    CHECK(after.host.has_value());
    CHECK(after.switches_voluntary.has_value());
}

TEST_CASE("snapshot_of_a_busy_and_an_idle_thread_tells_them_apart") {
    std::atomic<int> stage{0};
    std::thread busy([&] {
        burn(1);
        stage = 1;
        while (stage != 2)
            burn(thread_cpu_ns(::pthread_self()).value_or(0) + 1'000'000);
    });
    std::thread idle([&] {
        while (stage != 2)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    });
    while (stage == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    sources from;
    from.threads = {busy.native_handle(), idle.native_handle()};
    const snapshot before = take(from);
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    const snapshot after = take(from);
    stage = 2;
    busy.join();
    idle.join();
    const change moved = difference(before, after);
    REQUIRE(moved.threads_busy.size() == 2);
    REQUIRE(moved.threads_busy[0].has_value());
    REQUIRE(moved.threads_busy[1].has_value());
    // The machine may be shared, so the busy one need not have a CPU to itself.
    CHECK(*moved.threads_busy[0] > 0.1);
    CHECK(*moved.threads_busy[0] <= 1.0);
    CHECK(*moved.threads_busy[1] < 0.1);
}

TEST_CASE("snapshot_without_proc_still_has_what_getrusage_knows") {
    sources from;
    from.proc = "/nowhere";
    const snapshot s = take(from);
    CHECK(s.process.has_value());
    CHECK(s.rss_max_bytes.has_value());
    CHECK_FALSE(s.rss_bytes.has_value());
    CHECK_FALSE(s.open_fds.has_value());
    CHECK_FALSE(s.host.has_value());
    CHECK_FALSE(s.nics.has_value());
    CHECK_FALSE(s.tcp.has_value());
}

TEST_CASE("difference_of_unknowns_is_unknown") {
    const change moved = difference(at(0), at(1'000'000'000));
    CHECK(moved.duration_s == doctest::Approx(1.0));
    CHECK_FALSE(moved.cpu_user_s.has_value());
    CHECK_FALSE(moved.host_steal_share.has_value());
    CHECK_FALSE(moved.tcp_retransmits.has_value());
    CHECK(moved.nics.empty());
}

TEST_CASE("difference_gives_shares_of_the_time_between") {
    snapshot a = at(1'000'000'000);
    snapshot b = at(3'000'000'000);
    a.process = cpu_times{100, 200};
    b.process = cpu_times{1'500'000'100, 250'000'200};
    a.threads_ns = {0, 500, std::nullopt};
    b.threads_ns = {1'000'000'000, 500, 7};
    a.host = host_cpu{100, 100, 10};
    b.host = host_cpu{160, 130, 20};
    const change moved = difference(a, b);
    CHECK(*moved.cpu_user_s == doctest::Approx(1.5));
    CHECK(*moved.cpu_system_s == doctest::Approx(0.25));
    CHECK(*moved.threads_busy[0] == doctest::Approx(0.5));
    CHECK(*moved.threads_busy[1] == 0.0);
    CHECK_FALSE(moved.threads_busy[2].has_value());
    CHECK(*moved.host_busy_share == doctest::Approx(0.6));
    CHECK(*moved.host_steal_share == doctest::Approx(0.1));
}

TEST_CASE("difference_of_an_interface_that_came_went_or_was_reset_leaves_it_out") {
    snapshot a = at(0);
    snapshot b = at(1);
    a.nics.emplace();
    b.nics.emplace();
    (*a.nics)["eth0"].rx_bytes = 100;
    (*b.nics)["eth0"].rx_bytes = 150;
    (*a.nics)["gone"].rx_bytes = 100;
    (*b.nics)["new"].rx_bytes = 100;
    (*a.nics)["reset"].tx_bytes = 100;
    (*b.nics)["reset"].tx_bytes = 1;
    const change moved = difference(a, b);
    REQUIRE(moved.nics.size() == 1);
    CHECK(moved.nics.at("eth0").rx_bytes == 50);
}

TEST_CASE("difference_of_a_counter_that_went_back_is_unknown") {
    snapshot a = at(0);
    snapshot b = at(1);
    a.switches_voluntary = 5;
    b.switches_voluntary = 3;
    a.switches_involuntary = 5;
    b.switches_involuntary = 8;
    a.tcp = tcp_counters{10, 10, 0, 0};
    b.tcp = tcp_counters{30, 9, 0, 0};
    const change moved = difference(a, b);
    CHECK_FALSE(moved.switches_voluntary.has_value());
    CHECK(*moved.switches_involuntary == 3);
    CHECK_FALSE(moved.tcp_retransmits.has_value());
    CHECK(*moved.tcp_segments_out == 20);
}
