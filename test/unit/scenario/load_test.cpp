// Loads that change over time: what is read, and what is refused with which advice.

#include <doctest/doctest.h>

#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "messages.hpp"

using namespace chopsticks;
using messages::contains;

namespace {

std::string text_of(const std::string& load, const std::string& rest = "") {
    return "groups:\n- workload: s3\n  tasks: [put]\n  load: " + load + "\n" + rest;
}

scenario::scenario read(const std::string& load, const std::string& rest = "") {
    return scenario::parse_scenario(text_of(load, rest), "s.yaml");
}

struct refusal {
    const char* load;
    const char* reason;
};

}  // namespace

TEST_CASE("load_stages_of_a_rate_give_the_measure_phase_its_length") {
    const auto s = read(
        "{open: {stages: [{duration: 10s, rate: 100, ramp: 2s}, "
        "{duration: 5s, rate: 300}]}}");
    CHECK(s.phase.measure_ns == 15'000'000'000);
    const scenario::open_load& open = *s.groups[0].open;
    CHECK(open.rate == 100);  // before the stages as in the first
    REQUIRE(open.stages.size() == 2);
    CHECK(open.stages[0].ramp_ns == 2'000'000'000);
    CHECK(scenario::rate_most(open) == 300);
    // 10 s of 100 and 5 s of 300, after 1 s of 100.
    CHECK(scenario::rate_plan(open, 1'000'000'000).count(16e9) == doctest::Approx(2600));
    const auto cut =
        read("{open: {stages: [{duration: 10s, rate: 100}]}}", "phases: {measure: 4s}\n");
    CHECK(cut.phase.measure_ns == 4'000'000'000);
    CHECK(scenario::stage_ends_ns(cut.groups, cut.phase.measure_ns) ==
          std::vector<std::int64_t>{4'000'000'000});
}

TEST_CASE("load_stages_of_users_ramp_at_the_spawn_rate_unless_told") {
    const auto s = read(
        "{closed: {spawn_rate: 5, stages: [{duration: 10s, users: 5}, "
        "{duration: 10s, users: 25}, {duration: 10s, users: 5}]}}");
    const scenario::closed_load& closed = s.groups[0].closed;
    CHECK(scenario::users_most(closed) == 25);
    const load::level_curve users = scenario::user_plan(closed, 0);
    // 20 users more take 4 s; those too many leave at once.
    CHECK(users.first_at_least(25, 0) == doctest::Approx(14e9));
    CHECK(users.first_at_least(15, 10e9) == doctest::Approx(12e9));
    CHECK(users.first_at_least(6, 20.1e9) > 1e18);
}

TEST_CASE("load_bursts_sines_and_ceilings_are_read") {
    const auto burst = read("{open: {rate: 10, burst: {on: 100ms, off: 300ms}}}");
    CHECK(burst.groups[0].open->around.how == load::modulation::kind::burst);
    CHECK(burst.groups[0].open->around.share == 0.25);
    CHECK(burst.groups[0].open->around.period_ns == 4e8);
    const auto sine = read(
        "{open: {rate: 10, sine: {period: 60s, amplitude: 50%}, "
        "late: {shed_after: 100ms}}}");
    CHECK(sine.groups[0].open->around.share == 0.5);
    CHECK(sine.groups[0].open->late_limit_ns == 100'000'000);
    CHECK(read("{open: {rate: 10, late: keep}}").groups[0].open->late_limit_ns == 0);
}

TEST_CASE("load_over_time_that_makes_no_sense_is_refused_with_its_place_and_the_way_out") {
    for (const refusal& r : std::vector<refusal>{
             {"{open: {stages: []}}", "write [{duration: 60s, rate: 100, ramp: 10s}]"},
             {"{open: {stages: 5}}", "write [{duration: 60s, rate: 100, ramp: 10s}]"},
             {"{open: {stages: [{duration: 5s}]}}", "rate` is missing"},
             {"{open: {stages: [{rate: 5}]}}", "duration` is missing"},
             {"{open: {stages: [{duration: 5s, users: 5}]}}", "rate` is missing"},
             {"{open: {stages: [{duration: 0s, rate: 5}]}}", "duration"},
             {"{open: {stages: [{duration: 5s, rate: -1}]}}", "rate"},
             {"{open: {stages: [{duration: 5s, rate: 5, ramp: 6s}]}}", "longer than its stage"},
             {"{open: {stages: [{duration: 5s, rate: 0}]}}", "puts no load on anything"},
             {"{closed: {stages: [{duration: 5s, users: 0}]}}", "puts no load on anything"},
             {"{closed: {stages: [{duration: 5s, users: 1.5}]}}", "users"},
             {"{closed: {stages: [{duration: 5s, rate: 5}]}}", "users` is missing"},
             {"{closed: {spawn_rate: 1, stages: [{duration: 9s, users: 1}, "
              "{duration: 5s, users: 20}]}}",
              "at this spawn rate"},
             {"{open: {rate: 5, burst: {on: 1s, off: 1s}, sine: {period: 1s, amplitude: 1}}}",
              "keep one of them"},
             {"{open: {rate: 5, burst: {on: 1s}}}", "off` is missing"},
             {"{open: {rate: 5, sine: {period: 1s}}}", "amplitude` is missing"},
             {"{open: {rate: 5, sine: {period: 1s, amplitude: 150%}}}", "amplitude"},
             {"{open: {rate: 5, late: drop}}", "keep"},
             {"{open: {rate: 5, late: {}}}", "shed_after` is missing"},
             {"{open: {rate: 5, late: {shed_after: 0s}}}", "shed_after"},
         }) {
        CAPTURE(r.load);
        const std::string message = messages::of_scenario(text_of(r.load));
        CAPTURE(message);
        CHECK(message.rfind("s.yaml:4:", 0) == 0);
        CHECK(contains(message, r.reason));
    }
}

TEST_CASE("load_stages_beyond_what_is_kept_apart_are_refused") {
    std::string stages;
    for (int i = 0; i < 101; ++i)
        stages += "{duration: 1s, rate: 1}, ";
    CHECK(contains(messages::of_scenario(text_of("{open: {stages: [" + stages + "]}}")),
                   "more than 100 stages"));
    CHECK(contains(messages::of_scenario(text_of("{open: {stages: [{duration: 1s, rate: 1}]}}",
                                                 "phases: {steady_within: 60s}\n")),
                   "`steady_within` and `stages`"));
}
