#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <cmath>
#include <functional>
#include <future>
#include <thread>
#include <vector>

namespace {

using namespace chopsticks;
using namespace chopsticks::runtime;

/// A loop on a thread of its own; what is posted runs there.
struct running_loop {
    explicit running_loop(idle_mode idle = idle_mode::hybrid) : loop(0, -1, idle) {
        thread = std::thread([this] { loop.run(); });
    }
    ~running_loop() {
        loop.request_stop();
        thread.join();
    }
    void ask(const std::function<void()>& f) {
        std::promise<void> done;
        loop.post([&] {
            f();
            done.set_value();
        });
        done.get_future().get();
    }
    reactor loop;
    std::thread thread;
};

struct socket_pair {
    socket_pair() {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    }
    ~socket_pair() {
        for (const int fd : fds) {
            if (fd >= 0) ::close(fd);
        }
    }
    int fds[2];
};

TEST_CASE("reactor_post_from_many_threads_runs_everything_on_the_loop") {
    running_loop r;
    std::atomic<int> ran{0};
    std::atomic<bool> wrong_thread{false};
    std::thread::id loop_thread;
    r.ask([&] { loop_thread = std::this_thread::get_id(); });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) {
                r.loop.post([&] {
                    if (std::this_thread::get_id() != loop_thread) wrong_thread = true;
                    ++ran;
                });
            }
        });
    }
    for (auto& t : threads)
        t.join();
    for (int i = 0; i < 2000 && ran < 2000; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(ran == 2000);
    CHECK_FALSE(wrong_thread);
}

TEST_CASE("reactor_stop_requested_before_run_ends_at_once") {
    reactor loop(0, -1, idle_mode::sleep);
    loop.request_stop();
    loop.run();
    CHECK(loop.core() == 0);
}

TEST_CASE("reactor_sleepers_wake_in_order_and_never_early") {
    for (const idle_mode idle : {idle_mode::spin, idle_mode::hybrid, idle_mode::sleep}) {
        running_loop r(idle);
        std::vector<int> order;
        std::atomic<int> early{0};
        std::promise<void> done;
        const auto sleeper = [](reactor& loop, std::vector<int>& to, std::atomic<int>& too_early,
                                std::promise<void>& end, int number,
                                std::int64_t due) -> task<void> {
            co_await loop.sleep_until(due);
            if (monotonic_ns() < due) ++too_early;
            to.push_back(number);
            if (to.size() == 5) end.set_value();
        };
        r.ask([&] {
            const std::int64_t now = monotonic_ns();
            const int delays_ms[] = {30, 5, 20, 5, 10};
            for (int i = 0; i < 5; ++i) {
                start_detached(
                    sleeper(r.loop, order, early, done, i, now + delays_ms[i] * 1'000'000LL));
            }
        });
        done.get_future().get();
        CHECK(order == std::vector<int>{1, 3, 4, 2, 0});
        CHECK(early == 0);
    }
}

TEST_CASE("reactor_wake_sleepers_ends_long_sleeps") {
    running_loop r;
    std::promise<void> done;
    r.ask([&] {
        start_detached([](reactor& loop, std::promise<void>& end) -> task<void> {
            co_await loop.sleep_until(monotonic_ns() + 3'600'000'000'000);
            end.set_value();
        }(r.loop, done));
    });
    r.ask([&] { r.loop.wake_sleepers(); });
    CHECK(done.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready);
}

TEST_CASE("reactor_user_that_never_waits_leaves_room_for_the_network") {
    running_loop r;
    socket_pair pair;
    fd_watch watch;
    std::atomic<bool> stop{false};
    std::promise<void> heard;
    r.ask([&] {
        watch.fd = pair.fds[0];
        REQUIRE(r.loop.add(watch));
        start_detached([](reactor& loop, std::atomic<bool>& end) -> task<void> {
            while (!end)
                co_await loop.yield();
        }(r.loop, stop));
        start_detached([](fd_watch& w, std::promise<void>& to) -> task<void> {
            char byte;
            while (::read(w.fd, &byte, 1) != 1) {
                w.readable = false;
                co_await reactor::readable(w);
            }
            to.set_value();
        }(watch, heard));
    });
    REQUIRE(::write(pair.fds[1], "x", 1) == 1);
    CHECK(heard.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready);
    stop = true;
    r.ask([&] { r.loop.remove(watch); });
}

