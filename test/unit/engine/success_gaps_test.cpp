// When no core had a success, from what each core noted.

#include <doctest/doctest.h>

#include "success_gaps.hpp"

using namespace chopsticks;
using engine::gap_log;

namespace {

constexpr std::int64_t gap_ms = 1'000'000;
constexpr std::int64_t start = 1'000'000 * gap_ms;

/// A core that wants something all the time and has a success every `step` from `from` to `to`.
void succeed(gap_log& log, std::int64_t from, std::int64_t to, std::int64_t step) {
    log.wanted(start);
    for (std::int64_t at = from; at <= to; at += step)
        log.success(start + at, true);
}

engine::silence_figures silence(std::initializer_list<const gap_log*> cores, std::int64_t to,
                                std::uint64_t successes, std::int64_t service_ns = gap_ms,
                                std::int64_t held_up_ns = 0) {
    engine::core_gaps all;
    for (const gap_log* one : cores)
        all.add(*one);
    stats::histogram service;
    service.record_n(service_ns, 100);
    return engine::silence_between(all, start, start + to, successes, service, 1, held_up_ns);
}

}  // namespace

TEST_CASE("success_gaps_of_several_cores_are_where_none_had_a_success") {
    gap_log a(start);
    gap_log b(start);
    succeed(a, 0, 4'000 * gap_ms, gap_ms);
    succeed(a, 9'000 * gap_ms, 10'000 * gap_ms, gap_ms);
    // This one goes on for a second longer, and begins again half a second sooner.
    succeed(b, 0, 5'000 * gap_ms, 7 * gap_ms);
    succeed(b, 8'500 * gap_ms, 10'000 * gap_ms, 7 * gap_ms);
    const auto s = silence({&a, &b}, 10'000 * gap_ms, 6'000);
    REQUIRE(s.outages.size() == 1);
    CHECK(s.outages[0].start_s == doctest::Approx(5).epsilon(0.01));
    CHECK(s.outages[0].duration_s == doctest::Approx(3.5).epsilon(0.01));
    CHECK(s.outage_share == doctest::Approx(0.35).epsilon(0.01));
    CHECK(s.longest_s == doctest::Approx(3.5).epsilon(0.01));
}

TEST_CASE("success_gaps_begin_when_something_is_wanted_on_any_core") {
    gap_log a(start);
    gap_log idle(start);
    a.wanted(start);
    a.success(start + 1'000 * gap_ms, false);
    // Nothing is due for 4 s; then it is answered after 3 s.
    a.wanted(start + 5'000 * gap_ms);
    a.success(start + 8'000 * gap_ms, false);
    // Many more came too close to each other to be noted.
    const auto s = silence({&a, &idle}, 10'000 * gap_ms, 2'000);
    CHECK(s.longest_s == doctest::Approx(3));
    REQUIRE(s.outages.size() == 1);
    CHECK(s.outages[0].start_s == doctest::Approx(5));
}

TEST_CASE("success_gaps_without_any_success_are_all_of_the_time") {
    gap_log a(start);
    a.wanted(start + 100 * gap_ms);
    const auto s = silence({&a}, 6'000 * gap_ms, 0);
    REQUIRE(s.outages.size() == 1);
    CHECK(s.outages[0].start_s == doctest::Approx(0.1));
    CHECK(s.outages[0].duration_s == doctest::Approx(5.9));
}

TEST_CASE("success_gaps_at_the_targets_own_pace_are_no_outage") {
    SUBCASE("by the median of the gaps") {
        gap_log a(start);
        succeed(a, 0, 60'000 * gap_ms, 2'000 * gap_ms);
        const auto s = silence({&a}, 60'000 * gap_ms, 31);
        CHECK(s.allowed_s == doctest::Approx(20));
        CHECK(s.outages.empty());
    }
    SUBCASE("by the service time") {
        gap_log a(start);
        a.wanted(start);
        a.success(start + 4'000 * gap_ms, true);
        a.success(start + 8'000 * gap_ms, true);
        const auto s = silence({&a}, 8'000 * gap_ms, 2, 4'100 * gap_ms);
        CHECK(s.outages.empty());
    }
    SUBCASE("never below a second") {
        gap_log a(start);
        succeed(a, 0, 1'000 * gap_ms, gap_ms);
        succeed(a, 1'990 * gap_ms, 3'000 * gap_ms, gap_ms);
        const auto s = silence({&a}, 3'000 * gap_ms, 2'000);
        CHECK(s.outages.empty());
        CHECK(s.longest_s == doctest::Approx(0.99));
    }
}

TEST_CASE("success_gaps_of_a_generator_that_did_not_run_are_no_outage") {
    gap_log a(start);
    succeed(a, 0, 4'000 * gap_ms, gap_ms);
    succeed(a, 6'010 * gap_ms, 10'000 * gap_ms, gap_ms);
    CHECK(silence({&a}, 10'000 * gap_ms, 8'000).outages.size() == 1);
    const auto held_up = silence({&a}, 10'000 * gap_ms, 8'000, gap_ms, 2'000 * gap_ms);
    CHECK(held_up.outages.empty());
    CHECK(held_up.longest_s == doctest::Approx(2.01).epsilon(0.001));
    CHECK(held_up.allowed_s == doctest::Approx(2.5));
    // What is much longer is the target's.
    CHECK(silence({&a}, 10'000 * gap_ms, 8'000, gap_ms, 1'500 * gap_ms).outages.size() == 1);
}

TEST_CASE("success_gaps_outside_of_the_measure_phase_are_cut_off") {
    gap_log a(start - 5'000 * gap_ms);
    a.wanted(start - 5'000 * gap_ms);
    a.success(start + 2'000 * gap_ms, true);
    a.success(start + 9'000 * gap_ms, true);
    const auto s = silence({&a}, 5'000 * gap_ms, 1);
    REQUIRE(s.outages.size() == 2);
    CHECK(s.outages[0].start_s == 0);
    CHECK(s.outages[0].duration_s == doctest::Approx(2));
    CHECK(s.outages[1].duration_s == doctest::Approx(3));
    CHECK(s.outage_share == doctest::Approx(1));
}

TEST_CASE("success_gaps_keep_the_long_ones_when_there_are_too_many") {
    gap_log a(start);
    std::int64_t at = 0;
    a.wanted(start);
    for (int i = 0; i < 20'000; ++i) {
        at += (i == 500 || i == 19'500 ? 3'000 : 10 + i % 20) * gap_ms;
        a.success(start + at, true);
    }
    CHECK(a.gaps().size() <= gap_log::places + 1);
    const auto s = silence({&a}, at, 20'000);
    CHECK(s.outages.size() == 2);
    CHECK(s.allowed_s == 1);
}

TEST_CASE("success_gaps_of_an_endpoint_begin_with_what_failed") {
    // It is asked in turn with others and has no work of its own in between.
    gap_log e(start);
    for (std::int64_t at = 0; at <= 2'000 * gap_ms; at += 100 * gap_ms)
        e.success(start + at, false);
    for (std::int64_t at = 2'500 * gap_ms; at < 6'000 * gap_ms; at += 500 * gap_ms)
        e.wanted(start + at);
    const auto s = silence({&e}, 6'000 * gap_ms, 21);
    REQUIRE(s.outages.size() == 1);
    CHECK(s.outages[0].start_s == doctest::Approx(2.5));
    CHECK(s.outages[0].duration_s == doctest::Approx(3.5));
}

TEST_CASE("success_gaps_do_not_excuse_themselves_by_what_they_made_slow") {
    gap_log log(start);
    succeed(log, 0, 2'000 * gap_ms, 10 * gap_ms);
    succeed(log, 4'500 * gap_ms, 7'000 * gap_ms, 10 * gap_ms);
    engine::core_gaps all;
    all.add(log);
    const auto silence_of = [&](std::uint64_t in_flight, std::uint64_t slow) {
        stats::histogram service;
        service.record_n(100 * gap_ms, 400);
        service.record_n(2'600 * gap_ms, slow);
        return engine::silence_between(all, start, start + 7'000 * gap_ms, 450, service, in_flight);
    };
    // 16 of 416 waited for the whole time of 2.5 s, all in the same gap.
    CHECK(silence_of(16, 16).outage_s == doctest::Approx(2.5).epsilon(0.01));
    CHECK(silence_of(16, 16).allowed_s == doctest::Approx(1));
    // Where many more are as slow, that is how this target is.
    CHECK(silence_of(16, 40).outage_s == 0);
    // One after the other: each is slow of itself.
    CHECK(silence_of(1, 16).outage_s == 0);
    // More in flight than there are answers.
    CHECK(silence_of(1'000, 16).outage_s > 0);
}

TEST_CASE("success_gaps_end_where_nothing_is_wanted_any_more") {
    gap_log log(start);
    succeed(log, 0, 1'000 * gap_ms, gap_ms);
    // It is away for 3 s; then nobody wants anything for 20 s; then it is still away, for 2 s.
    log.rest(start + 4'000 * gap_ms);
    log.rest(start + 9'000 * gap_ms);
    log.wanted(start + 24'000 * gap_ms);
    log.success(start + 26'000 * gap_ms, false);
    log.rest(start + 26'001 * gap_ms);
    const auto s = silence({&log}, 60'000 * gap_ms, 1'001);
    REQUIRE(s.outages.size() == 2);
    CHECK(s.outages[0].start_s == doctest::Approx(1));
    CHECK(s.outages[0].duration_s == doctest::Approx(3));
    CHECK(s.outages[1].start_s == doctest::Approx(24));
    CHECK(s.outages[1].duration_s == doctest::Approx(2));
}
