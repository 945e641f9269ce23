// Loads that change over time: what is due when, what is dropped, and figures by stage.

#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>

#include "model_run.hpp"

namespace {

std::string with_stages(const std::string& groups) {
    return "name: t\nseed: 3\ngroups:\n" + groups + "phases: {warmup: 50ms, drain: 5s}\n";
}

std::string reads(const std::string& name, const std::string& load) {
    return "  - {name: " + name +
           ", workload: s3, data: {objects: 50, size: 4KiB}, tasks: [get], load: " + load + "}\n";
}

/// Twenty stages of 20 ms, so that the tasks due in each tell one seed's arrivals from another's.
std::vector<std::uint64_t> due_by_stage(const std::string& arrivals, std::uint64_t seed) {
    std::string stages;
    for (int i = 0; i < 20; ++i)
        stages += std::string(i > 0 ? ", " : "") + "{duration: 20ms, rate: 2000}";
    model_run r(
        with_stages(reads("a", "{open: {arrivals: " + arrivals + ", stages: [" + stages + "]}}")));
    r.plan.seed = seed;
    const auto result = r.go(2);
    std::vector<std::uint64_t> due;
    for (const auto& stage : result.stages)
        due.push_back(stage.groups[0].intended);
    return due;
}

}  // namespace

TEST_CASE("ceiling_sheds_what_waited_too_long_and_counts_it") {
    // Two at a time, 20 ms each: 100 per second can be done of the 400 that are due.
    const std::string load = "{open: {rate: 400, max_in_flight: 2, queue_limit: 1000, late: ";
    model_run kept(yaml(load + "keep}}", "", "      - {op: get}\n"));
    model_run shed(yaml(load + "{shed_after: 50ms}}}", "", "      - {op: get}\n"));
    kept.state.delay_ns = shed.state.delay_ns = 20'000'000;
    const auto all = kept.go(1);
    const auto some = shed.go(1);
    CHECK(all.groups[0].shed_late == 0);
    CHECK(all.groups[0].backlog > 20);
    const auto& load_figures = some.groups[0];
    CHECK(load_figures.shed_late > 20);
    CHECK(load_figures.shed == 0);
    CHECK(load_figures.intended ==
          load_figures.issued + load_figures.shed + load_figures.shed_late + load_figures.backlog);
    // The same was due; the ceiling changes what is done, never what was planned.
    CHECK(load_figures.intended == all.groups[0].intended);
    CHECK(some.measured.by_operation[0].send_lag.value_at_percentile(50) <
          all.measured.by_operation[0].send_lag.value_at_percentile(50));
}

TEST_CASE("ceiling_and_a_full_queue_are_counted_apart") {
    model_run r(
        yaml("{open: {rate: 2000, max_in_flight: 2, queue_limit: 5, late: "
             "{shed_after: 15ms}}}",
             "", "      - {op: get}\n"));
    r.state.delay_ns = 20'000'000;
    const auto result = r.go(2);
    const auto& load = result.groups[0];
    CHECK(load.shed > 0);
    CHECK(load.shed_late > 0);
    CHECK(load.intended == load.issued + load.shed + load.shed_late + load.backlog);
    CHECK(load.completed == load.issued);
}

TEST_CASE("stages_figures_add_up_to_those_of_the_measure_phase") {
    model_run r(with_stages(
        reads("open",
              "{open: {stages: [{duration: 150ms, rate: 1000}, {duration: 100ms, rate: 3000, "
              "ramp: 50ms}, {duration: 150ms, rate: 500}], max_in_flight: 2, queue_limit: 20, "
              "late: {shed_after: 5ms}}}") +
        reads("closed",
              "{closed: {stages: [{duration: 200ms, users: 2}, {duration: 200ms, "
              "users: 7, ramp: 100ms}]}}")));
    r.state.delay_ns = 1'000'000;
    const auto result = r.go(2);
    REQUIRE(result.problem.empty());
    // The ends of both groups' stages: 150, 200, 250 and 400 ms.
    REQUIRE(result.stages.size() == 4);
    double length_s = 0;
    std::vector<engine::load_figures> sums(2);
    std::vector<std::uint64_t> ok(2), failed(2), bytes(2), responses(2);
    for (const auto& stage : result.stages) {
        CHECK(stage.start_s == doctest::Approx(length_s));
        length_s += stage.duration_s;
        for (std::size_t g = 0; g < 2; ++g) {
            const auto& one = stage.figures.by_operation[g];
            ok[g] += one.ok_count;
            failed[g] += one.failed_count;
            bytes[g] += one.bytes;
            responses[g] += one.response.count();
            sums[g].intended += stage.groups[g].intended;
            sums[g].issued += stage.groups[g].issued;
            sums[g].completed += stage.groups[g].completed;
            sums[g].shed += stage.groups[g].shed;
            sums[g].shed_late += stage.groups[g].shed_late;
        }
    }
    CHECK(length_s == doctest::Approx(result.measure_s).epsilon(1e-6));
    for (std::size_t g = 0; g < 2; ++g) {
        CAPTURE(g);
        const auto& whole = result.measured.by_operation[g];
        CHECK(ok[g] == whole.ok_count);
        CHECK(ok[g] > 50);
        CHECK(failed[g] == whole.failed_count);
        CHECK(bytes[g] == whole.bytes);
        CHECK(responses[g] == whole.response.count());
        CHECK(sums[g].intended == result.groups[g].intended);
        CHECK(sums[g].issued == result.groups[g].issued);
        CHECK(sums[g].completed == result.groups[g].completed);
        CHECK(sums[g].shed == result.groups[g].shed);
        CHECK(sums[g].shed_late == result.groups[g].shed_late);
    }
    CHECK(sums[0].shed_late > 0);
}

