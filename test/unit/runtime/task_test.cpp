#include <doctest/doctest.h>

#include <chopsticks/runtime/task.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace chopsticks::runtime;

task<int> value(int v) {
    co_return v;
}

task<std::string> joined(int depth) {
    if (depth == 0) co_return std::string("end");
    std::string rest = co_await joined(depth - 1);
    co_return std::to_string(depth) + "," + rest;
}

struct counts {
    int alive = 0;
    int made = 0;
};

struct counted {
    explicit counted(counts& c) : c_(&c) { ++c_->alive, ++c_->made; }
    counted(const counted& o) : c_(o.c_) { ++c_->alive, ++c_->made; }
    counted& operator=(const counted&) = delete;
    ~counted() { --c_->alive; }
    counts* c_;
};

task<void> hold(counts& c, std::coroutine_handle<>& where) {
    const counted local(c);
    struct parked {
        std::coroutine_handle<>* where;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) const noexcept { *where = h; }
        void await_resume() const noexcept {}
    };
    const parked here{&where};
    co_await here;
}

TEST_CASE("task_not_awaited_never_runs") {
    bool ran = false;
    {
        auto t = [](bool& flag) -> task<void> {
            flag = true;
            co_return;
        }(ran);
    }
    CHECK_FALSE(ran);
}

TEST_CASE("task_nested_returns_values_in_order") {
    std::string out;
    start_detached([](std::string& to) -> task<void> {
        const int v = co_await value(7);
        const std::string text = co_await joined(3);
        to = std::to_string(v) + ":" + text;
    }(out));
    CHECK(out == "7:3,2,1,end");
}

TEST_CASE("task_deep_recursion_does_not_use_the_stack_of_the_caller_for_each_resume") {
    std::string out;
    start_detached([](std::string& to) -> task<void> { to = co_await joined(2000); }(out));
    CHECK(out.size() > 2000);
}

TEST_CASE("task_suspended_and_resumed_destroys_its_locals_once") {
    counts c;
    std::coroutine_handle<> parked;
    start_detached(hold(c, parked));
    CHECK(c.alive == 1);
    parked.resume();
    CHECK(c.alive == 0);
    CHECK(c.made == 1);
}

TEST_CASE("frame_pool_reuses_a_block_of_the_same_size_class") {
    void* first = frame_pool::allocate(300);
    frame_pool::release(first, 300);
    void* second = frame_pool::allocate(310);
    CHECK(first == second);
    void* other = frame_pool::allocate(310);
    CHECK(other != second);
    frame_pool::release(second, 310);
    frame_pool::release(other, 310);
}

TEST_CASE("frame_pool_block_freed_on_another_thread_is_not_lost_or_shared") {
    void* block = frame_pool::allocate(128);
    std::thread([block] {
        frame_pool::release(block, 128);
        void* again = frame_pool::allocate(128);
        CHECK(again == block);
        frame_pool::release(again, 128);
    }).join();
    void* mine = frame_pool::allocate(128);
    frame_pool::release(mine, 128);
}

}  // namespace

namespace {

task<int> fails(counts& c, int depth) {
    const counted local(c);
    if (depth == 0) throw std::runtime_error("deep");
    const int below = co_await fails(c, depth - 1);
    co_return below + 1;
}

task<void> catches(counts& c, std::string& what) {
    try {
        task<int> work = fails(c, 3);
        co_await work;
    } catch (const std::runtime_error& error) {
        what = error.what();
    }
}

}  // namespace

TEST_CASE("task_an_exception_goes_up_to_who_awaits_and_everything_on_its_way_ends") {
    counts c;
    std::string what;
    start_detached(catches(c, what));
    CHECK(what == "deep");
    CHECK(c.made == 4);
    CHECK(c.alive == 0);
}
