// Figures that drivers count of their own: how they add up, and what is done about rubbish.

#include <doctest/doctest.h>

#include <chopsticks/stats/driver_figures.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks::stats;

namespace {

const driver_figure events = {"events", "events", figure_kind::counter, "what happened"};
const driver_figure level = {"level", "bytes", figure_kind::gauge, "how much there is"};
const driver_figure age = {"age", "epochs", figure_kind::gauge, "how old it is",
                           level_over_cores::highest};
const driver_figure took = {"took", "ns", figure_kind::timer, "how long it took"};

std::vector<group_figure> of_group(const std::vector<driver_figure>& figures) {
    std::vector<group_figure> out;
    for (const driver_figure& one : figures)
        out.push_back({"g", one});
    return out;
}

/// What came to a core since it was asked last.
driver_values taken(driver_meters& meters, const std::vector<driver_figure>& figures) {
    driver_values out = make_values(of_group(figures), 3);
    meters.take(out.data(), out.size());
    return out;
}

driver_figure with(driver_figure figure, const std::string& name, const std::string& unit) {
    figure.name = name;
    figure.unit = unit;
    return figure;
}

}  // namespace

TEST_CASE("driver_figures_of_each_kind_add_up_over_cores_and_then_over_intervals") {
    const std::vector<driver_figure> figures = {events, level, age, took};
    driver_meters cores[] = {driver_meters(figures), driver_meters(figures)};
    driver_values total = make_values(of_group(figures), 3);
    histogram recorded;
    std::uint64_t happened = 0;
    for (int i = 1; i <= 3; ++i) {
        driver_values interval = make_values(of_group(figures), 2);
        for (int core = 0; core < 2; ++core) {
            driver_meters& m = cores[core];
            m.counter(0).add(static_cast<std::uint64_t>(10 * i + core));
            happened += static_cast<std::uint64_t>(10 * i + core);
            m.gauge(1).set(100 * i + core);  // the highest of the interval
            m.gauge(1).set(i);               // the lowest, and the last
            m.gauge(2).set(7 + core - i);
            m.timer(3).record(1000 * i + core);
            recorded.record(1000 * i + core);
            add_beside(interval, taken(m, figures));
        }
        CHECK(interval[0].count == static_cast<std::uint64_t>(20 * i + 1));
        CHECK(interval[1].last == 2 * i);
        CHECK(interval[1].highest == 200 * i + 1);
        CHECK(interval[2].last == 8 - i);
        CHECK(interval[3].times->count() == 2);
        add_later(total, interval);
    }
    CHECK(total[0].count == happened);
    // A level stays from one interval to the next, so that is where it begins.
    CHECK(total[1].lowest == 2);
    CHECK(total[1].highest == 601);
    CHECK(total[1].last == 6);
    CHECK(total[2].lowest == 5);
    CHECK(total[2].highest == 7);
    CHECK(total[2].last == 5);
    CHECK(total[3].times->count() == recorded.count());
    CHECK(total[3].times->max() == recorded.max());
    for (const driver_value& one : total)
        CHECK(one.refused == 0);
}

TEST_CASE("driver_figures_are_differences_and_levels_since_they_were_taken_last") {
    const std::vector<driver_figure> figures = {events, level, took};
    driver_meters m(figures);
    CHECK_FALSE(taken(m, figures)[1].known);
    m.counter(0).add(5);
    m.gauge(1).set(3);
    m.timer(2).record(9);
    CHECK(taken(m, figures)[0].count == 5);
    const driver_values second = taken(m, figures);
    CHECK(second[0].count == 0);
    CHECK(second[1].known);
    CHECK(second[1].lowest == 3);
    CHECK(second[1].highest == 3);
    CHECK(second[2].times->count() == 0);
    m.gauge(1).add(-1);
    m.counter(0).set_total(7);
    const driver_values third = taken(m, figures);
    CHECK(third[0].count == 2);
    CHECK(third[1].last == 2);
    CHECK(third[1].highest == 3);
}

