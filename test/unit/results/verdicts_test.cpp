#include <doctest/doctest.h>

#include <chopsticks/results/verdicts.hpp>

using namespace chopsticks::results;

namespace {

constexpr generator_verdict generators[] = {
    generator_verdict::kept_up, generator_verdict::was_limit, generator_verdict::unknown};
constexpr target_verdict targets[] = {target_verdict::fine, target_verdict::missed_objective,
                                      target_verdict::failed};
constexpr left_verdict lefts[] = {left_verdict::nothing, left_verdict::kept,
                                  left_verdict::something};

}  // namespace

TEST_CASE("verdicts_exit_status_has_one_order_whatever_else_holds") {
    for (const generator_verdict g : generators) {
        for (const target_verdict t : targets) {
            for (const left_verdict l : lefts) {
                const run_verdicts v{g, t, l};
                CHECK(exit_status_of(v, true) == 130);
                int expected = 0;
                if (l == left_verdict::something) expected = 5;
                if (t == target_verdict::missed_objective) expected = 1;
                // A missed objective says nothing of a target whose generator was the limit.
                if (g == generator_verdict::was_limit) expected = 3;
                if (t == target_verdict::failed) expected = 1;
                CHECK(exit_status_of(v, false) == expected);
            }
        }
    }
}

TEST_CASE("verdicts_what_was_kept_on_purpose_is_no_fault") {
    CHECK(exit_status_of({generator_verdict::kept_up, target_verdict::fine, left_verdict::kept},
                         false) == 0);
}

TEST_CASE("verdicts_worse_of_two_runs_is_the_series") {
    constexpr int order[] = {130, 2, 1, 3, 4, 5, 0};
    for (int i = 0; i < 7; ++i) {
        for (int k = 0; k < 7; ++k)
            CHECK(worse_of(order[i], order[k]) == order[i < k ? i : k]);
    }
}

TEST_CASE("verdicts_names_are_those_of_the_schema") {
    CHECK(name(generator_verdict::kept_up) == "kept_up");
    CHECK(name(generator_verdict::was_limit) == "was_limit");
    CHECK(name(generator_verdict::unknown) == "unknown");
    CHECK(name(target_verdict::fine) == "fine");
    CHECK(name(target_verdict::missed_objective) == "missed_objective");
    CHECK(name(target_verdict::failed) == "failed");
    CHECK(name(left_verdict::nothing) == "nothing");
    CHECK(name(left_verdict::kept) == "kept");
    CHECK(name(left_verdict::something) == "something");
}
