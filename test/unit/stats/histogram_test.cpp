// The layout, the exact figures, and adding up.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using chopsticks::random_stream;
using chopsticks::stats::histogram;

// Latencies over many orders of magnitude: 1 ns to about 20 min.
std::vector<std::int64_t> wide_values(std::size_t count, std::uint64_t seed) {
    random_stream random(seed);
    std::vector<std::int64_t> values(count);
    for (auto& v : values)
        v = static_cast<std::int64_t>(std::exp(random.unit() * std::log(1.2e12)));
    return values;
}

histogram of(const std::vector<std::int64_t>& values, int digits = 3) {
    histogram h(digits);
    for (std::int64_t v : values)
        h.record(v);
    return h;
}

void check_same(const histogram& a, const histogram& b) {
    CHECK(a.count() == b.count());
    CHECK(a.over_range() == b.over_range());
    CHECK(a.min() == b.min());
    CHECK(a.max() == b.max());
    CHECK(a.sum() == b.sum());
    CHECK(a.stddev() == b.stddev());
    CHECK(a.encode() == b.encode());
}

}  // namespace

TEST_CASE("histogram_empty_has_zero_figures") {
    const histogram h;
    CHECK(h.count() == 0);
    CHECK(h.min() == 0);
    CHECK(h.max() == 0);
    CHECK(h.sum() == 0);
    CHECK(h.mean() == 0);
    CHECK(h.stddev() == 0);
    CHECK(h.value_at_percentile(0) == 0);
    CHECK(h.value_at_percentile(99.9) == 0);
    CHECK(h.value_at_percentile(100) == 0);
    CHECK(h.count_at_or_below(histogram::highest_ns) == 0);
}

