#include <doctest/doctest.h>

#include <chopsticks/engine/validity.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "../../support/contains.hpp"

namespace {

using chopsticks::test::contains;
using namespace chopsticks;

struct finished_run {
    finished_run() : result(stats::layout{{"s3/get"}, {"model"}}) {
        group.open.emplace();
        setup.group = &group;
        group.name = "s3";
        group.open->rate = 1000;
        group.open->max_in_flight = 64;
        options.groups.push_back(setup);
        options.plan = &plan;
        result.measure_s = 1;
        result.group_measure_s = {1};
        result.schedule_lag.resize(1);
        result.groups.resize(1);
        result.groups[0].intended = 1000;
        result.groups[0].issued = 1000;
        result.groups[0].in_flight_max = 64;
        auto& f = result.measured.by_operation[0];
        f.ok_count = 1000;
        for (int i = 0; i < 1000; ++i) {
            f.service.record(1'000'000);
            f.send_lag.record(6'000);
            result.schedule_lag[0].record(5'000);
        }
        result.cores.resize(2);
        for (auto& c : result.cores) {
            c.span_ns = 1'000'000'000;
            c.busy_ns = 500'000'000;
        }
    }
    /// The only reason, or what stands for none or several.
    std::string reason(const engine::observed_health& observed = {}) const {
        const auto all = engine::invalid_reasons(result, options, observed);
        return all.size() == 1 ? all[0] : std::to_string(all.size()) + " reasons";
    }
    scenario::scenario plan;
    scenario::group group;
    engine::group_setup setup;
    engine::run_options options;
    engine::run_result result;
};

TEST_CASE("validity_run_with_room_to_spare_has_no_reason_against_it") {
    finished_run r;
    CHECK(engine::invalid_reasons(r.result, r.options).empty());
}

TEST_CASE("validity_run_that_never_came_to_its_load_has_no_group_to_be_judged") {
    finished_run r;
    r.result.group_measure_s.clear();
    r.result.groups[0].intended = 0;
    CHECK(engine::invalid_reasons(r.result, r.options).empty());
}

TEST_CASE("validity_busy_core_is_named") {
    finished_run r;
    r.result.cores[1].busy_ns = 980'000'000;
    const auto reasons = engine::invalid_reasons(r.result, r.options);
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0].find("Core 1") != std::string::npos);
}

TEST_CASE("validity_late_generator_is_told_from_a_slow_target") {
    finished_run r;
    auto& f = r.result.measured.by_operation[0];
    for (int i = 0; i < 100; ++i)
        f.send_lag.record(3'000'000);
    CHECK(contains(r.reason(), "late (p99 3.00 ms"));
    // Work that waited for a user waited for the target: then only the dispatcher's lateness
    // counts.
    r.result.groups[0].queued = 2;
    CHECK(r.reason() == "0 reasons");
    for (int i = 0; i < 100; ++i)
        r.result.schedule_lag[0].record(3'000'000);
    CHECK(contains(r.reason(), "late (p99 3.00 ms"));
    // The same lateness does not show in operations of a second.
    for (int i = 0; i < 100'000; ++i)
        f.service.record(1'000'000'000);
    CHECK(r.reason() == "0 reasons");
    r.plan.limits.send_lag = 0.001;
    CHECK(contains(r.reason(), "late"));
    r.plan.limits.send_lag_floor_ns = 10'000'000;
    CHECK(r.reason() == "0 reasons");
}

TEST_CASE("validity_latency_objective_says_how_late_is_too_late") {
    finished_run r;
    for (int i = 0; i < 100; ++i)
        r.result.measured.by_operation[0].send_lag.record(3'000'000);
    CHECK(contains(r.reason(), "late"));
    scenario::slo objective;
    objective.limit = 20e6;
    r.plan.slos = {objective};
    CHECK(contains(r.reason(), "limit 2.00 ms"));
    objective.limit = 200e6;
    r.plan.slos = {objective};
    CHECK(r.reason() == "0 reasons");
    // The tightest one counts.
    objective.limit = 20e6;
    r.plan.slos.push_back(objective);
    CHECK(contains(r.reason(), "limit 2.00 ms"));
}

TEST_CASE("validity_lateness_of_a_closed_loop_is_no_reason") {
    finished_run r;
    r.result.groups[0].queued = 0;
    r.group.open.reset();
    for (int i = 0; i < 100; ++i)
        r.result.measured.by_operation[0].send_lag.record(3'000'000);
    CHECK(r.reason() == "0 reasons");
}

TEST_CASE("validity_core_over_90_percent_counts_when_the_send_lag_grows") {
    finished_run r;
    r.result.cores[0].busy_ns = 920'000'000;
    r.result.send_lag_p99_ns = {10'000, 900'000, 10'000, 20'000, 900'000, 20'000};
    CHECK(r.reason() == "0 reasons");
    r.result.send_lag_p99_ns = {10'000, 400'000, 800'000, 1'200'000, 1'600'000, 2'000'000};
    CHECK(contains(r.reason(), "Core 0 was 92 % busy (limit 90 %) while the send lag grew"));
    r.plan.limits.core_busy = 0.93;
    CHECK(r.reason() == "0 reasons");
    r.plan.limits.core_saturated = 0.91;
    CHECK(contains(r.reason(), "limit 91 %"));
}

TEST_CASE("validity_growth_is_of_the_whole_series_and_above_its_floor") {
    CHECK_FALSE(engine::grows({}, 0));
    CHECK_FALSE(engine::grows({1, 2, 3, 4, 5}, 0));
    CHECK(engine::grows({1, 2, 3, 4, 5, 6}, 0));
    CHECK_FALSE(engine::grows({1, 2, 3, 4, 5, 6}, 100));
    CHECK_FALSE(engine::grows({100, 100, 100, 120, 120, 120}, 0));
    CHECK_FALSE(engine::grows({6, 5, 4, 3, 2, 1}, 0));
    // One bad second is no growth.
    CHECK_FALSE(engine::grows({1, 1, 1, 1, 1, 1, 1, 1, 9'000}, 0));
}

TEST_CASE("validity_dispatcher_that_did_not_come_to_its_tasks_is_named") {
    finished_run r;
    r.group.open->rate = 100'000;
    r.result.groups[0].intended = 100'000;
    CHECK(r.reason() == "0 reasons");
    r.result.groups[0].intended = 98'000;
    CHECK(contains(r.reason(), "of 100000 tasks that were due the generator came to 98000 (98 %"));
    r.plan.limits.achieved = 0.97;
    CHECK(r.reason() == "0 reasons");
    r.plan.limits.achieved = 0.99;
    // Fewer were due: a limit of the run ended it, or somebody did.
    r.plan.stop.operations = 98'000;
    CHECK(r.reason() == "0 reasons");
    r.plan.stop.operations = 0;
    r.result.interrupted = true;
    CHECK(r.reason() == "0 reasons");
}

TEST_CASE("validity_steered_rate_is_held_against_what_was_wanted_of_it") {
    finished_run r;
    r.group.open->rate = 100'000;
    r.result.groups[0].intended = 30'000;
    CHECK(contains(r.reason(), "of 100000 tasks that were due the generator came to 30000"));
    r.result.steered.emplace();
    r.result.steered->planned_tasks = {30'050};
    CHECK(r.reason() == "0 reasons");
    r.result.steered->planned_tasks = {40'000};
    CHECK(contains(r.reason(), "of 40000 tasks that were due the generator came to 30000"));
}

TEST_CASE("validity_process_of_a_world_is_held_against_its_own_share") {
    finished_run r;
    r.group.open->rate = 100'000;
    r.options.cores_in_all = 4 * r.options.cores;
    r.result.groups[0].intended = 25'000;
    CHECK(r.reason() == "0 reasons");
    r.result.groups[0].intended = 20'000;
    CHECK(contains(r.reason(), "of 25000 tasks that were due the generator came to 20000"));
}

TEST_CASE("validity_few_poisson_arrivals_may_miss_the_mean_by_chance") {
    finished_run r;
    r.result.groups[0].intended = 900;
    CHECK(r.reason() == "0 reasons");
    r.result.groups[0].intended = 800;
    CHECK(contains(r.reason(), "came to 800"));
}

TEST_CASE("validity_work_left_undone_is_the_targets_unless_users_were_idle") {
    finished_run r;
    r.result.groups[0].shed = 300;
    r.result.groups[0].backlog = 100;
    CHECK(r.reason() == "0 reasons");
    r.result.groups[0].in_flight_max = 40;
    CHECK(contains(r.reason(), "uneven over the cores"));
    r.plan.limits.send_lag = 1;  // of this rule alone
    for (int i = 0; i < 100; ++i)
        r.result.schedule_lag[0].record(900'000);
    CHECK(contains(r.reason(), "more than the generator's cores can do"));
    r.result.groups[0].shed = 5;
    r.result.groups[0].backlog = 0;
    CHECK(r.reason() == "0 reasons");
}

TEST_CASE("validity_descriptors_and_ports_that_ran_out_are_named") {
    finished_run r;
    engine::observed_health seen;
    seen.open_fds_max = 99;
    seen.fds_limit = 100;
    seen.ports_left_min = 1;
    seen.ports_in_all = 28'232;
    CHECK(r.reason(seen) == "0 reasons");
    seen.open_fds_max = 100;
    CHECK(contains(r.reason(seen), "File descriptors ran out (100 open, limit 100"));
    seen.open_fds_max = 10;
    seen.ports_left_min = 0;
    CHECK(contains(r.reason(seen), "Local ports ran out"));
    seen.ports_left_min = 20'000;
    r.result.measured_connections.no_port = 3;
    CHECK(contains(r.reason(seen), "3 connections failed for it"));
    r.result.measured_connections.no_port = 0;
    r.result.measured_connections.no_descriptor = 4;
    CHECK(contains(r.reason(seen), "4 connections failed for it"));
    r.result.measured_connections.no_descriptor = 0;
    r.plan.limits.ports = 0.2;
    CHECK(contains(r.reason(seen), "Local ports"));
}

TEST_CASE("validity_host_that_interferes_is_named") {
    finished_run r;
    engine::observed_health seen;
    seen.steal_share = 0.04;
    seen.lines = {{"eth0", 0.09}};
    seen.clock_step_ns = -9'000'000;
    CHECK(r.reason(seen) == "0 reasons");
    seen.steal_share = 0.08;
    CHECK(contains(r.reason(seen), "hypervisor took 8.0 %"));
    seen.steal_share = 0;
    seen.lines = {{"eth1", 0.2}};
    CHECK(contains(r.reason(seen), "eth1 was over 95 % of its line rate for 20 %"));
    seen.lines.clear();
    seen.clock_step_ns = -250'000'000;
    CHECK(contains(r.reason(seen), "set back by 250 ms"));
    r.plan.limits.clock_step_ns = 300'000'000;
    CHECK(r.reason(seen) == "0 reasons");
}

TEST_CASE("validity_run_without_operations_proves_nothing") {
    finished_run r;
    r.result.measured.by_operation[0].ok_count = 0;
    CHECK(engine::invalid_reasons(r.result, r.options).size() == 1);
}

}  // namespace
