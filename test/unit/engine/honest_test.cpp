// What must not disappear from a run's figures: work that was not answered, times without an
// answer, tasks that found nothing to do.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/engine/validity.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/stats/response_times.hpp>

#include "../../support/bound_steps.hpp"
#include "model_run.hpp"

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::string plan_of(const std::string& load, const std::string& phases,
                    const std::string& tasks = "[{op: get}]", int objects = 200) {
    return "name: t\nseed: 3\ngroups:\n  - {workload: s3, data: {objects: " +
           std::to_string(objects) + ", size: 4KiB}, tasks: " + tasks + ", load: " + load +
           "}\nphases: {" + phases + "}\n";
}

/// Answers in `normal_ns`, but nothing between two times of the measure phase.
void stall(model_run& r, std::int64_t normal_ns, std::int64_t from_ns, std::int64_t to_ns) {
    auto began_ns = std::make_shared<std::atomic<std::int64_t>>(0);
    r.seen.at_phase = [began_ns](engine::phase p) {
        if (p == engine::phase::measure) *began_ns = monotonic_ns();
    };
    r.state.answer_at = [=](std::int64_t sent_ns) {
        const std::int64_t answer_ns = sent_ns + normal_ns;
        const std::int64_t began = *began_ns;
        if (began == 0 || answer_ns < began + from_ns) return answer_ns;
        return std::max(answer_ns, began + to_ns);
    };
}

/// Everything but prepare and cleanup fails after a time of the measure phase, as a dead target
/// does.
void die(model_run& r, std::int64_t after_ns) {
    auto began_ns = std::make_shared<std::atomic<std::int64_t>>(0);
    r.seen.at_phase = [began_ns](engine::phase p) {
        if (p == engine::phase::measure) *began_ns = monotonic_ns();
        if (p == engine::phase::drain) *began_ns = 0;
    };
    r.state.fail = [=](const engine::operation&, engine::outcome& out) {
        const std::int64_t began = *began_ns;
        if (began == 0 || monotonic_ns() < began + after_ns) return false;
        out.fail(op_status::connect_failed, "ECONNREFUSED", "connection refused");
        return true;
    };
}

stats::response_times responses(const engine::run_result& result) {
    stats::response_times all;
    for (const auto& f : result.measured.by_operation)
        all.add(f);
    return all;
}

}  // namespace

