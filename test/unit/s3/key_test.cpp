#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <string>

using namespace chopsticks;
using namespace chopsticks::s3;

TEST_CASE("object_key_is_read_back_and_spreads_over_directories") {
    random_stream random(5);
    std::uint64_t directories[256] = {};
    for (std::uint64_t i = 0; i < 25'600; ++i) {
        const std::uint64_t index = i < 12'800 ? i : random();
        const std::string key = object_key("pre/fix", index);
        REQUIRE(key.size() == 7 + key_suffix_size);
        REQUIRE(http::percent_encode(key, http::slash::keep) == key);
        REQUIRE(parse_object_key("pre/fix", key) == index);
        ++directories[key_directory(index)];
    }
    for (const std::uint64_t count : directories) {
        CHECK(count > 50);
        CHECK(count < 160);
    }
}

TEST_CASE("parse_object_key_foreign_key_is_nothing") {
    const std::string key = object_key("p/", 42);
    CHECK(parse_object_key("p/", key) == 42);
    CHECK_FALSE(parse_object_key("q/", key));
    CHECK_FALSE(parse_object_key("", key));
    CHECK_FALSE(parse_object_key("p/", key + "0"));
    CHECK_FALSE(parse_object_key("p/", key.substr(0, key.size() - 1)));
    for (std::size_t at = 2; at < key.size(); ++at) {
        std::string other = key;
        other[at] = 'G';
        CHECK_FALSE(parse_object_key("p/", other));
    }
    std::string wrong_directory = key;
    wrong_directory[2] = wrong_directory[2] == '0' ? '1' : '0';
    CHECK_FALSE(parse_object_key("p/", wrong_directory));
    // Its other name is ours, and nobody's object.
    CHECK(is_made_key("p/", key));
    CHECK(is_made_key("p/", key + ".aside"));
    CHECK_FALSE(parse_object_key("p/", key + ".aside"));
    for (const std::string other : {".aside.aside", ".asid", "aside", ".aside/", "/.aside"})
        CHECK_FALSE(is_made_key("p/", key + other));
    CHECK_FALSE(is_made_key("q/", key + ".aside"));
    CHECK_FALSE(is_made_key("p/", wrong_directory + ".aside"));
    CHECK_FALSE(is_made_key("", ".aside"));
}

TEST_CASE("made_bucket_names_hold_the_run_keep_to_63_characters_and_are_read_back") {
    const std::string run = "20261122T150405Z-abcdef3f9a2c";
    for (const std::string bucket :
         {"x", "chopsticks", "a.b-c.d-e.f-g.h-i.j", "sixteen-characte--",
          "long-long-long-long-long-long-long-long-long-long-long-long"}) {
        for (const std::size_t group : {0U, 1U, 10U, 99U}) {
            const std::string stem = made_bucket_stem(bucket, run, group);
            CAPTURE(stem);
            CHECK(stem.find("-20261122t150405z-abcdef3f9a2c-") != std::string::npos);
            CHECK(stem.size() + bucket_number_size <= 63);
            CHECK(stem.substr(0, 1) == bucket.substr(0, 1));
            CHECK(stem.find("--") == std::string::npos);
            CHECK(stem.find(".-") == std::string::npos);
            CHECK(parse_made_bucket(stem, stem + "0") == 0);
            CHECK(parse_made_bucket(stem, stem + "3w5e11264sgsf") == ~0ULL);
            for (const char* other : {"", "00", "A", "-1", "1x!", " 1", "1 ", "3w5e11264sgsg"})
                CHECK_FALSE(parse_made_bucket(stem, stem + other));
            CHECK_FALSE(parse_made_bucket(stem, bucket));
            // Neither another group's nor another run's.
            CHECK_FALSE(parse_made_bucket(stem, made_bucket_stem(bucket, run, group + 1) + "0"));
            CHECK_FALSE(parse_made_bucket(
                stem, made_bucket_stem(bucket, "20261122T150405Z-abcdef3f9a2d", group) + "0"));
        }
    }
}
