#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/bounded_series.hpp>
#include <cstddef>
#include <span>

using namespace chopsticks;
using stats::bounded_series;

TEST_CASE("bounded_series_keeps_every_value_until_it_is_full") {
    bounded_series series;
    CHECK(series.values().empty());
    for (std::size_t i = 0; i + 1 < bounded_series::most; ++i)
        series.add(static_cast<double>(i));
    REQUIRE(series.values().size() == bounded_series::most - 1);
    CHECK(series.joined() == 1);
    CHECK(series.values()[1234] == 1234);
}

TEST_CASE("bounded_series_of_any_length_is_short_and_spans_all_of_it") {
    bounded_series series;
    constexpr std::size_t added = 1'000'000;
    std::size_t longest = 0;
    for (std::size_t i = 0; i < added; ++i) {
        series.add(static_cast<double>(i));
        longest = std::max(longest, series.values().size());
    }
    CHECK(longest < bounded_series::most);
    const std::span<const double> values = series.values();
    CHECK(values.size() >= bounded_series::most / 2);
    CHECK(values.size() == added / series.joined());
    // Means of neighbours, none of them left out or twice.
    const auto width = static_cast<double>(series.joined());
    for (std::size_t i = 0; i < values.size(); i += 97)
        CHECK(values[i] == doctest::Approx((static_cast<double>(i) + 0.5) * width - 0.5));
}

TEST_CASE("bounded_watch_goes_on_looking_at_a_series_whose_values_were_joined") {
    bounded_series series;
    stats::bounded_watch watch(0.01);
    // So noisy that it takes 16,000 values: it must not wait for a length that there cannot be.
    random_stream random(5);
    bool known = false;
    std::size_t added = 0;
    for (; added < 100'000 && !known; ++added) {
        series.add(100 + 60 * random.normal());
        known = watch.enough(series);
    }
    CHECK(known);
    CHECK(added > bounded_series::most);
}
