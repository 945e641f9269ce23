// What becomes of due work, at times that the test makes up.

#include "dispatcher.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace chopsticks;
using engine::dispatcher;
using engine::due_task;

namespace {

constexpr std::int64_t never = INT64_MAX;

/// Work that is due at these times; as of a recording, with the key as its number.
struct listed_source {
    std::deque<std::int64_t> times;
    bool recorded = false;
    trace::planned_operation taken;
    std::uint64_t number = 0;

    std::int64_t next_ns(std::int64_t) const { return times.empty() ? never : times.front(); }
    const trace::planned_operation* take() {
        times.pop_front();
        taken.key = number++;
        return recorded ? &taken : nullptr;
    }
};

/// Says what it was told: "due 5" is left out.
struct telling_taker {
    unsigned idle = 0;
    std::int64_t step_ns = 0;  ///< how long handing over takes
    std::uint64_t allowed = 1'000'000;
    bool takes = true;
    std::uint64_t due = 0;
    std::int64_t last_due_ns = 0;
    std::string said;

    bool ready() const { return takes; }
    bool allow(std::int64_t) {
        if (allowed == 0) takes = false;
        return allowed > 0 && allowed-- > 0;
    }
    void note_due(std::int64_t due_ns, std::int64_t now_ns) {
        ++due;
        last_due_ns = due_ns;
        CHECK(due_ns <= now_ns);
    }
    bool hand_over(const due_task& task, std::int64_t& now_ns) {
        if (idle == 0) return false;
        --idle;
        say("do", task);
        now_ns += step_ns;
        return true;
    }
    void note_queued() { said += "wait " + std::to_string(last_due_ns) + "; "; }
    void shed(const due_task& task, bool late) { say(late ? "late" : "shed", task); }

    void say(const char* what, const due_task& task) {
        said += std::string(what) + " " + std::to_string(task.due_ns);
        if (task.recorded != nullptr) said += " #" + std::to_string(task.recorded->key);
        said += "; ";
    }
    std::string heard() { return std::exchange(said, {}); }
};

}  // namespace

TEST_CASE("dispatcher_gives_what_is_due_to_idle_users_and_says_when_more_is") {
    dispatcher d(4, 0, false);
    listed_source from{{10, 10, 20, 30}, false, {}, 0};
    telling_taker to;
    to.idle = 10;
    CHECK(d.run(from, 5, 100, to) == 10);
    CHECK(to.heard() == "");
    CHECK(d.run(from, 20, 100, to) == 30);
    CHECK(to.heard() == "do 10; do 10; do 20; ");
    CHECK(d.run(from, 30, 100, to) == never);
    CHECK(to.heard() == "do 30; ");
    CHECK(to.due == 4);
    CHECK(d.empty());
}

TEST_CASE("dispatcher_time_goes_on_while_work_is_handed_over") {
    dispatcher d(4, 0, false);
    listed_source from{{10, 12, 20}, false, {}, 0};
    telling_taker to;
    to.idle = 10;
    to.step_ns = 2;
    // 12 became due while 10 was handed over.
    CHECK(d.run(from, 10, 100, to) == 20);
    CHECK(to.heard() == "do 10; do 12; ");
}

TEST_CASE("dispatcher_takes_nothing_that_is_due_at_the_end_or_after_it") {
    dispatcher d(4, 0, false);
    listed_source from{{99, 100}, false, {}, 0};
    telling_taker to;
    to.idle = 10;
    CHECK(d.run(from, 500, 100, to) == never);
    CHECK(to.heard() == "do 99; ");
    CHECK(to.due == 1);
}

TEST_CASE("dispatcher_queues_in_order_and_sheds_the_newest_when_the_queue_is_full") {
    for (const bool recorded : {false, true}) {
        dispatcher d(3, 0, recorded);
        listed_source from{{1, 2, 3, 4, 5, 6}, recorded, {}, 0};
        telling_taker to;
        to.idle = 1;
        d.run(from, 5, 100, to);
        CHECK(to.heard() == (recorded ? "do 1 #0; wait 2; wait 3; wait 4; shed 5 #4; "
                                      : "do 1; wait 2; wait 3; wait 4; shed 5; "));
        REQUIRE(d.waiting() == 3);
        CHECK(d.oldest().due_ns == 2);
        CHECK((d.oldest().recorded != nullptr) == recorded);
        if (recorded) CHECK(d.oldest().recorded->key == 1);
        d.drop_oldest();
        // Round the end of the ring.
        d.run(from, 6, 100, to);
        CHECK(to.heard() == "wait 6; ");
        std::string all;
        d.for_each([&](const due_task& task) {
            all += std::to_string(task.due_ns);
            if (task.recorded != nullptr)
                CHECK(task.recorded->key + 1 == std::uint64_t(task.due_ns));
        });
        CHECK(all == "346");
        d.drop_all();
        CHECK(d.empty());
    }
}

TEST_CASE("dispatcher_sheds_what_comes_too_late_and_makes_room_of_what_waited_too_long") {
    dispatcher d(2, 10, false);
    listed_source from{{1, 2, 12, 13}, false, {}, 0};
    telling_taker to;
    CHECK(d.run(from, 2, 100, to) == 12);
    CHECK(to.heard() == "wait 1; wait 2; ");
    // 1 has waited for 11 and makes room; 2 for 10, which it may.
    d.run(from, 12, 100, to);
    CHECK(to.heard() == "late 1; wait 12; ");
    // 13 is late before anybody saw it; the queue is not looked at for it.
    d.run(from, 24, 100, to);
    CHECK(to.heard() == "late 13; ");
    d.shed_late(22, to);
    CHECK(to.heard() == "late 2; ");
    d.shed_late(23, to);
    CHECK(to.heard() == "late 12; ");
    CHECK(d.empty());
    CHECK(to.due == 4);
}

TEST_CASE("dispatcher_without_a_limit_keeps_what_is_late") {
    dispatcher d(2, 0, false);
    listed_source from{{1}, false, {}, 0};
    telling_taker to;
    d.run(from, 1'000'000'000, never, to);
    CHECK(to.heard() == "wait 1; ");
    d.shed_late(never, to);
    CHECK(d.waiting() == 1);
}

TEST_CASE("dispatcher_ends_when_no_more_may_begin") {
    dispatcher d(2, 0, false);
    listed_source from{{1, 2, 3}, false, {}, 0};
    telling_taker to;
    to.idle = 5;
    to.allowed = 2;
    CHECK(d.run(from, 10, 100, to) == never);
    CHECK(to.heard() == "do 1; do 2; ");
    CHECK(to.due == 2);
    CHECK(d.run(from, 20, 100, to) == never);
    CHECK(from.times.size() == 1);
}

TEST_CASE("due_source_of_a_plan_counts_from_the_start_of_the_load") {
    struct three final : load::arrival_source {
        double next() noexcept override {
            ++n;
            return n <= 3 ? n * 10.5 : std::numeric_limits<double>::infinity();
        }
        double change(double, double) noexcept override { return n * 10.5; }
        int n = 0;
    };
    engine::due_source from(std::make_unique<three>(), 1000);
    for (const std::int64_t due : {1010, 1021, 1031}) {
        CHECK(from.next_ns(0) == due);
        CHECK(from.take() == nullptr);
    }
    CHECK(from.next_ns(5000) == never);
}
