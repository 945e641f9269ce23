// How warm-up and measure phase come to their ends by what the throughput does.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "model_run.hpp"

namespace {

std::uint64_t intended_of(const engine::run_result& r) {
    return r.groups[0].intended;
}

}  // namespace

TEST_CASE("steady_warm_up_ends_when_the_throughput_is_steady") {
    // 20 intervals of 50 ms suffice where nothing moves; far less than what it may take.
    model_run r(yaml("{open: {rate: 1000, arrivals: constant, max_in_flight: 8}}"));
    r.plan.phase.warmup_ns = 100'000'000;
    r.plan.phase.steady_within_ns = 20'000'000'000;
    const auto result = r.go();
    CHECK(result.steady.asked);
    CHECK(result.steady.reached);
    CHECK(result.steady.warmup.steady);
    CHECK(result.warmup_s >= 0.7);
    CHECK(result.warmup_s < 10);
    CHECK(result.measure_s == doctest::Approx(0.3).epsilon(0.05));
    // The plan of arrivals goes on as it was; only what it counts for changes.
    CHECK(intended_of(result) == doctest::Approx(300).epsilon(0.03));
    CHECK(r.seen.numbers_grow);
    CHECK(r.seen.interval_ok == model_run::ok(result.measured) + model_run::ok(result.warmup));
    CHECK(r.state.objects.empty());
}

TEST_CASE("steady_warm_up_lasts_beyond_a_slow_start") {
    // A cache that fills: the target gets a tenth faster every 50 ms, for 1.5 s. (A target that is
    // evenly slow at first looks steady until it changes; nothing can tell.)
    model_run r(yaml("{closed: {users: 4}}", "", "      - {op: get}\n"));
    r.plan.phase.warmup_ns = 50'000'000;
    r.plan.phase.steady_within_ns = 30'000'000'000;
    std::atomic<std::int64_t> began_ns{0};
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::warmup) began_ns = monotonic_ns();
    };
    r.state.answer_at = [&](std::int64_t sent_ns) {
        if (began_ns == 0) return sent_ns;
        const auto steps = std::min<std::int64_t>((sent_ns - began_ns) / 50'000'000, 30);
        return sent_ns +
               static_cast<std::int64_t>(20e6 * std::pow(0.9, static_cast<double>(steps)));
    };
    const auto result = r.go(1);
    CHECK(result.steady.reached);
    CHECK(result.steady.warmup.cut >= 15);
    CHECK(result.warmup_s >= 1.5);
}

TEST_CASE("steady_warm_up_is_bounded_and_says_that_it_was_not") {
    // Fewer intervals than the test needs.
    model_run r(yaml("{closed: {users: 2}}", "", "      - {op: get}\n"));
    r.state.delay_ns = 1'000'000;
    r.plan.phase.warmup_ns = 50'000'000;
    r.plan.phase.steady_within_ns = 400'000'000;
    const auto result = r.go(1);
    CHECK(result.steady.asked);
    CHECK_FALSE(result.steady.reached);
    CHECK(result.warmup_s == doctest::Approx(0.4).epsilon(0.05));
    CHECK(result.measure_s == doctest::Approx(0.3).epsilon(0.05));
}

TEST_CASE("steady_measure_phase_ends_when_the_throughput_is_known") {
    model_run r(yaml("{open: {rate: 2000, arrivals: constant, max_in_flight: 8}}"));
    r.plan.phase.measure_ns = 60'000'000'000;
    r.plan.stop.confidence = 0.05;
    const auto result = r.go();
    CHECK(result.steady.confident);
    CHECK(result.steady.throughput.usable);
    CHECK(result.steady.throughput.relative() <= 0.05);
    CHECK(result.steady.throughput.mean == doctest::Approx(2000).epsilon(0.05));
    CHECK(result.measure_s >= 1.0);  // 20 intervals and more
    CHECK(result.measure_s < 30);
    CHECK_FALSE(result.interrupted);
}

TEST_CASE("steady_measure_phase_keeps_its_length_where_the_throughput_stays_unknown") {
    model_run r(yaml("{closed: {users: 2}}", "", "      - {op: get}\n"));
    r.state.delay_ns = 1'000'000;
    r.plan.stop.confidence = 0.01;
    const auto result = r.go(1);
    CHECK_FALSE(result.steady.confident);
    CHECK(result.measure_s == doctest::Approx(0.3).epsilon(0.05));
}