TEST_CASE("driver_figures_are_counted_in_one_place_also_where_the_meters_move") {
    const std::vector<driver_figure> figures = {events, took};
    driver_meters first(figures);
    figure_counter& counter = first.counter(0);
    histogram& timer = first.timer(1);
    driver_meters then = std::move(first);
    counter.add(2);
    timer.record(1);
    const driver_values got = taken(then, figures);
    CHECK(got[0].count == 2);
    CHECK(got[1].times->count() == 1);
}

TEST_CASE("driver_figures_that_lie_are_refused_and_the_rest_is_kept") {
    const std::vector<driver_figure> figures = {events, level};
    driver_meters m(figures);
    m.counter(0).set_total(100);
    CHECK(taken(m, figures)[0].count == 100);
    m.counter(0).set_total(40);
    driver_values fell = taken(m, figures);
    CHECK(fell[0].count == 0);
    CHECK(fell[0].refused == 1);
    // Counting goes on from there.
    m.counter(0).set_total(45);
    CHECK(taken(m, figures)[0].count == 5);
    m.counter(0).set_total(~0ULL);
    fell = taken(m, figures);
    CHECK(fell[0].count == 0);
    CHECK(fell[0].refused == 1);

    m.gauge(1).set(12);
    m.gauge(1).set(std::nan(""));
    m.gauge(1).set(std::numeric_limits<double>::infinity());
    m.gauge(1).set(-1e300);
    const driver_values levels = taken(m, figures);
    CHECK(levels[1].refused == 3);
    CHECK(levels[1].last == 12);
    CHECK(levels[1].lowest == 12);
    CHECK(levels[1].highest == 12);
    CHECK(taken(m, figures)[1].refused == 0);

    // No sum is beyond what can be read back.
    driver_value sum(events);
    driver_value much(events);
    much.count = figure_count_max;
    for (int i = 0; i < 3000; ++i)
        sum.add_later(much);
    CHECK(sum.count == figure_count_max);
    driver_value high(level);
    high.known = true;
    high.last = high.lowest = high.highest = figure_level_max;
    driver_value both = high;
    both.add_beside(high);
    CHECK(both.highest == figure_level_max);
}

TEST_CASE("driver_meters_of_other_figures_than_were_declared_give_nothing") {
    driver_meters m({events});
    m.counter(0).add(5);
    const driver_values got = taken(m, {took, events});
    CHECK(got[0].times->count() == 0);
    CHECK(got[0].refused == 1);
    CHECK(got[1].count == 0);
    CHECK(got[1].refused == 1);
}

TEST_CASE("driver_figures_of_bad_names_units_and_numbers_are_told") {
    CHECK(problem_with(std::vector<driver_figure>{}).empty());
    CHECK(problem_with({events, level, age, took}).empty());
    CHECK(contains(problem_with({events, level, events}), "two figures are called events"));
    for (const std::string& name :
         {std::string(), std::string("Events"), std::string("1st"), std::string("a b"),
          std::string("a\nb"), std::string("a\0b", 3), std::string("a/b"), std::string(41, 'a'),
          std::string(1 << 20, 'a'), std::string("\xff\xfe")}) {
        const std::string told = problem_with({with(events, name, "events")});
        CHECK(contains(told, "a name begins with a small letter"));
        CHECK(told.size() < 300);
        CHECK(told.find('\n') == std::string::npos);
        CHECK(contains(problem_with({with(events, "events", name)}), "a unit is a word"));
    }
    CHECK(contains(problem_with({with(took, "took", "ms")}), "timers count in ns"));
    driver_figure untold = events;
    for (const std::string& text : {std::string(), std::string("two\nlines"),
                                    std::string("\x1b[31m"), std::string(201, 'x')}) {
        untold.description = text;
        CHECK(contains(problem_with({untold}), "no description"));
    }
    driver_figure unknown = events;
    unknown.kind = static_cast<figure_kind>(9);
    CHECK(contains(problem_with({unknown}), "of no known kind"));
    std::vector<driver_figure> many;
    for (std::size_t i = 0; i <= driver_figures_max; ++i)
        many.push_back(with(events, "n" + std::to_string(i), "events"));
    CHECK(contains(problem_with(many), "33 figures, 32 are allowed"));
    many.pop_back();
    CHECK(problem_with(many).empty());
}