TEST_CASE("histogram_one_value_is_every_percentile") {
    for (int digits = 1; digits <= 5; ++digits) {
        for (std::int64_t value : {1L, 999L, 1'234'567L, 59'999'999'999L, histogram::highest_ns}) {
            CAPTURE(digits);
            CAPTURE(value);
            const histogram h = of({value}, digits);
            for (double p : {0.0, 50.0, 99.999, 100.0})
                CHECK(h.value_at_percentile(p) == value);
            CHECK(h.mean() == static_cast<double>(value));
            CHECK(h.stddev() == 0);
            CHECK(h.count_at_or_below(value) == 1);
        }
    }
}

TEST_CASE("histogram_values_below_twice_the_digits_are_exact") {
    // 2048 values at 3 digits, 256 at 2: one bucket each.
    for (auto [digits, singles] : {std::pair{1, 32}, {2, 256}, {3, 2048}, {4, 32768}}) {
        histogram h(digits);
        for (int v = 0; v < singles; ++v)
            h.record(v);
        for (int v = 0; v < singles; v += 7) {
            CHECK(h.count_at_or_below(v) == static_cast<std::uint64_t>(v + 1));
        }
    }
}

TEST_CASE("histogram_any_value_is_found_within_its_digits") {
    for (int digits = 1; digits <= 5; ++digits) {
        const double resolution = std::pow(10.0, -digits);
        for (std::int64_t value : wide_values(2000, 11)) {
            // Two values, so that the lower one's percentile is its bucket's edge, not the exact
            // max.
            const histogram h = of({value, histogram::highest_ns}, digits);
            const std::int64_t found = h.value_at_percentile(50);
            REQUIRE(found >= value);
            REQUIRE(static_cast<double>(found - value) <= resolution * static_cast<double>(value));
            REQUIRE(h.count_at_or_below(value) == 1);
        }
    }
}

TEST_CASE("histogram_neighbouring_buckets_do_not_overlap") {
    histogram h;
    // Upper edges around an octave's end: 2047 | 2048-2049 | 2050-2051, and 4095 | 4096-4099.
    for (std::int64_t v : {2047, 2048, 2050, 4094, 4096})
        h.record(v);
    CHECK(h.count_at_or_below(2046) == 0);
    CHECK(h.count_at_or_below(2047) == 1);
    CHECK(h.count_at_or_below(2049) == 2);
    CHECK(h.count_at_or_below(2050) == 3);
    CHECK(h.value_at_percentile(40) == 2049);
    CHECK(h.value_at_percentile(60) == 2051);
    CHECK(h.value_at_percentile(80) == 4095);
    CHECK(h.count_at_or_below(4095) == 4);
    CHECK(h.count_at_or_below(4099) == 5);
}

TEST_CASE("histogram_zero_and_negative_values_count_as_zero") {
    histogram h;
    h.record(0);
    h.record(-5);
    h.record(INT64_MIN);
    CHECK(h.count() == 3);
    CHECK(h.min() == 0);
    CHECK(h.max() == 0);
    CHECK(h.sum() == 0);
    CHECK(h.count_at_or_below(0) == 3);
    CHECK(h.count_at_or_below(-1) == 0);
    h.record(1);
    CHECK(h.count_at_or_below(0) == 3);
    CHECK(h.max() == 1);
}

TEST_CASE("histogram_values_above_one_hour_are_clamped_and_counted") {
    histogram h;
    h.record(histogram::highest_ns);
    CHECK(h.over_range() == 0);
    h.record(histogram::highest_ns + 1);
    h.record_n(INT64_MAX, 4);
    CHECK(h.over_range() == 5);
    CHECK(h.count() == 6);
    CHECK(h.max() == histogram::highest_ns);
    CHECK(h.value_at_percentile(50) == histogram::highest_ns);
    CHECK(h.mean() == static_cast<double>(histogram::highest_ns));
    histogram sum;
    sum.add(h);
    CHECK(sum.over_range() == 5);
}

TEST_CASE("histogram_record_n_equals_n_records") {
    histogram one;
    histogram many;
    for (std::int64_t v : wide_values(50, 3)) {
        one.record_n(v, 37);
        for (int i = 0; i < 37; ++i)
            many.record(v);
    }
    check_same(one, many);
}

TEST_CASE("histogram_record_of_no_values_changes_nothing") {
    histogram h = of({500});
    h.record_n(1, 0);
    h.record_n(INT64_MAX, 0);
    check_same(h, of({500}));
}

TEST_CASE("histogram_sum_is_exact_beyond_doubles_and_64_bits") {
    // 2^53 + 1 single nanoseconds: a double accumulator would have lost the last one.
    histogram h;
    h.record_n(1, (1ULL << 53) - 1);
    h.record(1);
    h.record(2);
    CHECK(h.sum() == 9007199254740994.0);
    histogram hours;
    hours.record_n(histogram::highest_ns, 10'000'000);  // 3.6e19 ns > 2^64
    CHECK(hours.sum() == 3.6e19);
    CHECK(hours.mean() == 3.6e12);
}

TEST_CASE("histogram_sum_of_parts_equals_recording_all_into_one") {
    for (int digits : {1, 2, 3, 4}) {
        const auto values = wide_values(30'000, 5);
        histogram sum(digits);
        for (std::size_t part = 0; part < 7; ++part) {
            histogram h(digits);
            for (std::size_t i = part; i < values.size(); i += 7)
                h.record(values[i]);
            sum.add(h);
        }
        check_same(sum, of(values, digits));
    }
}

TEST_CASE("histogram_add_of_finer_digits_equals_recording_with_fewer") {
    // A bucket of few digits is a union of whole buckets of many, so nothing is lost on the way.
    const auto values = wide_values(30'000, 6);
    for (auto [from, to] : {std::pair{3, 2}, {3, 1}, {2, 1}, {5, 3}, {4, 2}}) {
        CAPTURE(from);
        CAPTURE(to);
        histogram sum(to);
        sum.add(of(values, from));
        check_same(sum, of(values, to));
    }
}

TEST_CASE("histogram_add_of_coarser_digits_puts_buckets_at_their_lower_edges") {
    const auto values = wide_values(30'000, 8);
    const histogram coarse = of(values, 2);
    histogram fine(3);
    fine.add(coarse);
    CHECK(fine.count() == coarse.count());
    CHECK(fine.min() == coarse.min());
    CHECK(fine.max() == coarse.max());
    CHECK(fine.sum() == coarse.sum());
    const histogram exact = of(values, 3);
    for (double p : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9}) {
        const auto want = static_cast<double>(exact.value_at_percentile(p));
        const auto got = static_cast<double>(fine.value_at_percentile(p));
        CHECK(got <= want);
        CHECK(got >= want * 0.99 - 1);
    }
    CHECK(fine.value_at_percentile(0) == exact.min());
    CHECK(fine.value_at_percentile(100) == exact.max());
}

TEST_CASE("histogram_add_of_empty_changes_nothing") {
    histogram h = of({100, 200});
    h.add(histogram(3));
    h.add(histogram(2));
    check_same(h, of({100, 200}));
}

TEST_CASE("histogram_cleared_is_as_new") {
    histogram h = of(wide_values(10'000, 9));
    h.record(INT64_MAX);
    h.clear();
    check_same(h, histogram());
    for (std::int64_t v : {5, 5'000'000})
        h.record(v);
    check_same(h, of({5, 5'000'000}));
}

TEST_CASE("histogram_copies_are_independent") {
    const auto values = wide_values(1000, 10);
    histogram original = of(values);
    histogram copy = original;
    original.clear();
    check_same(copy, of(values));

    histogram assigned(3);
    assigned.record(1);
    assigned = copy;
    check_same(assigned, copy);
    histogram other_digits(1);
    other_digits.record(1);
    other_digits = copy;
    CHECK(other_digits.significant_digits() == 3);
    check_same(other_digits, copy);
    histogram& alias = assigned;
    assigned = alias;
    check_same(assigned, copy);
}

TEST_CASE("histogram_moves_leave_an_object_that_takes_assignment") {
    const auto values = wide_values(1000, 12);
    histogram a = of(values);
    histogram b = std::move(a);
    check_same(b, of(values));
    histogram c(2);
    c = std::move(b);
    check_same(c, of(values));
    a = c;  // moved-from, copied to
    check_same(a, c);
    b = std::move(c);  // moved-from, moved to
    check_same(b, a);
}

TEST_CASE("histogram_percentiles_beyond_0_and_100_are_clamped") {
    const histogram h = of({10, 20, 30});
    CHECK(h.value_at_percentile(-1) == 10);
    CHECK(h.value_at_percentile(1000) == 30);
    CHECK(h.value_at_percentile(std::nan("")) == 10);
}

TEST_CASE("histogram_percentile_of_a_whole_rank_is_that_rank") {
    // 99.9 % of 1000 is the 999th value; in doubles the product is a little more.
    for (std::uint64_t n : {10ULL, 100ULL, 1000ULL, 10'000ULL}) {
        histogram h(5);
        for (std::uint64_t v = 1; v <= n; ++v)
            h.record(static_cast<std::int64_t>(v));
        for (std::uint64_t rank = 1; rank <= n; ++rank) {
            const double p = 100.0 * static_cast<double>(rank) / static_cast<double>(n);
            REQUIRE(h.value_at_percentile(p) == static_cast<std::int64_t>(rank));
        }
    }
}

TEST_CASE("histogram_percentiles_and_counts_are_inverse") {
    const histogram h = of(wide_values(20'000, 13));
    std::int64_t last = 0;
    for (double p = 0; p <= 100; p += 0.37) {
        const std::int64_t v = h.value_at_percentile(p);
        REQUIRE(v >= last);
        last = v;
        REQUIRE(static_cast<double>(h.count_at_or_below(v)) >=
                p / 100 * static_cast<double>(h.count()) - 1e-6);
        if (v > h.min()) {
            // The bucket below holds less than the percentile.
            const auto below = static_cast<std::int64_t>(static_cast<double>(v) * (1 - 1e-3)) - 1;
            REQUIRE(static_cast<double>(h.count_at_or_below(below)) <
                    p / 100 * static_cast<double>(h.count()) + 1e-6);
        }
    }
}

TEST_CASE("histogram_without_what_was_added_is_the_one_before") {
    const histogram first = of(wide_values(2000, 3));
    const histogram second = of(wide_values(500, 4));
    histogram both = first;
    both.add(second);
    REQUIRE(both.remove(second));
    CHECK(both.encode() == first.encode());
    CHECK(both.count() == first.count());
    CHECK(both.mean() == doctest::Approx(first.mean()));
    // Where its bucket was left, an extreme is known as well as the bucket.
    CHECK(static_cast<double>(both.max()) == doctest::Approx(first.max()).epsilon(1e-3));
    CHECK(static_cast<double>(both.min()) == doctest::Approx(first.min()).epsilon(1e-3));
    REQUIRE(both.remove(first));
    CHECK(both.count() == 0);
    CHECK(both.max() == 0);
    both.record(5);
    CHECK(both.min() == 5);
}

TEST_CASE("histogram_keeps_what_it_has_when_asked_to_give_what_it_has_not") {
    histogram h = of({5, 1000});
    const std::string before = h.encode();
    CHECK_FALSE(h.remove(of({5, 5})));
    CHECK_FALSE(h.remove(of({7})));
    CHECK_FALSE(h.remove(of({1'000'000})));
    CHECK_FALSE(h.remove(histogram(2)));
    CHECK(h.encode() == before);
    CHECK(h.count() == 2);
}

TEST_CASE("histogram_takes_back_exact_figures_that_fit_its_buckets") {
    histogram exact;
    for (const std::int64_t v : {12'345, 1'234'567, 2'000'001})
        exact.record(v);
    auto h = histogram::decode(exact.encode()).value();
    CHECK(h.max() != exact.max());
    CHECK_FALSE(h.restore(12'345, 3'000'000, 1e6, 0));
    CHECK_FALSE(h.restore(11'000, 2'000'001, 1e6, 0));
    CHECK_FALSE(h.restore(-1, 2'000'001, 1e6, 0));
    CHECK_FALSE(h.restore(12'345, 2'000'001, 2'000'002, 0));
    CHECK_FALSE(h.restore(12'345, 2'000'001, std::nan(""), 0));
    CHECK_FALSE(h.restore(12'345, 2'000'001, 1e6, 4));
    CHECK(h.max() != exact.max());
    REQUIRE(h.restore(exact.min(), exact.max(), exact.mean(), 1));
    CHECK(h.min() == exact.min());
    CHECK(h.max() == exact.max());
    CHECK(h.mean() == exact.mean());
    CHECK(h.over_range() == 1);
    histogram empty;
    CHECK(empty.restore(0, 0, 0, 0));
    CHECK_FALSE(empty.restore(1, 1, 1, 0));
}

#ifndef CHOPSTICKS_SANITIZED  // sanitizers have mappings of their own
TEST_CASE("histogram_untouched_counters_cost_no_memory") {
    const auto resident_kib = [] {
        std::ifstream status("/proc/self/statm");
        long total = 0;
        long resident = 0;
        status >> total >> resident;
        return resident * 4;
    };
    const long before = resident_kib();
    std::vector<histogram> many(400);  // 105 MiB of counters
    for (histogram& h : many)
        h.record(1'000'000);
    const long after = resident_kib();
    CHECK(after - before < 400 * 12);
    for (histogram& h : many)
        h.clear();
    CHECK(resident_kib() - before < 400 * 16);
}
#endif