TEST_CASE("honest_stall_at_the_end_is_in_the_percentiles") {
    model_run r(plan_of("{open: {rate: 1500, arrivals: constant, max_in_flight: 64}}",
                        "warmup: 1s, measure: 25s, drain: 10s"));
    r.options.interval_ns = second;
    stall(r, 2'000'000, 22 * second, 27 * second);
    const auto result = r.go(2);
    const auto& load = result.groups[0];
    REQUIRE(load.intended == 37'500);
    CHECK(load.backlog > 4'000);
    const auto& get = result.measured.by_operation[0];
    CHECK(get.unfinished == load.backlog);
    // Nothing that was due is missing.
    CHECK(get.ok_count + get.failed_count + get.unfinished + get.shed == load.intended);
    CHECK(get.waited.count() == get.unfinished);
    CHECK(get.waited.max() <= 3 * second + 10'000'000);
    const auto all = responses(result);
    CHECK(all.count() == load.intended);
    const stats::bounded p99 = all.percentile(99);
    CHECK(p99.least > 2.5e9);
    CHECK(p99.at_least());
    // What was answered says the opposite; nine tenths were, and for them it is true.
    CHECK(get.response.value_at_percentile(50) < 5'000'000);
    CHECK_FALSE(all.percentile(50).at_least());
    // The target gave no sign of life for the last 3 s.
    REQUIRE(result.silences.size() == 1);
    REQUIRE(result.silences[0].outages.size() == 1);
    CHECK(result.silences[0].outages[0].start_s == doctest::Approx(22).epsilon(0.01));
    CHECK(result.silences[0].outages[0].duration_s == doctest::Approx(3).epsilon(0.01));
    CHECK(result.silences[0].outage_share == doctest::Approx(0.12).epsilon(0.01));
}

TEST_CASE("honest_shed_work_is_counted_by_the_operation_that_it_would_have_been") {
    // 100 per second can be done of the 400 that are due.
    model_run r(plan_of("{open: {rate: 400, max_in_flight: 2, queue_limit: 4}}",
                        "warmup: 0s, measure: 2s", "[{op: get, weight: 3}, {op: head}]"));
    r.state.delay_ns = 20'000'000;
    const auto result = r.go(1);
    const auto& load = result.groups[0];
    const auto& get = result.measured.by_operation[0];
    const auto& head = result.measured.by_operation[1];
    CHECK(load.shed > 500);
    CHECK(get.shed + head.shed == load.shed);
    CHECK(static_cast<double>(get.shed) ==
          doctest::Approx(3.0 * static_cast<double>(head.shed)).epsilon(0.05));
    CHECK(get.unfinished + head.unfinished == load.backlog);
    CHECK(responses(result).percentile(50).at_least());
    CHECK(responses(result).count() == load.intended);
}

TEST_CASE("honest_operations_that_the_drain_cuts_off_are_lower_bounds_too") {
    model_run r(
        plan_of("{closed: {users: 4}}", "warmup: 0s, measure: 2s, drain: 3s, cleanup: false"));
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::measure) r.state.hang = true;
    };
    const auto result = r.go(2);
    const auto& get = result.measured.by_operation[0];
    CHECK(get.failed_count == 4);
    // They are failures already.
    CHECK(get.unfinished == 0);
    CHECK(get.waited.count() == 4);
    CHECK(get.waited.min() > 4'900'000'000);
    CHECK(responses(result).percentile(50).least > 4.9e9);
}

TEST_CASE("honest_second_interrupt_leaves_what_it_cuts_off_unfinished") {
    model_run r(plan_of("{closed: {users: 4}}", "warmup: 0s, measure: 20s, drain: 30s"));
    r.seen.at_phase = [&](engine::phase p) {
        if (p != engine::phase::measure) return;
        r.state.hang = true;
        r.later(2 * second, [&] { r.stop = 1; });
        r.later(3 * second, [&] { r.stop = 2; });
    };
    const auto result = r.go(2);
    const auto& get = result.measured.by_operation[0];
    CHECK(result.groups[0].cancelled == 4);
    CHECK(get.failed_count == 0);
    CHECK(get.unfinished == 4);
    CHECK(get.waited.min() > 2'900'000'000);
}

TEST_CASE("honest_load_that_runs_out_of_objects_is_measured_until_then") {
    model_run r(plan_of("{closed: {users: 4}}", "warmup: 0s, measure: 5s", "[{op: delete}]", 4000));
    // 4 users, 1 ms each: 4000 per second, for one second.
    r.state.delay_ns = 1'000'000;
    const auto result = r.go(2);
    CHECK(result.exhausted == std::vector<bool>{true});
    CHECK(result.measure_s == doctest::Approx(1).epsilon(0.02));
    CHECK(result.group_measure_s[0] == doctest::Approx(result.measure_s));
    CHECK(model_run::ok(result.measured) == 4000);
    // Tasks that sent nothing were not issued.
    CHECK(result.groups[0].issued == 4000);
    CHECK(result.groups[0].completed == 4000);
    CHECK(result.groups[0].skipped > 0);
    CHECK(result.groups[0].intended == 4000 + result.groups[0].skipped);
    CHECK(result.silences[0].outages.empty());
}

TEST_CASE("honest_group_that_runs_out_does_not_end_the_others") {
    model_run r(
        "name: t\nseed: 3\ngroups:\n"
        "  - {name: a, workload: s3, data: {objects: 400, size: 1KiB}, tasks: [{op: delete}],"
        " load: {closed: {users: 2}}}\n"
        "  - {name: b, workload: s3, data: {objects: 0, size: 1KiB}, tasks: [{op: list}],"
        " load: {open: {rate: 100, arrivals: constant, max_in_flight: 8}}}\n"
        "phases: {warmup: 0s, measure: 3s}\n");
    r.state.delay_ns = 2'000'000;
    const auto result = r.go(2);
    CHECK(result.measure_s == doctest::Approx(3));
    CHECK(result.exhausted == std::vector<bool>{true, false});
    CHECK(result.group_measure_s[0] == doctest::Approx(0.4).epsilon(0.05));
    CHECK(result.group_measure_s[1] == doctest::Approx(3));
    CHECK(result.groups[1].issued == 300);
}

TEST_CASE("honest_mix_that_makes_what_it_removes_never_runs_out") {
    model_run r(plan_of("{closed: {users: 4}}", "warmup: 0s, measure: 1s",
                        "[{op: put}, {op: delete, weight: 3}, {op: get}]", 4));
    r.state.delay_ns = 1'000'000;
    const auto result = r.go(2);
    CHECK(result.exhausted == std::vector<bool>{false});
    CHECK(result.measure_s == doctest::Approx(1));
    CHECK(result.groups[0].skipped > 0);
}

TEST_CASE("honest_dead_target_is_an_outage_although_few_operations_failed") {
    model_run r(plan_of("{closed: {users: 8}}", "warmup: 0s, measure: 6s"));
    r.state.delay_ns = 1'000'000;
    r.plan.phase.cleanup = false;
    die(r, second);
    const auto result = r.go(2);
    const double failed = static_cast<double>(model_run::failed(result.measured));
    // Users back off, so that the share of failures says nothing.
    CHECK(failed / static_cast<double>(model_run::ok(result.measured)) < 0.02);
    const auto& silence = result.silences[0];
    REQUIRE(silence.outages.size() == 1);
    CHECK(silence.outages[0].start_s == doctest::Approx(1).epsilon(0.02));
    CHECK(silence.outages[0].duration_s == doctest::Approx(5).epsilon(0.02));
    CHECK(silence.outage_share == doctest::Approx(5.0 / 6).epsilon(0.02));
    CHECK(silence.longest_s == doctest::Approx(5).epsilon(0.02));
}

TEST_CASE("honest_stall_in_the_middle_is_told_from_when_to_when") {
    model_run r(plan_of("{closed: {users: 8}}", "warmup: 0s, measure: 20s"));
    stall(r, 1'000'000, 4 * second, 9 * second);
    const auto result = r.go(2);
    REQUIRE(result.silences[0].outages.size() == 1);
    CHECK(result.silences[0].outages[0].start_s == doctest::Approx(4).epsilon(0.01));
    CHECK(result.silences[0].outages[0].duration_s == doctest::Approx(5).epsilon(0.01));
}

TEST_CASE("honest_quiet_times_in_which_nothing_was_due_are_no_outage") {
    SUBCASE("users that think") {
        model_run r(plan_of("{closed: {users: 2, think_time: 5s}}", "warmup: 0s, measure: 30s"));
        const auto result = r.go(1);
        CHECK(result.groups[0].completed > 5);
        CHECK(result.silences[0].outages.empty());
        CHECK(result.silences[0].longest_s < 0.1);
    }
    SUBCASE("a stage without load") {
        model_run r(
            plan_of("{open: {arrivals: constant, stages: [{duration: 3s, rate: 100},"
                    " {duration: 10s, rate: 0}, {duration: 3s, rate: 100}]}}",
                    "warmup: 0s"));
        const auto result = r.go(2);
        CHECK(result.measure_s == doctest::Approx(16));
        CHECK(result.silences[0].outages.empty());
    }
    SUBCASE("a target whose operations take long") {
        model_run r(plan_of("{closed: {users: 2}}", "warmup: 0s, measure: 60s"));
        r.state.delay_ns = 3 * second;
        const auto result = r.go(1);
        CHECK(result.silences[0].outages.empty());
        CHECK(result.silences[0].longest_s == doctest::Approx(3).epsilon(0.02));
    }
}

TEST_CASE("honest_in_flight_is_never_more_than_there_are_users") {
    model_run open(plan_of("{open: {rate: 3000, max_in_flight: 4}}", "warmup: 200ms, measure: 1s"));
    model_run closed(plan_of("{closed: {users: 16}}", "warmup: 200ms, measure: 1s"));
    std::uint64_t most = 0;
    for (model_run* r : {&open, &closed}) {
        r->state.delay_ns = 2'000'000;
        r->seen.at_interval = [&](const engine::interval& i) {
            most = std::max(most, i.groups[0].in_flight_max);
        };
        most = 0;
        const auto result = r->go(2);
        CHECK(most == (r == &open ? 4 : 16));
        CHECK(result.groups[0].in_flight_max == most);
    }
}

TEST_CASE("honest_run_that_is_ended_by_its_operations_is_measured_until_the_last") {
    model_run r(plan_of("{closed: {users: 4}}", "warmup: 0s, measure: 20s") +
                "stop: {operations: 184}\n");
    // 46 rounds of 1 ms.
    r.state.delay_ns = 1'000'000;
    const auto result = r.go(1);
    CHECK(result.groups[0].issued == 184);
    CHECK(result.measure_s == doctest::Approx(0.046).epsilon(0.02));
}

TEST_CASE("honest_late_open_loop_is_not_hidden_by_a_closed_one_beside_it") {
    model_run r(
        "name: t\nseed: 3\ngroups:\n"
        "  - {name: a, workload: s3, data: {objects: 50, size: 1KiB}, tasks: [{op: get}],"
        " load: {open: {rate: 200, arrivals: constant, max_in_flight: 64}}}\n"
        "  - {name: b, workload: s3, data: {objects: 50, size: 1KiB}, tasks: [{op: head}],"
        " load: {closed: {users: 16}}}\n"
        "phases: {warmup: 0s, measure: 10s}\n");
    r.state.delay_ns = 1'000'000;
    bool stood_still = false;
    r.state.fail = [&](const engine::operation& op, engine::outcome&) {
        // The generator stands still for 2 s, as under SIGSTOP.
        if (!stood_still && test::name_of(op) == "head" && r.state.executed > 50'000) {
            stood_still = true;
            virtual_clock::in_place()->skip(2 * second);
        }
        return false;
    };
    const auto result = r.go(1);
    REQUIRE(stood_still);
    const auto reasons = engine::invalid_reasons(result, r.options);
    // That it was held up is another one.
    CHECK(std::any_of(reasons.begin(), reasons.end(), [](const std::string& reason) {
        return reason.find("Group a: the generator sent due operations late") != std::string::npos;
    }));
}
