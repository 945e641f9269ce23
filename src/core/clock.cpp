#include <chopsticks/core/clock.hpp>
#include <cstdio>

namespace chopsticks {

civil_time to_civil(std::int64_t seconds_since_epoch) noexcept {
    std::int64_t days = seconds_since_epoch / 86400;
    std::int64_t rest = seconds_since_epoch % 86400;
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    days += 719468;  // days from 0000-03-01 to 1970-01-01
    const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const auto day_of_era = static_cast<unsigned>(days - era * 146097);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned month_from_march = (5 * day_of_year + 2) / 153;
    civil_time t;
    t.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    t.month = static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    t.year = static_cast<int>(static_cast<std::int64_t>(year_of_era) + era * 400) + (t.month <= 2);
    t.hour = static_cast<int>(rest / 3600);
    t.minute = static_cast<int>(rest / 60 % 60);
    t.second = static_cast<int>(rest % 60);
    return t;
}

std::int64_t from_civil(const civil_time& t) noexcept {
    const std::int64_t year = t.year - (t.month <= 2);
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const auto year_of_era = static_cast<unsigned>(year - era * 400);
    const auto month = static_cast<unsigned>(t.month);
    const unsigned day_of_year =
        (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + static_cast<unsigned>(t.day) - 1;
    const unsigned day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    const std::int64_t days = era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
    return days * 86400 + t.hour * 3600 + t.minute * 60 + t.second;
}

std::string format_utc(std::int64_t wall_ns) {
    std::int64_t seconds = wall_ns / 1'000'000'000;
    std::int64_t rest = wall_ns % 1'000'000'000;
    if (rest < 0) {
        rest += 1'000'000'000;
        --seconds;
    }
    const civil_time t = to_civil(seconds);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.year, t.month, t.day,
                  t.hour, t.minute, t.second, static_cast<int>(rest / 1'000'000));
    return text;
}

}  // namespace chopsticks
