#include <doctest/doctest.h>

#include <chopsticks/stats/response_times.hpp>
#include <cmath>

using namespace chopsticks;

namespace {

stats::figures answered(std::uint64_t n, std::int64_t ns) {
    stats::figures f;
    f.ok_count = n;
    f.response.record_n(ns, n);
    return f;
}

stats::bounded percentile_of(const stats::figures& f, double p) {
    stats::response_times all;
    all.add(f);
    return all.percentile(p);
}

}  // namespace

TEST_CASE("response_times_of_answers_alone_are_those_of_their_histogram") {
    stats::figures f = answered(990, 1'000'000);
    f.response.record_n(50'000'000, 10);
    stats::response_times all;
    all.add(f);
    for (const double p : {1.0, 50.0, 99.0, 99.1, 99.9, 100.0}) {
        const stats::bounded b = all.percentile(p);
        CHECK(b.least == static_cast<double>(f.response.value_at_percentile(p)));
        CHECK(b.most == b.least);
        CHECK_FALSE(b.at_least());
    }
    CHECK(all.max().least == 50'000'000);
    CHECK_FALSE(all.max().at_least());
    CHECK(all.mean().least == doctest::Approx(f.response.mean()));
    CHECK(all.unanswered() == 0);
    CHECK(all.count_above(2'000'000) == 10);
}

TEST_CASE("response_times_of_unfinished_work_are_at_least_what_it_had_waited") {
    stats::figures f = answered(900, 1'000'000);
    f.unfinished = 100;
    f.waited.record_n(3'000'000'000, 100);
    // Nine of ten were answered: that much is known for certain.
    CHECK_FALSE(percentile_of(f, 50).at_least());
    CHECK_FALSE(percentile_of(f, 90).at_least());
    CHECK(percentile_of(f, 90).least == doctest::Approx(1e6).epsilon(0.01));
    CHECK(percentile_of(f, 90.1).at_least());
    CHECK(percentile_of(f, 99).least == doctest::Approx(3e9).epsilon(0.01));
    CHECK(std::isinf(percentile_of(f, 99).most));
    stats::response_times all;
    all.add(f);
    CHECK(all.max().at_least());
    CHECK(all.mean().at_least());
    CHECK(all.mean().least == doctest::Approx(0.9e6 + 0.3e9).epsilon(0.01));
    CHECK(all.count_above(10'000'000'000) == 100);
}

TEST_CASE("response_times_of_what_had_hardly_waited_leave_every_percentile_between_two_bounds") {
    // It may have been the fastest of all, or the slowest.
    stats::figures f = answered(50, 1'000'000);
    f.response.record_n(9'000'000, 40);
    f.ok_count += 40;
    f.unfinished = 10;
    f.waited.record_n(1'000, 10);
    CHECK(percentile_of(f, 5).least <= 1'000);
    CHECK(percentile_of(f, 5).most == doctest::Approx(1e6).epsilon(0.01));
    CHECK(percentile_of(f, 55).least == doctest::Approx(1e6).epsilon(0.01));
    CHECK(percentile_of(f, 55).most == doctest::Approx(9e6).epsilon(0.01));
    CHECK(percentile_of(f, 55).at_least());
    CHECK_FALSE(percentile_of(f, 80).at_least());
}

TEST_CASE("response_times_of_shed_work_are_beyond_all_others") {
    stats::figures f = answered(423, 1'000'000);
    f.shed = 365;
    CHECK_FALSE(percentile_of(f, 53).at_least());
    CHECK(percentile_of(f, 53).least == doctest::Approx(1e6).epsilon(0.01));
    CHECK(percentile_of(f, 54).at_least());
    CHECK(std::isinf(percentile_of(f, 99).most));
    stats::response_times all;
    all.add(f);
    CHECK(all.count() == 788);
    CHECK(all.bounds().count() == 423);
    CHECK(all.count_above(2'000'000) == 365);
}

TEST_CASE("response_times_of_nothing_and_of_nothing_answered") {
    stats::response_times none;
    CHECK(none.count() == 0);
    CHECK(none.percentile(99).least == 0);
    stats::figures f;
    f.shed = 3;
    none.add(f);
    CHECK(none.percentile(50).at_least());
    CHECK(none.max().at_least());
}

TEST_CASE("recorder_counts_what_was_not_answered_apart_and_clears_it") {
    const stats::layout names{{"a/get", "a/put"}, {"one"}};
    stats::recorder r(names);
    r.shed(1);
    r.unfinished(0, 5'000'000, false);
    r.unfinished(0, 7'000'000, true);
    for (int round = 0; round < 2; ++round) {
        stats::totals sum(names, 3);
        r.add_to(sum);
        CHECK(sum.by_operation[1].shed == (round == 0 ? 1 : 0));
        CHECK(sum.by_operation[0].unfinished == (round == 0 ? 1 : 0));
        CHECK(sum.by_operation[0].waited.count() == (round == 0 ? 2 : 0));
        CHECK(sum.by_operation[0].response.count() == 0);
        CHECK(sum.by_operation[0].failed_count == 0);
        CHECK(sum.by_endpoint[0].waited.count() == (round == 0 ? 2 : 0));
        stats::totals more(names, 3);
        more.add(sum);
        CHECK(more.by_operation[1].shed == sum.by_operation[1].shed);
        CHECK(more.by_operation[0].waited.count() == sum.by_operation[0].waited.count());
        r.clear();
    }
}
