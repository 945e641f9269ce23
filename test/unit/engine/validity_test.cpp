#include <doctest/doctest.h>

#include <chopsticks/engine/validity.hpp>
#include <chopsticks/scenario/parse.hpp>

namespace {

using namespace chopsticks;

struct finished_run {
    finished_run() : result(stats::layout{{"s3/get"}, {"model"}}) {
        group.open.emplace();
        setup.group = &group;
        options.groups.push_back(setup);
        auto& f = result.measured.by_operation[0];
        f.ok_count = 1000;
        for (int i = 0; i < 1000; ++i) {
            f.service.record(1'000'000);
            result.schedule_lag.record(5'000);
        }
        result.cores.resize(2);
        for (auto& c : result.cores) {
            c.span_ns = 1'000'000'000;
            c.busy_ns = 500'000'000;
        }
    }
    scenario::group group;
    engine::group_setup setup;
    engine::run_options options;
    engine::run_result result;
};

TEST_CASE("validity_run_with_room_to_spare_has_no_reason_against_it") {
    finished_run r;
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
    for (int i = 0; i < 100; ++i)
        r.result.schedule_lag.record(3'000'000);
    CHECK(engine::invalid_reasons(r.result, r.options).size() == 1);
    // The same lateness does not show in operations of a second.
    for (int i = 0; i < 100'000; ++i)
        r.result.measured.by_operation[0].service.record(1'000'000'000);
    CHECK(engine::invalid_reasons(r.result, r.options).empty());
}

TEST_CASE("validity_run_without_operations_proves_nothing") {
    finished_run r;
    r.result.measured.by_operation[0].ok_count = 0;
    CHECK(engine::invalid_reasons(r.result, r.options).size() == 1);
}

}  // namespace
