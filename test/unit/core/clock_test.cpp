#include <doctest/doctest.h>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chrono>
#include <ctime>

namespace chopsticks {

namespace {

bool same(const civil_time& a, const civil_time& b) {
    return a.year == b.year && a.month == b.month && a.day == b.day && a.hour == b.hour &&
           a.minute == b.minute && a.second == b.second;
}

civil_time by_chrono(std::int64_t seconds) {
    using namespace std::chrono;
    const sys_seconds point{std::chrono::seconds{seconds}};
    const sys_days day = floor<days>(point);
    const year_month_day date{day};
    const hh_mm_ss clock{point - day};
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()),
            static_cast<int>(clock.seconds().count())};
}

}  // namespace

TEST_CASE("to_civil_every_day_of_four_centuries_agrees_with_chrono_and_round_trips") {
    // 400 years are one Gregorian cycle: no later date has anything new.
    const std::int64_t first = from_civil({1800, 1, 1, 0, 0, 0});
    for (std::int64_t day = 0; day <= 146097; ++day) {
        const std::int64_t seconds = first + day * 86400 + (day * 7919) % 86400;
        const civil_time t = to_civil(seconds);
        REQUIRE(same(t, by_chrono(seconds)));
        REQUIRE(from_civil(t) == seconds);
    }
}

TEST_CASE("to_civil_random_seconds_over_thirty_thousand_years_agree_with_chrono") {
    random_stream random{7};
    const std::int64_t low = from_civil({-10000, 1, 1, 0, 0, 0});
    const std::int64_t high = from_civil({20000, 1, 1, 0, 0, 0});
    for (int i = 0; i < 200'000; ++i) {
        const std::int64_t seconds =
            low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low)));
        const civil_time t = to_civil(seconds);
        REQUIRE(same(t, by_chrono(seconds)));
        REQUIRE(from_civil(t) == seconds);
    }
}

TEST_CASE("to_civil_dates_around_now_agree_with_the_c_library") {
    for (std::int64_t seconds = 1'700'000'000; seconds < 1'900'000'000; seconds += 86'399 * 13) {
        const std::time_t time = seconds;
        std::tm tm{};
        REQUIRE(::gmtime_r(&time, &tm) != nullptr);
        const civil_time t = to_civil(seconds);
        CHECK(t.year == tm.tm_year + 1900);
        CHECK(t.month == tm.tm_mon + 1);
        CHECK(t.day == tm.tm_mday);
        CHECK(t.hour == tm.tm_hour);
        CHECK(t.minute == tm.tm_min);
        CHECK(t.second == tm.tm_sec);
    }
}

TEST_CASE("to_civil_leap_days_exist_only_in_leap_years") {
    const auto day_after_28_february = [](int year) {
        return to_civil(from_civil({year, 2, 28, 0, 0, 0}) + 86400);
    };
    CHECK(day_after_28_february(2000).day == 29);
    CHECK(day_after_28_february(2024).day == 29);
    CHECK(day_after_28_february(1900).month == 3);
    CHECK(day_after_28_february(2026).month == 3);
    CHECK(day_after_28_february(2100).month == 3);
}

TEST_CASE("format_utc_known_times_give_iso_8601_with_milliseconds") {
    CHECK(format_utc(0) == "1970-01-01T00:00:00.000Z");
    CHECK(format_utc(1'000'000'000'000'000'000) == "2001-09-09T01:46:40.000Z");
    CHECK(format_utc(1'795'359'845'123'999'999) == "2026-11-22T15:04:05.123Z");
}

TEST_CASE("format_utc_before_the_epoch_rounds_down_and_not_towards_zero") {
    CHECK(format_utc(-1) == "1969-12-31T23:59:59.999Z");
    CHECK(format_utc(-1'000'000'000) == "1969-12-31T23:59:59.000Z");
}

TEST_CASE("monotonic_ns_repeated_calls_never_go_back") {
    std::int64_t last = monotonic_ns();
    for (int i = 0; i < 100'000; ++i) {
        const std::int64_t now = monotonic_ns();
        REQUIRE(now >= last);
        last = now;
    }
}

TEST_CASE("wall_ns_agrees_with_the_system_clock_within_a_second") {
    const auto system = std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    CHECK(std::abs(wall_ns() - system) < 1'000'000'000);
}

}  // namespace chopsticks