TEST_CASE("reactor_edges_report_data_that_came_before_the_wait_and_the_hang_up") {
    running_loop r;
    socket_pair pair;
    fd_watch watch;
    REQUIRE(::write(pair.fds[1], "abc", 3) == 3);
    std::promise<std::string> got;
    r.ask([&] {
        watch.fd = pair.fds[0];
        REQUIRE(r.loop.add(watch));
        start_detached([](fd_watch& w, std::promise<std::string>& to) -> task<void> {
            std::string all;
            for (;;) {
                char bytes[2];
                const ssize_t n = ::read(w.fd, bytes, sizeof bytes);
                if (n == 0) break;
                if (n < 0) {
                    w.readable = false;
                    co_await reactor::readable(w);
                    continue;
                }
                all.append(bytes, static_cast<std::size_t>(n));
            }
            to.set_value(all);
        }(watch, got));
    });
    REQUIRE(::write(pair.fds[1], "def", 3) == 3);
    ::close(pair.fds[1]);
    pair.fds[1] = -1;
    CHECK(got.get_future().get() == "abcdef");
    r.ask([&] {
        CHECK(watch.hung_up);
        r.loop.remove(watch);
    });
}

TEST_CASE("reactor_watch_closed_inside_a_batch_gets_no_event_of_its_successor") {
    // Two descriptors become ready in the same batch; whoever comes first closes the other and
    // opens a new one in its place, which must see neither the old event nor a lost one.
    running_loop r;
    socket_pair a;
    socket_pair b;
    socket_pair c;
    fd_watch wa;
    fd_watch wb;
    std::promise<void> done;
    int resumed = 0;
    const auto first = [](reactor& loop, fd_watch& mine, fd_watch& other, int new_fd, int& count,
                          std::promise<void>& end) -> task<void> {
        co_await reactor::readable(mine);
        if (count++ == 0) {
            loop.remove(other);
            other.fd = new_fd;
            CHECK(loop.add(other));
            CHECK_FALSE(other.readable);
        }
        co_await loop.yield();
        co_await loop.yield();
        CHECK_FALSE(other.readable);
        end.set_value();
    };
    r.ask([&] {
        wa.fd = a.fds[0];
        wb.fd = b.fds[0];
        REQUIRE(r.loop.add(wa));
        REQUIRE(r.loop.add(wb));
        start_detached(first(r.loop, wa, wb, c.fds[0], resumed, done));
        REQUIRE(::write(a.fds[1], "x", 1) == 1);
        REQUIRE(::write(b.fds[1], "x", 1) == 1);
    });
    done.get_future().get();
    r.ask([&] {
        r.loop.remove(wa);
        r.loop.remove(wb);
    });
}

