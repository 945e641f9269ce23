// What a driver counts of its own: all of it is in the intervals and in the result, and nothing
// else.

#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/engine/run.hpp>
#include <limits>

#include "../../support/contains.hpp"
#include "model_run.hpp"

using chopsticks::test::contains;

namespace {

const std::vector<engine::driver_figure> declared = {
    {"requests", "requests", engine::figure_kind::counter, "operations that ended"},
    {"level", "bytes", engine::figure_kind::gauge, "ten of the first core, twenty of the second"},
    {"service", "ns", engine::figure_kind::timer, "how long they took"},
};

void count_all(engine::driver_meters& meters, unsigned core, const engine::outcome& out) {
    meters.counter(0).add();
    meters.gauge(1).set(10.0 * (core + 1));
    meters.timer(2).record(out.done_ns - out.sent_ns);
}

/// Of all operations, whenever they were due.
stats::histogram service_of(const engine::run_result& result) {
    stats::histogram sum;
    for (const stats::totals* totals : {&result.measured, &result.warmup}) {
        for (const stats::figures& f : totals->by_operation)
            sum.add(f.service);
    }
    return sum;
}

/// What the intervals of a run had together.
struct interval_sums {
    explicit interval_sums(recorded& seen) {
        seen.at_interval = [this](const engine::interval& one) {
            if (one.of_drivers.empty()) return;
            all += one.of_drivers[0].count;
            if (one.when == engine::phase::measure) measured += one.of_drivers[0].count;
            timed += one.of_drivers[2].times->count();
        };
    }

    std::uint64_t all = 0;
    std::uint64_t measured = 0;
    std::uint64_t timed = 0;
};

}  // namespace

TEST_CASE("driver_figures_of_a_run_are_what_its_cores_counted_in_the_load") {
    for (const char* load : {"{closed: {users: 8}}", "{open: {rate: 4000, max_in_flight: 16}}"}) {
        CAPTURE(load);
        model_run r(yaml(load));
        r.state.figures = r.state.counted = declared;
        r.state.count = count_all;
        r.state.delay_ns = 900'000;
        const interval_sums sums(r.seen);
        const auto result = r.go();
        REQUIRE(result.names.driver_figures.size() == 3);
        CHECK(result.names.driver_figures[1] == stats::group_figure{"s3", declared[1]});
        REQUIRE(result.of_drivers.size() == 3);
        // The 200 objects of prepare, and what cleanup removed, are in no figure.
        CHECK(result.prepared == 200);
        const std::uint64_t ended = model_run::ok(result.measured) + model_run::ok(result.warmup);
        CHECK(ended > 500);
        CHECK(result.of_drivers[0].count == ended);
        CHECK(result.of_drivers[0].count == sums.all);
        CHECK(result.measured_of_drivers[0].count == sums.measured);
        CHECK(sums.measured > 0);
        CHECK(sums.measured < sums.all);
        CHECK(sums.timed == ended);

        const stats::histogram service = service_of(result);
        const stats::histogram& told = *result.of_drivers[2].times;
        CHECK(told.encode() == service.encode());
        CHECK(told.min() == service.min());
        CHECK(told.max() == service.max());
        CHECK(told.mean() == service.mean());
        CHECK(result.measured_of_drivers[2].times->count() == sums.measured);

        const stats::driver_value& level = result.of_drivers[1];
        CHECK(level.known);
        CHECK(level.last == 30);
        CHECK(level.lowest == 30);
        CHECK(level.highest == 30);
        for (const stats::driver_value& one : result.of_drivers)
            CHECK(one.refused == 0);
    }
}

TEST_CASE("driver_figures_of_groups_are_kept_apart") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.plan.groups.push_back(r.plan.groups[0]);
    r.plan.groups[0].name = "one";
    r.plan.groups[1].name = "two";
    r.plan.groups[1].tasks.pop_back();  // no delete
    r.state.figures = r.state.counted = declared;
    r.state.count = count_all;
    const auto result = r.go();
    REQUIRE(result.of_drivers.size() == 6);
    std::uint64_t ended[2] = {0, 0};
    for (const stats::totals* totals : {&result.measured, &result.warmup}) {
        for (std::size_t i = 0; i < result.names.operations.size(); ++i)
            ended[result.names.operations[i].starts_with("two/")] +=
                totals->by_operation[i].ok_count + totals->by_operation[i].failed_count;
    }
    for (const std::size_t g : {0U, 1U}) {
        CHECK(ended[g] > 0);
        CHECK(result.names.driver_figures[3 * g].group == r.plan.groups[g].name);
        CHECK(result.of_drivers[3 * g].count == ended[g]);
    }
}

TEST_CASE("driver_figures_that_lie_cost_themselves_and_no_run") {
    // A count that goes up and down, a level that is no number.
    model_run r(yaml("{closed: {users: 8}}"));
    r.state.figures = r.state.counted = declared;
    std::atomic<int> calls{0};
    r.state.count = [&](engine::driver_meters& meters, unsigned, const engine::outcome&) {
        meters.counter(0).set_total(1'000'000'000U - static_cast<unsigned>(++calls));
        meters.gauge(1).set(std::numeric_limits<double>::quiet_NaN());
    };
    auto result = r.go(1);
    CHECK(result.problem.empty());
    CHECK(model_run::ok(result.measured) > 100);
    CHECK(result.of_drivers[0].count == 0);
    CHECK(result.of_drivers[0].refused > 0);
    CHECK_FALSE(result.of_drivers[1].known);
    CHECK(result.of_drivers[1].refused > 100);

    // It counts something else than it declares, or nothing at all.
    for (const bool other : {true, false}) {
        model_run s(yaml("{closed: {users: 8}}"));
        s.state.figures = declared;
        if (other) s.state.counted = {declared[2], declared[0]};
        result = s.go();
        CHECK(result.problem.empty());
        CHECK(model_run::ok(result.measured) > 100);
        for (const stats::driver_value& one : result.of_drivers) {
            CHECK(one.count == 0);
            CHECK_FALSE(one.known);
            CHECK((one.refused > 0) == other);
        }
    }
}

TEST_CASE("driver_that_declares_what_is_no_figure_ends_the_run_before_it_begins") {
    model_run r(yaml("{closed: {users: 8}}"));
    r.state.figures = r.state.counted = {declared[0], declared[0]};
    std::string told;
    try {
        r.go();
    } catch (const config_error& e) {
        told = e.what();
    }
    CHECK(contains(told,
                   "group s3: its driver cannot report figures of its own: "
                   "two figures are called requests"));
    CHECK(r.state.executed == 0);
}
