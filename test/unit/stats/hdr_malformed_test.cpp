// A result file comes from anywhere: the decoder answers rubbish with an error, in bounded memory.

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <boost/system/errc.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cmath>
#include <string>

#include "base64.hpp"
#include "hdr_text.hpp"

namespace {

namespace errc = boost::system::errc;
using chopsticks::random_stream;
using chopsticks::stats::base64_decode;
using chopsticks::stats::base64_encode;
using chopsticks::stats::histogram;
using hdr_text::deflated;
using hdr_text::framed;
using hdr_text::header;
using hdr_text::pack;
using hdr_text::plain;

errc::errc_t error_of(const std::string& text) {
    const auto h = histogram::decode(text);
    if (h.has_value()) return errc::success;
    return static_cast<errc::errc_t>(h.error().value());
}

std::string some_text() {
    random_stream random(4);
    histogram h;
    for (int i = 0; i < 300; ++i)
        h.record(static_cast<std::int64_t>(std::exp(random.unit() * 20)));
    return h.encode();
}

}  // namespace

TEST_CASE("hdr_decode_of_what_is_no_histogram_is_an_error") {
    for (const char* text :
         {"", "A", "====", "HISTFAAA", "HISTFAAAAAA=", "not base64!",
          "HISTFAAAACp4nJNpmSzMwMDAwsDAwMjAwMDMAAGMDAzMbgY7FjDA+AfXMTIBAFftBJ=="}) {
        CAPTURE(text);
        CHECK(error_of(text) == errc::bad_message);
    }
}

TEST_CASE("hdr_decode_of_a_well_made_text_succeeds") {
    // What the following cases spoil is in itself sound.
    CHECK(error_of(pack({}, "\x02")) == errc::success);
    CHECK(error_of(pack({}, "")) == errc::success);
}

TEST_CASE("hdr_decode_of_other_encodings_is_not_supported") {
    const std::string body = deflated(plain({}, "\x02"));
    CHECK(error_of(base64_encode(framed(body, 0x1c849304))) == errc::not_supported);
    CHECK(error_of(base64_encode(framed(body, 0x1c849302))) == errc::not_supported);
    CHECK(error_of(base64_encode(framed(body, 0x12345678))) == errc::bad_message);
    header head;
    head.cookie = 0x1c849301;
    CHECK(error_of(pack(head, "\x02")) == errc::not_supported);
    head.cookie = 0xdeadbeef;
    CHECK(error_of(pack(head, "\x02")) == errc::bad_message);
}

TEST_CASE("hdr_decode_of_scaled_histograms_is_not_supported") {
    // Values of a DoubleHistogram are integers times the ratio: read as nanoseconds they would lie.
    for (double ratio : {0.001, 2.0, 0.0, -1.0}) {
        header head;
        head.ratio = ratio;
        CHECK(error_of(pack(head, "\x02")) == errc::not_supported);
    }
}

TEST_CASE("hdr_decode_of_impossible_headers_is_an_error") {
    const auto with = [](auto change) {
        header head;
        change(head);
        return error_of(pack(head, "\x02"));
    };
    for (std::uint32_t digits : {0U, 6U, 1000U, 0xffffffffU}) {
        CHECK(with([&](header& h) { h.digits = digits; }) == errc::bad_message);
    }
    CHECK(with([](header& h) { h.lowest = 0; }) == errc::bad_message);
    CHECK(with([](header& h) { h.lowest = -1; }) == errc::bad_message);
    CHECK(with([](header& h) { h.highest = 1; }) == errc::bad_message);
    CHECK(with([](header& h) { h.highest = -1; }) == errc::bad_message);
    CHECK(with([](header& h) { h.highest = INT64_MIN; }) == errc::bad_message);
    CHECK(with([](header& h) { h.lowest = h.highest; }) == errc::bad_message);
    CHECK(with([](header& h) {
              h.lowest = 1LL << 60;
              h.highest = 1LL << 62;
          }) == errc::value_too_large);
}

TEST_CASE("hdr_decode_of_wrong_lengths_is_an_error") {
    const std::string body = deflated(plain({}, "\x02\x02\x02"));
    for (std::int64_t claimed : {0L, 1L, static_cast<long>(body.size()) - 1,
                                 static_cast<long>(body.size()) + 1, 0xffffffffL}) {
        CHECK(error_of(base64_encode(framed(body, 0x1c849314, claimed))) == errc::bad_message);
    }
    header head;
    for (std::int64_t claimed : {0L, 2L, 4L, 100L, 0xffffffffL}) {
        head.payload_bytes = claimed;
        CHECK(error_of(pack(head, "\x02\x02\x02")) == errc::bad_message);
    }
    CHECK(error_of(base64_encode(framed(body + "x"))) == errc::bad_message);
}

TEST_CASE("hdr_decode_of_over_long_numbers_is_an_error") {
    CHECK(error_of(pack({}, "\x02")) == errc::success);
    CHECK(error_of(pack({}, std::string("\x82\x00", 2))) == errc::bad_message);
    CHECK(error_of(pack({}, std::string("\x82\x80\x80\x00", 4))) == errc::bad_message);
    CHECK(error_of(pack({}, "\x82\x80")) == errc::bad_message);  // ends inside of a number
    CHECK(error_of(pack({}, std::string("\x82\x80\x80\x80\x80\x80\x80\x80\x00", 9))) ==
          errc::bad_message);
}