TEST_CASE("reactor_deadline_expires_once_and_not_before_its_time") {
    struct probe final : deadline {
        std::atomic<int> times{0};
        std::int64_t at = 0;
        void expired() override {
            ++times;
            at = monotonic_ns();
        }
    };
    running_loop r;
    probe soon;
    probe never;
    std::int64_t due = 0;
    r.ask([&] {
        r.loop.add(soon);
        r.loop.add(never);
        due = soon.due_ns = monotonic_ns() + 40'000'000;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    r.ask([&] {
        CHECK(soon.times == 1);
        CHECK(soon.at >= due);
        CHECK(never.times == 0);
        r.loop.remove(soon);
        r.loop.remove(never);
    });
}

TEST_CASE("reactor_wake_resumes_a_waiter_without_an_event") {
    running_loop r;
    socket_pair pair;
    fd_watch watch;
    std::promise<bool> woken;
    r.ask([&] {
        watch.fd = pair.fds[0];
        REQUIRE(r.loop.add(watch));
        start_detached([](fd_watch& w, std::promise<bool>& to) -> task<void> {
            co_await reactor::readable(w);
            to.set_value(w.readable);
        }(watch, woken));
        r.loop.wake(watch);
    });
    CHECK_FALSE(woken.get_future().get());
    r.ask([&] { r.loop.remove(watch); });
}

TEST_CASE("reactor_asio_timer_and_post_run_on_the_loop") {
    running_loop r(idle_mode::sleep);
    std::promise<std::thread::id> fired;
    std::thread::id loop_thread;
    std::unique_ptr<boost::asio::steady_timer> timer;
    r.ask([&] {
        loop_thread = std::this_thread::get_id();
        timer = std::make_unique<boost::asio::steady_timer>(r.loop.context(),
                                                            std::chrono::milliseconds(20));
        timer->async_wait(
            [&](const boost::system::error_code&) { fired.set_value(std::this_thread::get_id()); });
    });
    CHECK(fired.get_future().get() == loop_thread);
    r.ask([&] { timer.reset(); });
}

TEST_CASE("reactor_asio_handlers_that_never_run_dry_leave_the_loop_its_turns") {
    // Before the loop, which may run the last of them as it ends.
    std::atomic<bool> enough{false};
    std::atomic<std::uint64_t> ran{0};
    std::function<void()> again;
    running_loop r;
    again = [&] {
        ++ran;
        if (!enough) boost::asio::post(r.loop.context(), again);
    };
    r.ask([&] { boost::asio::post(r.loop.context(), again); });
    // What is asked of the loop is heard all the same, which a poll to the end never comes to.
    for (int i = 0; i < 3; ++i)
        r.ask([] {});
    r.ask([&] { enough = true; });
    CHECK(ran > 0);
}

TEST_CASE("reactor_idle_loop_is_not_busy_and_a_working_one_is") {
    running_loop r(idle_mode::sleep);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    loop_figures before;
    loop_figures after;
    r.ask([&] { before = r.loop.take_figures(); });
    CHECK(before.busy_ns < before.total_ns / 2);
    r.ask([&] {
        const std::int64_t until = monotonic_ns() + 50'000'000;
        while (monotonic_ns() < until) {
        }
    });
    r.ask([&] { after = r.loop.take_figures(); });
    CHECK(after.busy_ns - before.busy_ns >= 50'000'000);
    CHECK(after.longest_ns >= 50'000'000);
}

TEST_CASE("reactor_pump_is_asked_again_when_it_wants_to_be") {
    struct ticker final : pump {
        std::int64_t start = 0;
        int calls_due = 0;
        std::int64_t late_max = 0;
        std::promise<void> done;
        std::int64_t run_due(std::int64_t now) override {
            if (start == 0) start = now;
            const std::int64_t next = start + (calls_due + 1) * 2'000'000LL;
            if (now >= next && calls_due < 20) {
                late_max = std::max(late_max, now - next);
                if (++calls_due == 20) done.set_value();
            }
            return calls_due >= 20 ? INT64_MAX : start + (calls_due + 1) * 2'000'000LL;
        }
    };
    for (const idle_mode idle : {idle_mode::spin, idle_mode::hybrid, idle_mode::sleep}) {
        running_loop r(idle);
        ticker t;
        r.ask([&] { r.loop.add(static_cast<pump&>(t)); });
        CHECK(t.done.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
        r.ask([&] { r.loop.remove(static_cast<pump&>(t)); });
    }
}

TEST_CASE("lag_counts_keep_values_to_a_sixteenth_of_their_octave") {
    for (const std::int64_t ns :
         {0LL, 1LL, 31LL, 32LL, 33LL, 1'000LL, 65'535LL, 1'234'567LL, 100'000'000'000LL}) {
        lag_counts c;
        c.record(ns);
        std::size_t found = 0;
        for (std::size_t i = 0; i < c.counts.size(); ++i) {
            if (c.counts[i] == 0) continue;
            ++found;
            const double off = static_cast<double>(lag_counts::value_of(i) - ns);
            CHECK(std::abs(off) <= static_cast<double>(ns) / 32 + 0.5);
        }
        CHECK(found == 1);
    }
    lag_counts extremes;
    extremes.record(-5);
    extremes.record(INT64_MAX);
    CHECK(extremes.counts.front() == 1);
    CHECK(extremes.counts.back() == 1);
}

TEST_CASE("reactor_counts_long_turns_and_late_timers") {
    running_loop r;
    lag_figures lag;
    std::atomic<bool> woke{false};
    r.ask([&] { r.loop.take_lag(lag); });
    r.ask([&] {
        start_detached([](reactor& loop, std::atomic<bool>& done) -> task<void> {
            co_await loop.sleep_until(monotonic_ns() + 1'000'000);
            done = true;
        }(r.loop, woke));
        // The turn that keeps the timer waiting.
        const std::int64_t until = monotonic_ns() + 20'000'000;
        while (monotonic_ns() < until) {
        }
    });
    while (!woke)
        std::this_thread::yield();
    r.ask([&] { r.loop.take_lag(lag); });
    const auto at_least = [](const lag_counts& c, std::int64_t ns) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < c.counts.size(); ++i) {
            if (lag_counts::value_of(i) >= ns) sum += c.counts[i];
        }
        return sum;
    };
    CHECK(at_least(lag.turns, 18'000'000) >= 1);
    CHECK(at_least(lag.timers, 17'000'000) == 1);
    r.ask([&] { r.loop.take_lag(lag); });
    CHECK(at_least(lag.timers, 0) == 0);
}

}  // namespace
