#include <doctest/doctest.h>
#include <chopsticks/core/random.hpp>
#include <chopsticks/core/units.hpp>
#include <limits>
#include <string>

namespace chopsticks {

namespace {

const error_code bad_text = make_error_code(boost::system::errc::invalid_argument);
const error_code too_large = make_error_code(boost::system::errc::value_too_large);

std::uint64_t size_of(std::string_view text) {
    const auto parsed = parse_size(text);
    CAPTURE(text);
    REQUIRE(parsed.has_value());
    return *parsed;
}

std::int64_t duration_of(std::string_view text) {
    const auto parsed = parse_duration(text);
    CAPTURE(text);
    REQUIRE(parsed.has_value());
    return *parsed;
}

}  // namespace

TEST_CASE("parse_size_every_unit_gives_its_bytes") {
    CHECK(size_of("0") == 0);
    CHECK(size_of("4096") == 4096);
    CHECK(size_of("100 B") == 100);
    CHECK(size_of("4K") == 4096);
    CHECK(size_of("4k") == 4096);
    CHECK(size_of("4KiB") == 4096);
    CHECK(size_of("4Ki") == 4096);
    CHECK(size_of("4kb") == 4000);
    CHECK(size_of("64 MiB") == 64ULL << 20);
    CHECK(size_of("1.5MB") == 1'500'000);
    CHECK(size_of("1.5M") == 3ULL << 19);
    CHECK(size_of("2G") == 2ULL << 30);
    CHECK(size_of("2GB") == 2'000'000'000);
    CHECK(size_of("1TiB") == 1ULL << 40);
    CHECK(size_of("1tb") == 1'000'000'000'000);
    CHECK(size_of("  8 MiB ") == 8ULL << 20);
    CHECK(size_of(".5KiB") == 512);
}

TEST_CASE("parse_size_whole_numbers_keep_all_64_bits") {
    CHECK(size_of("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    CHECK(size_of("9007199254740993") == 9007199254740993ULL);
}

TEST_CASE("parse_size_overflow_is_value_too_large") {
    for (const char* text : {"18446744073709551616", "99999999999999999999", "9223372036854775808K",
                             "8388608TiB", "100000000TB"}) {
        CAPTURE(text);
        CHECK(parse_size(text).error() == too_large);
    }
}

TEST_CASE("parse_size_rubbish_is_invalid_argument") {
    for (const char* text : {"",       " ",       "-1",  "+1",   "-4KiB",  "K",       "KiB", "4X",
                             "4KiBs",  "4 K i B", "4K4", "1e3",  "0x10",   "1.2.3K",  ".",   "4,5K",
                             "4KiB x", "nan",     "inf", "4\tK", "4KiB\n", "\xc2\xb5"}) {
        CAPTURE(text);
        CHECK(parse_size(text).error() == bad_text);
    }
    CHECK(parse_size(std::string_view("4\0K", 3)).error() == bad_text);
}

TEST_CASE("format_size_known_values_read_well") {
    CHECK(format_size(0) == "0 B");
    CHECK(format_size(100) == "100 B");
    CHECK(format_size(1023) == "1023 B");
    CHECK(format_size(1024) == "1 KiB");
    CHECK(format_size(1536) == "1.5 KiB");
    CHECK(format_size(3ULL << 19) == "1.5 MiB");
    CHECK(format_size(64ULL << 20) == "64 MiB");
    CHECK(format_size(1ULL << 40) == "1 TiB");
}

TEST_CASE("format_size_multiples_of_an_eighth_unit_round_trip") {
    // An eighth has three decimals: the finest share that the format can show exactly.
    for (int power = 10; power <= 40; power += 10) {
        for (std::uint64_t eighths = 8; eighths < 2048; ++eighths) {
            const std::uint64_t bytes = eighths * ((1ULL << power) / 8);
            REQUIRE(size_of(format_size(bytes)) == bytes);
        }
    }
}

TEST_CASE("format_size_any_value_is_read_back_within_its_rounding") {
    random_stream random{1};
    for (int i = 0; i < 20'000; ++i) {
        const std::uint64_t bytes = random() >> (1 + random.below(60));
        const auto back = static_cast<double>(size_of(format_size(bytes)));
        const auto exact = static_cast<double>(bytes);
        REQUIRE(std::abs(back - exact) <= 0.05 * exact);
    }
}

TEST_CASE("parse_duration_every_unit_gives_its_nanoseconds") {
    CHECK(duration_of("0") == 0);
    CHECK(duration_of("7ns") == 7);
    CHECK(duration_of("10us") == 10'000);
    CHECK(duration_of("500ms") == 500'000'000);
    CHECK(duration_of("90s") == 90'000'000'000);
    CHECK(duration_of("90sec") == 90'000'000'000);
    CHECK(duration_of("5m") == 300'000'000'000);
    CHECK(duration_of("5min") == 300'000'000'000);
    CHECK(duration_of("1.5h") == 5'400'000'000'000);
    CHECK(duration_of("2d") == 172'800'000'000'000);
    CHECK(duration_of("1h30m") == 5'400'000'000'000);
    CHECK(duration_of("1h 30m") == 5'400'000'000'000);
    CHECK(duration_of("1H30M") == 5'400'000'000'000);
}

TEST_CASE("parse_duration_number_without_unit_is_seconds") {
    CHECK(duration_of("90") == 90'000'000'000);
    CHECK(duration_of("0.25") == 250'000'000);
}

TEST_CASE("parse_duration_rubbish_is_invalid_argument") {
    for (const char* text : {"", " ", "-1s", "+1s", "s", "1x", "1h30", "30 1h", "1s!", "1e3s",
                             "1:30", "1..5s", "one", "1 h m", "5\xc2\xb5s", "1s\n"}) {
        CAPTURE(text);
        CHECK(parse_duration(text).error() == bad_text);
    }
}

TEST_CASE("parse_duration_beyond_292_years_is_value_too_large") {
    CHECK(parse_duration("106752d").error() == too_large);
    CHECK(parse_duration("9223372037").error() == too_large);
    CHECK(duration_of("106751d") > 0);
}

TEST_CASE("format_duration_known_values_read_well") {
    CHECK(format_duration(0) == "0s");
    CHECK(format_duration(90'000'000'000) == "1m30s");
    CHECK(format_duration(5'400'000'000'000) == "1h30m");
    CHECK(format_duration(500'000'000) == "500ms");
    CHECK(format_duration(172'800'000'000'000) == "2d");
    CHECK(format_duration(-1'000'000'000) == "-1s");
    CHECK(format_duration(std::numeric_limits<std::int64_t>::min()) == "-106751d23h47m17s");
}

TEST_CASE("format_duration_is_rounded_as_people_read_it") {
    CHECK(format_duration(5'999'321'555) == "5.999s");
    CHECK(format_duration(5'999'999'999) == "6s");
    CHECK(format_duration(59'999'999'999) == "1m");
    CHECK(format_duration(90'500'000'000) == "1m30.5s");
    CHECK(format_duration(1'500'000) == "1.5ms");
    CHECK(format_duration(123'456'789) == "123.457ms");
    CHECK(format_duration(999'999'999) == "1s");
    CHECK(format_duration(250'000) == "250us");
    CHECK(format_duration(1'234) == "1.234us");
    CHECK(format_duration(999) == "999ns");
    CHECK(format_duration(3'600'123'456'789) == "1h");
}

TEST_CASE("format_duration_any_value_up_to_100_days_reads_back_as_near_as_it_says") {
    // 2^53 ns are 104 days: up to there parsing, which adds in double, is exact.
    random_stream random{2};
    for (int i = 0; i < 20'000; ++i) {
        const auto ns = static_cast<std::int64_t>((random() >> 11) >> random.below(53));
        const std::int64_t step = ns < 1'000'000         ? 1
                                  : ns < 1'000'000'000   ? 1'000
                                  : ns < 600'000'000'000 ? 1'000'000
                                                         : 1'000'000'000;
        REQUIRE(std::abs(duration_of(format_duration(ns)) - ns) <= step / 2);
    }
}

TEST_CASE("format_latency_always_has_three_significant_digits_and_a_unit") {
    CHECK(format_latency(0) == "0 ns");
    CHECK(format_latency(812) == "812 ns");
    CHECK(format_latency(1'000) == "1.00 us");
    CHECK(format_latency(9'996) == "10.0 us");
    CHECK(format_latency(12'345) == "12.3 us");
    CHECK(format_latency(99'960) == "100 us");
    CHECK(format_latency(999'499) == "999 us");
    CHECK(format_latency(999'500) == "1.00 ms");
    CHECK(format_latency(1'250'000) == "1.25 ms");
    CHECK(format_latency(999'500'000) == "1.00 s");
    CHECK(format_latency(3'400'000'000) == "3.40 s");
    CHECK(format_latency(-1'250'000) == "-1.25 ms");
}

TEST_CASE("format_count_switches_units_before_four_digits_appear") {
    CHECK(format_count(0) == "0");
    CHECK(format_count(0.5) == "0.50");
    CHECK(format_count(999) == "999");
    CHECK(format_count(999.6) == "1.00k");
    CHECK(format_count(12'345) == "12.3k");
    CHECK(format_count(999'600) == "1.00M");
    CHECK(format_count(1'250'000) == "1.25M");
    CHECK(format_count(2.5e9) == "2.50G");
    CHECK(format_count(-12'345) == "-12.3k");
}

TEST_CASE("format_bandwidth_uses_decimal_units") {
    CHECK(format_bandwidth(0) == "0.00 B/s");
    CHECK(format_bandwidth(812'000) == "812 kB/s");
    CHECK(format_bandwidth(999'600) == "1.00 MB/s");
    CHECK(format_bandwidth(1.25e9) == "1.25 GB/s");
}

}  // namespace chopsticks