TEST_CASE("hdr_decode_of_runs_beyond_the_range_is_an_error") {
    // 33,792 buckets: a run of all of them is the last that fits.
    CHECK(error_of(pack({}, std::string("\xff\x8f\x04", 3))) == errc::success);
    CHECK(error_of(pack({}, std::string("\x81\x90\x04", 3))) == errc::bad_message);
    CHECK(error_of(pack({}, std::string("\xff\x8f\x04\x02", 4))) == errc::bad_message);
    CHECK(error_of(pack({}, std::string(33'792, '\0'))) == errc::success);
    CHECK(error_of(pack({}, std::string(33'793, '\0'))) == errc::bad_message);
    // The most negative number, whose negation does not exist.
    CHECK(error_of(pack({}, std::string(9, '\xff'))) == errc::bad_message);
}

TEST_CASE("hdr_decode_of_counts_that_overflow_their_sum_is_an_error") {
    const std::string most = "\xfe\xff\xff\xff\xff\xff\xff\xff\xff";  // 2^63 - 1
    CHECK(error_of(pack({}, most)) == errc::success);
    CHECK(error_of(pack({}, most + most)) == errc::success);
    CHECK(error_of(pack({}, most + most + most)) == errc::bad_message);
}

TEST_CASE("hdr_decode_of_values_above_an_hour_is_too_large") {
    header head;
    head.highest = 86'400'000'000'000;
    // 1 h lies in bucket 33,409 of this layout too; 2^42 ns is bucket 33,792.
    CHECK(error_of(pack(head, std::string("\x81\x8a\x04\x02", 4))) == errc::success);
    CHECK(error_of(pack(head, std::string("\xff\x8f\x04\x02", 4))) == errc::value_too_large);
}

TEST_CASE("hdr_decode_of_every_truncation_is_an_error") {
    const std::string text = some_text();
    for (std::size_t size = 0; size < text.size(); ++size) {
        REQUIRE(error_of(text.substr(0, size)) == errc::bad_message);
    }
    // The same inside of a frame that tells the truth about its length.
    std::string frame;
    REQUIRE(base64_decode(text, frame));
    const std::string body = frame.substr(8);
    for (std::size_t size = 0; size < body.size(); ++size) {
        REQUIRE(error_of(base64_encode(framed(body.substr(0, size)))) == errc::bad_message);
    }
}

TEST_CASE("hdr_decode_of_mutations_ends_in_a_value_or_an_error") {
    const std::string text = some_text();
    std::string frame;
    REQUIRE(base64_decode(text, frame));
    const std::string inside = hdr_text::unpack(text);
    random_stream random(99);
    const auto mutate = [&random](std::string bytes) {
        for (auto changes = 1 + random.below(4); changes > 0; --changes) {
            const std::size_t at = random.below(bytes.size());
            switch (random.below(4)) {
                case 0:
                    bytes[at] = static_cast<char>(random());
                    break;
                case 1:
                    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
                    break;
                case 2:
                    bytes.erase(at, 1 + random.below(8));
                    break;
                default:
                    bytes.insert(at, 1 + random.below(8), static_cast<char>(random()));
                    break;
            }
            if (bytes.empty()) bytes.push_back('x');
        }
        return bytes;
    };
    std::size_t decoded = 0;
    const auto try_one = [&decoded](const std::string& spoiled) {
        auto h = histogram::decode(spoiled);
        if (!h.has_value()) return;
        ++decoded;
        // Whatever came of it is a sound histogram.
        REQUIRE(h->count_at_or_below(histogram::highest_ns) == h->count());
        REQUIRE(h->value_at_percentile(50) <= h->max());
        REQUIRE(h->min() <= h->max());
        REQUIRE(std::isfinite(h->stddev()));
        REQUIRE(histogram::decode(h->encode()).has_value());
    };
    for (int i = 0; i < 3000; ++i) {
        try_one(mutate(text));
        try_one(base64_encode(mutate(frame)));
        try_one(base64_encode(framed(mutate(frame.substr(8)))));
        // Past the checksum of the deflated stream: header and counts themselves.
        std::string spoiled = mutate(inside);
        if (spoiled.size() > 8) {
            const auto size =
                static_cast<std::uint32_t>(spoiled.size() < 40 ? 0 : spoiled.size() - 40);
            for (int b = 0; b < 4; ++b)
                spoiled[4 + b] = static_cast<char>(size >> (24 - 8 * b));
        }
        try_one(base64_encode(framed(deflated(spoiled))));
    }
    CHECK(decoded > 100);  // the mutations do reach the counts
}

TEST_CASE("hdr_decode_of_a_deflate_bomb_takes_neither_memory_nor_time") {
    // 32 MiB of zeros in 32 KiB, behind a sound header.
    std::string bomb = plain({}, "");
    bomb[4] = '\x02';  // claims 32 MiB of payload
    bomb.resize(32 << 20, '\0');
    const std::string text = base64_encode(framed(deflated(bomb)));
    bomb = plain({}, "");
    bomb.append(300'000, '\0');  // a payload length that could be, but more buckets than there are
    bomb[5] = '\x04';
    bomb[6] = '\x93';
    bomb[7] = '\xe0';
    const std::string modest = base64_encode(framed(deflated(bomb)));

    rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    CHECK(error_of(text) == errc::bad_message);
    CHECK(error_of(modest) == errc::bad_message);
    rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 4096);
}
