#include <doctest/doctest.h>

#include <chopsticks/engine/held_up.hpp>
#include <string>

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::engine;

namespace {

core_figures core(std::int64_t queued_ms, std::int64_t stopped_ms, std::int64_t cpu_ms = 300) {
    core_figures out;
    out.span_ns = 1'000'000'000;
    out.cpu_ns = cpu_ms * 1'000'000;
    out.held_up.queued_ns = queued_ms * 1'000'000;
    out.held_up.stopped_ns = stopped_ms * 1'000'000;
    out.held_up.longest_ns = (queued_ms + stopped_ms) * 500'000;
    return out;
}

const scenario::health_limits limits;

}  // namespace

TEST_CASE("held_up_nothing_lost_is_nothing") {
    const auto s = summarize_held_up({core(0, 0), core(0, 0)}, {});
    CHECK(s.by == held_up_by::nothing);
    CHECK_FALSE(is_held_up(s, limits));
    CHECK(contains(lateness_remedy(s, limits), "--idle spin"));
    CHECK(summarize_held_up({}, {}).by == held_up_by::nothing);
}

TEST_CASE("held_up_limits_are_a_share_and_a_time_at_once") {
    CHECK_FALSE(is_held_up(summarize_held_up({core(49, 0)}, {}), limits));
    CHECK(is_held_up(summarize_held_up({core(20, 31)}, {}), limits));
    // One core in trouble is enough, and is named.
    const auto s = summarize_held_up({core(10, 0), core(300, 0), core(0, 0)}, {});
    CHECK(s.core == 1);
    CHECK(s.share == doctest::Approx(0.3));
    CHECK(s.queued_s == doctest::Approx(0.31));
    // Two seconds at once in a run of an hour.
    core_figures rare = core(0, 0);
    rare.span_ns = 3'600'000'000'000;
    rare.held_up.stopped_ns = 2'000'000'000;
    rare.held_up.longest_ns = 2'000'000'000;
    CHECK(is_held_up(summarize_held_up({rare}, {}), limits));
    scenario::health_limits lax;
    lax.held_up_longest_ns = 3'000'000'000;
    CHECK_FALSE(is_held_up(summarize_held_up({rare}, {}), lax));
    lax.held_up = 1;
    CHECK_FALSE(is_held_up(summarize_held_up({core(700, 300)}, {}), lax));
}

TEST_CASE("held_up_cause_and_advice_follow_from_who_had_the_cpu") {
    cpu_contention seen;
    const auto told = [&seen](const core_figures& one) {
        const auto s = summarize_held_up({one}, seen);
        return std::string(name(s.by)) + ": " + describe_held_up(s, seen, limits);
    };
    CHECK(contains(told(core(300, 0)), "unknown: "));
    CHECK(contains(told(core(10, 300)), "stop: "));
    CHECK(contains(told(core(10, 300)), "SIGSTOP"));
    // Others were busy as well; they did not stop it.
    seen.others_s = 1.5;
    seen.process_s = 0.4;
    seen.processes = {{"cc1plus", 12, 1.4}, {"ninja", 1, 0.05}};
    CHECK(contains(told(core(10, 300)), "stop: "));
    CHECK(contains(told(core(300, 0)), "others: "));
    CHECK(contains(told(core(300, 0)), "cc1plus (12) 1.4 s, ninja 0.050 s"));
    CHECK(contains(told(core(300, 0)), "taskset"));
    CHECK_FALSE(contains(told(core(300, 0)), "--idle"));
    // Nobody had it.
    seen.others_s = 0.02;
    CHECK(contains(told(core(300, 0)), "waking: "));
    CHECK(contains(told(core(300, 0)), "--idle spin"));
    // Threads of the process that are no cores.
    seen.others_s = 0.3;
    seen.process_s = 1.9;
    seen.threads = {{"tp_librbd", 1, 1.4}, {"core", 1, 0.3}};
    CHECK(contains(told(core(300, 0)), "own_threads: "));
    CHECK(contains(told(core(300, 0)), "tp_librbd 1.4 s"));
    CHECK(contains(told(core(300, 0)), "--idle sleep"));
    CHECK_FALSE(contains(told(core(300, 0)), "cc1plus"));
    // The hypervisor's share shows as time that it did not run.
    seen.stolen_s = 0.2;
    CHECK(contains(told(core(10, 300)), "hypervisor: "));
    CHECK(contains(told(core(300, 10)), "own_threads: "));
    // A quota shows as one or the other.
    seen.throttled_s = 0.25;
    seen.throttled_share = 0.7;
    CHECK(contains(told(core(300, 10)), "quota: "));
    CHECK(contains(told(core(10, 300)), "70 % of its periods"));
    CHECK(contains(told(core(10, 300)), "cpu.max"));
}