TEST_CASE("stages_of_constant_arrivals_have_exactly_the_area_of_their_rates") {
    model_run r(
        with_stages(reads("a",
                          "{open: {arrivals: constant, stages: [{duration: 100ms, rate: 1000}, "
                          "{duration: 100ms, rate: 3000, ramp: 100ms}, {duration: 100ms, rate: 0}, "
                          "{duration: 50ms, rate: 4000}]}}")));
    const auto result = r.go(2);
    REQUIRE(result.stages.size() == 4);
    const std::uint64_t due[] = {100, 200, 0, 200};
    for (std::size_t i = 0; i < 4; ++i) {
        CAPTURE(i);
        CHECK(result.stages[i].groups[0].intended + 1 >= due[i]);
        CHECK(result.stages[i].groups[0].intended <= due[i] + 1);
    }
}

TEST_CASE("arrivals_are_those_of_the_seed") {
    const auto first = due_by_stage("poisson", 3);
    CHECK(first.size() == 20);
    CHECK(first == due_by_stage("poisson", 3));
    CHECK(first != due_by_stage("poisson", 4));
}

TEST_CASE("pacing_of_planned_arrivals_is_as_their_kind_has_it") {
    model_run even(yaml("{open: {rate: 5000, arrivals: constant, max_in_flight: 64}}"));
    model_run random(yaml("{open: {rate: 5000, max_in_flight: 64}}"));
    const auto a = even.go(2);
    const auto b = random.go(2);
    // A gap less than tasks on each core.
    CHECK(a.pacing[0].planned.count() + 2 == a.groups[0].intended);
    CHECK(a.pacing[0].planned.mean() == doctest::Approx(1).epsilon(1e-4));
    CHECK(a.pacing[0].planned.variation() < 1e-3);
    CHECK(b.pacing[0].planned.count() + 2 == b.groups[0].intended);
    // 1500 gaps: mean and variation stray by 1 / sqrt(1500), more for the latter.
    CHECK(b.pacing[0].planned.mean() == doctest::Approx(1).epsilon(0.12));
    CHECK(b.pacing[0].planned.variation() == doctest::Approx(1).epsilon(0.2));
    CHECK(b.pacing[0].planned.p_value() > 1e-4);
    CHECK(a.pacing[0].planned.p_value() < 1e-6);
    CHECK(b.pacing[0].issued.count() + 2 == b.groups[0].issued);
}

TEST_CASE("stages_of_a_closed_loop_have_their_users") {
    model_run r(with_stages(reads("a",
                                  "{closed: {think_time: 5ms, stages: [{duration: 400ms, "
                                  "users: 2}, {duration: 400ms, users: 9}, {duration: "
                                  "400ms, users: 1}]}}")));
    r.state.delay_ns = 100'000;
    std::vector<std::uint64_t> users;
    r.seen.at_interval = [&](const engine::interval& i) {
        if (i.when == engine::phase::measure) users.push_back(i.groups[0].users);
    };
    const auto result = r.go(2);
    REQUIRE(result.stages.size() == 3);
    REQUIRE(users.size() > 3);
    CHECK(users.front() == 2);
    CHECK(*std::max_element(users.begin(), users.end()) == 9);
    CHECK(users[users.size() - 2] == 1);
    const auto issued = [&](std::size_t stage) { return result.stages[stage].groups[0].issued; };
    CHECK(issued(1) > 2 * issued(0));
    CHECK(issued(0) > issued(2));
    CHECK(issued(2) > 0);
}

TEST_CASE("users_that_wait_for_a_later_stage_do_not_hold_up_the_end") {
    model_run r(with_stages(
        reads("a", "{closed: {stages: [{duration: 60s, users: 1}, {duration: 60s, users: 50}]}}")));
    r.state.delay_ns = 1'000'000;
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::measure) r.later(100'000'000, [&] { r.stop = 1; });
    };
    const auto result = r.go(2);
    CHECK(result.interrupted);
    CHECK(result.measure_s < 0.15);
    CHECK(result.groups[0].issued > 0);
    // A stage that did not come is not in the result as if it had.
    double length_s = 0;
    for (const auto& stage : result.stages)
        length_s += stage.duration_s;
    CHECK(length_s == doctest::Approx(result.measure_s).epsilon(1e-6));
}
