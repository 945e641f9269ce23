// The encoded form, against what a reference implementation of HdrHistogram wrote
// (test/data/hdr_v2.json).

#include <doctest/doctest.h>
#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base64.hpp"
#include "hdr_text.hpp"

namespace {

using chopsticks::random_stream;
using chopsticks::stats::histogram;
using hdr_text::header;
using hdr_text::pack;
using hdr_text::unpack;

nlohmann::json vectors() {
    std::ifstream file(CHOPSTICKS_TEST_DATA "/hdr_v2.json");
    return nlohmann::json::parse(file);
}

histogram recorded(const nlohmann::json& vector) {
    histogram h(vector.at("significant_digits").get<int>());
    for (std::int64_t v : vector.at("values"))
        h.record(v);
    return h;
}

histogram decoded(const std::string& text) {
    auto h = histogram::decode(text);
    REQUIRE_MESSAGE(h.has_value(), h.error().message());
    return std::move(*h);
}

// Same count in every bucket either of them distinguishes.
void check_same_counts(const histogram& a, const histogram& b) {
    CHECK(a.count() == b.count());
    CHECK(a.significant_digits() == b.significant_digits());
    CHECK(unpack(a.encode()) == unpack(b.encode()));
}

}  // namespace

TEST_CASE("hdr_decode_of_reference_text_gives_its_counts_and_percentiles") {
    for (const auto& vector : vectors()) {
        CAPTURE(vector.at("name").get<std::string>());
        const histogram h = decoded(vector.at("v2_compressed_base64"));
        CHECK(h.count() == vector.at("count").get<std::uint64_t>());
        CHECK(h.significant_digits() == vector.at("significant_digits").get<int>());
        for (const auto& [percentile, value] : vector.at("percentiles").items()) {
            CAPTURE(percentile);
            CHECK(h.value_at_percentile(std::stod(percentile)) == value.get<std::int64_t>());
        }
        check_same_counts(h, recorded(vector));
    }
}

TEST_CASE("hdr_encode_of_reference_values_is_byte_equal_once_inflated") {
    // But for two fields that mean nothing in a histogram of integers: the reference wrote index
    // offset 1 and the ratio as the integer 1, we write 0 and 1.0 as the Java original does.
    const auto masked = [](std::string plain) {
        std::fill_n(plain.begin() + 8, 4, '\0');
        std::fill_n(plain.begin() + 32, 8, '\0');
        return plain;
    };
    for (const auto& vector : vectors()) {
        CAPTURE(vector.at("name").get<std::string>());
        const std::string ours = unpack(recorded(vector).encode());
        CHECK(masked(ours) == masked(unpack(vector.at("v2_compressed_base64"))));
        CHECK(ours.substr(8, 4) == std::string(4, '\0'));
        CHECK(ours.substr(32, 8) == std::string("\x3f\xf0\0\0\0\0\0\0", 8));
    }
}

TEST_CASE("hdr_decode_ignores_where_the_writers_array_began") {
    header head;
    head.shift = 1024;
    CHECK(decoded(pack(head, std::string("\x00\x02", 2))).max() == 1);
}

TEST_CASE("hdr_encode_starts_as_all_v2_histograms_do") {
    CHECK(histogram().encode().substr(0, 9) == "HISTFAAAA");
}

TEST_CASE("hdr_round_trip_keeps_counts_at_all_digits") {
    for (int digits = 1; digits <= 5; ++digits) {
        CAPTURE(digits);
        random_stream random(static_cast<std::uint64_t>(digits));
        histogram h(digits);
        for (int i = 0; i < 20'000; ++i) {
            h.record(static_cast<std::int64_t>(std::exp(random.unit() * std::log(3.6e12))));
        }
        h.record(0);
        h.record(histogram::highest_ns);
        const histogram back = decoded(h.encode());
        check_same_counts(h, back);
        // Extremes and mean are those of the buckets, so within the digits.
        const double resolution = std::pow(10.0, -digits);
        CHECK(back.min() == 0);
        CHECK(back.max() >= h.max());
        CHECK(static_cast<double>(back.max()) <= static_cast<double>(h.max()) * (1 + resolution));
        CHECK(back.mean() == doctest::Approx(h.mean()).epsilon(resolution));
        CHECK(back.stddev() == h.stddev());
    }
}

TEST_CASE("hdr_round_trip_keeps_large_counts") {
    // Counts of every varint length up to the nine bytes of 2^62.
    histogram h;
    for (unsigned bit = 0; bit < 62; ++bit)
        h.record_n(1 + 3 * bit, 1ULL << bit);
    h.record_n(2000, (1ULL << 62) - 1);
    const histogram back = decoded(h.encode());
    check_same_counts(h, back);
    CHECK(back.count_at_or_below(1 + 3 * 61) == (1ULL << 62) - 1);
}

TEST_CASE("hdr_round_trip_keeps_a_count_beyond_the_format_at_its_largest") {
    histogram h;
    h.record_n(7, ~0ULL);
    CHECK(decoded(h.encode()).count() == (1ULL << 63) - 1);
}

TEST_CASE("hdr_encode_of_decoded_is_the_same_text") {
    for (const auto& vector : vectors()) {
        const std::string once = recorded(vector).encode();
        CHECK(decoded(once).encode() == once);
    }
}

TEST_CASE("hdr_decode_of_another_unit_puts_values_at_their_lower_edges") {
    // A histogram of microseconds' unit: lowest 1000 makes the unit 512 ns. Bucket 5 holds 2560 to
    // 3071.
    header head;
    head.lowest = 1000;
    head.digits = 2;
    const histogram h = decoded(pack(head, std::string("\x09\x04", 2)));  // 5 zeros, count 2
    CHECK(h.count() == 2);
    CHECK(h.significant_digits() == 2);
    CHECK(h.min() == 2560);
    CHECK(h.max() == 3071);
    CHECK(h.mean() == 2816);
    CHECK(h.count_at_or_below(2559 - 16) == 0);
    CHECK(h.count_at_or_below(2560) == 2);
}

TEST_CASE("hdr_decode_of_a_small_range_keeps_its_values") {
    header head;
    head.highest = 10'000;
    head.digits = 3;
    const histogram h = decoded(pack(head, std::string("\xbd\x3e\x02", 3)));  // 3999 zeros
    // Bucket 3999 is in octave 2 of width 4: (3999 - 3072) buckets after 4096.
    CHECK(h.min() == 4096 + 4 * (3999 - 3072));
    CHECK(h.max() == h.min() + 3);
}

TEST_CASE("hdr_decode_of_a_day_keeps_values_up_to_an_hour") {
    header head;
    head.highest = 86'400'000'000'000;
    const histogram h = decoded(pack(head, std::string("\x02", 1)));
    CHECK(h.count() == 1);
    CHECK(h.max() == 0);
}

TEST_CASE("hdr_decode_of_the_widest_range_does_not_overflow") {
    for (std::int64_t lowest : {1LL, 1LL << 20, 3'600'000'000'000LL}) {
        for (std::uint32_t digits = 1; digits <= 5; ++digits) {
            header head;
            head.lowest = lowest;
            head.highest = INT64_MAX;
            head.digits = digits;
            auto h = histogram::decode(pack(head, std::string("\x02\x02", 2)));
            REQUIRE(h.has_value());
            CHECK(h->count() == 2);
            CHECK(h->max() >= 1);
            // Encoding what came of it must find all its buckets inside its own range.
            CHECK(decoded(h->encode()).count() == 2);
        }
    }
}
