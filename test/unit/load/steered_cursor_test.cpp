// A rate of which a share is let through: nothing is lost and nothing comes twice, whatever
// changes.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/arrival.hpp>
#include <chopsticks/load/steered_cursor.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

using namespace chopsticks;
using load::arrival_kind;
using load::modulation;
using load::rate_curve;
using load::steered_cursor;

namespace {

constexpr double second = 1e9;

struct stretch_of {
    double from_ns;
    double share;
};

/// The area up to a time by the curve's closed form, stretch by stretch.
double area_by_parts(const rate_curve& curve, const std::vector<stretch_of>& all, double t_ns) {
    double sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const double end = i + 1 < all.size() ? std::min(all[i + 1].from_ns, t_ns) : t_ns;
        if (end <= all[i].from_ns) break;
        sum += all[i].share * (curve.count(end) - curve.count(all[i].from_ns));
    }
    return sum;
}

std::vector<rate_curve> curves() {
    modulation burst;
    burst.how = modulation::kind::burst;
    burst.period_ns = 0.1 * second;
    burst.share = 0.25;
    modulation sine;
    sine.how = modulation::kind::sine;
    sine.period_ns = 0.3 * second;
    sine.share = 1;
    load::level_curve ramp(100);
    ramp.line_to(2000, 3'000'000'000);
    return {rate_curve(1000), rate_curve(load::level_curve(1000), burst),
            rate_curve(load::level_curve(1000), sine), rate_curve(ramp)};
}

}  // namespace

TEST_CASE("steered_cursor_that_nobody_steers_is_the_curve_to_the_last_bit") {
    for (const rate_curve& curve : curves()) {
        rate_curve::cursor plain(curve);
        rate_curve::cursor plain_areas(curve);
        steered_cursor times(curve);
        steered_cursor areas(curve);
        for (int i = 0; i < 5000; ++i) {
            const double area = i * 0.7;
            REQUIRE(times.time_of(area) == plain.time_of(area));
            const double t = i * 1e6 / 3;
            REQUIRE(areas.area_at(t) == plain_areas.area_at(t));
        }
    }
}

TEST_CASE("steered_cursor_area_is_the_integral_of_what_was_let_through") {
    const std::vector<stretch_of> plan = {{0, 1},
                                          {0.5 * second, 0.25},
                                          {0.9 * second, 0},
                                          {1.4 * second, 0},
                                          {1.7 * second, 3},
                                          {2.6 * second, 1e-6},
                                          {4 * second, 1}};
    for (const rate_curve& curve : curves()) {
        steered_cursor told_before(curve);
        steered_cursor told_in_time(curve);
        for (std::size_t i = 1; i < plan.size(); ++i)
            told_before.change(plan[i].from_ns, plan[i].share);
        std::size_t told = 1;
        for (double t = 0; t < 5 * second; t += 1.37e6) {
            while (told < plan.size() && plan[told].from_ns <= t + 1e7) {
                told_in_time.change(plan[told].from_ns, plan[told].share);
                ++told;
            }
            const double expected = area_by_parts(curve, plan, t);
            REQUIRE(told_before.area_at(t) == doctest::Approx(expected).epsilon(1e-9));
            REQUIRE(told_in_time.area_at(t) == doctest::Approx(expected).epsilon(1e-9));
        }
    }
}

TEST_CASE("steered_cursor_times_are_the_inverse_of_its_areas") {
    random_stream random(5);
    for (const rate_curve& curve : curves()) {
        steered_cursor times(curve);
        steered_cursor areas(curve);
        // Changes every few milliseconds, each told while the next time is already known. None lies
        // before a time that was taken, which due_source sees to where somebody is late.
        double changed_ns = 0;
        double area = 0;
        double before_ns = 0;
        for (int i = 0; i < 4000; ++i) {
            double due = times.time_of(area);
            changed_ns = std::max(changed_ns, before_ns);
            while (due > changed_ns + 2e6) {
                changed_ns += 2e6 * random.unit();
                const double share = random.unit() < 0.2 ? 0 : 2 * random.unit();
                times.change(changed_ns, share);
                areas.change(changed_ns, share);
                due = times.time_of(area);
            }
            REQUIRE(due >= before_ns);
            REQUIRE(areas.area_at(due) == doctest::Approx(area).epsilon(1e-7));
            before_ns = due;
            area += random.exponential();
        }
        CHECK(changed_ns > 1e9);
    }
}

TEST_CASE("steered_cursor_lets_nothing_through_while_the_share_is_nothing") {
    const rate_curve curve(1000);
    steered_cursor times(curve);
    times.change(0.1 * second, 0);
    CHECK(times.time_of(99.5) == doctest::Approx(99.5e6));
    // That which would come at the very end is put behind the pause.
    CHECK(times.time_of(100) == std::numeric_limits<double>::infinity());
    CHECK(times.time_of(100) == std::numeric_limits<double>::infinity());
    times.change(7.1 * second, 0.5);
    CHECK(times.time_of(100) == doctest::Approx(7.1 * second));
    CHECK(times.time_of(101) == doctest::Approx(7.1 * second + 2e6));
}

TEST_CASE("steered_cursor_keeps_so_many_changes_ahead_and_counts_the_first_as_reached_then") {
    const rate_curve curve(1000);
    steered_cursor areas(curve);
    const std::size_t all = steered_cursor::ahead_most + 10;
    for (std::size_t i = 0; i < all; ++i)
        areas.change(static_cast<double>(i) * 1e6, i % 2 == 0 ? 0.5 : 1.5);
    // The sum is right although the cursor was asked for none of it.
    CHECK(areas.area_at(static_cast<double>(all) * 1e6) ==
          doctest::Approx(static_cast<double>(all)));
}

TEST_CASE("arrival_schedule_that_is_steered_has_as_many_arrivals_as_its_rate_sums_up_to") {
    for (const arrival_kind kind : {arrival_kind::constant, arrival_kind::poisson}) {
        const rate_curve curve(20'000);
        constexpr unsigned cores = 3;
        std::uint64_t count = 0;
        // From 20,000 a second to 2,000, nothing, 10,000: told 10 ms ahead, as the engine does.
        const std::vector<stretch_of> plan = {
            {0, 1}, {1 * second, 0.1}, {2 * second, 0}, {3 * second, 0.5}};
        for (unsigned core = 0; core < cores; ++core) {
            load::arrival_schedule s(kind, curve, core, cores, 9);
            double due = s.next();
            std::size_t told = 1;
            double before = 0;
            for (double now = 0; now < 4 * second; now += 1e6) {
                while (told < plan.size() && plan[told].from_ns <= now + 1e7) {
                    due = s.change(plan[told].from_ns, plan[told].share);
                    ++told;
                }
                for (; due <= now; due = s.next()) {
                    REQUIRE(due >= before);
                    before = due;
                    const bool in_pause = due > 2 * second && due < 3 * second;
                    REQUIRE_FALSE(in_pause);
                    ++count;
                }
            }
        }
        const double expected = area_by_parts(curve, plan, 4 * second);
        REQUIRE(expected == doctest::Approx(32'000));
        // Whole numbers dealt to three cores; five standard deviations of a Poisson count.
        const double off = kind == arrival_kind::constant ? 25 : 5 * std::sqrt(expected);
        CHECK(std::abs(static_cast<double>(count) - expected) <= off);
    }
}
