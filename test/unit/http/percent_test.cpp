#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/http/percent.hpp>
#include <string>

using namespace chopsticks;
using namespace chopsticks::http;

TEST_CASE("percent_encode_unreserved_characters_stay") {
    const std::string unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    CHECK(percent_encode(unreserved, slash::encode) == unreserved);
    int encoded = 0;
    for (int c = 0; c < 256; ++c) {
        const std::string text =
            percent_encode(std::string(1, static_cast<char>(c)), slash::encode);
        encoded += text.size() == 3;
    }
    CHECK(encoded == 256 - 66);
}

TEST_CASE("percent_encode_other_bytes_become_upper_case_hex") {
    CHECK(percent_encode("a b+c", slash::encode) == "a%20b%2Bc");
    CHECK(percent_encode("\xc3\xa4\xff\n", slash::encode) == "%C3%A4%FF%0A");
    CHECK(percent_encode("a/b", slash::keep) == "a/b");
    CHECK(percent_encode("a/b", slash::encode) == "a%2Fb");
    CHECK(percent_encode("100%", slash::keep) == "100%25");
    CHECK(percent_encode("", slash::keep).empty());
}

TEST_CASE("percent_encode_to_writes_the_announced_size") {
    random_stream random(3);
    for (int i = 0; i < 1000; ++i) {
        std::string raw(random.below(64), '\0');
        for (char& c : raw)
            c = static_cast<char>(random());
        for (const slash how : {slash::keep, slash::encode}) {
            std::string out(3 * raw.size() + 1, '!');
            const char* const end = percent_encode_to(out.data(), raw, how);
            const auto size = static_cast<std::size_t>(end - out.data());
            REQUIRE(size == percent_encoded_size(raw, how));
            REQUIRE(out[size] == '!');
            const auto back = percent_decode(out.substr(0, size));
            REQUIRE(back.has_value());
            REQUIRE(*back == raw);
        }
    }
}

TEST_CASE("percent_decode_plus_is_a_space_in_queries_only") {
    CHECK(*percent_decode("a+b%2B") == "a+b+");
    CHECK(*percent_decode("a+b%2B", plus::space) == "a b+");
}

TEST_CASE("percent_decode_either_case_is_read") {
    CHECK(*percent_decode("%c3%A4") == "\xc3\xa4");
    CHECK(*percent_decode("%00") == std::string(1, '\0'));
}

TEST_CASE("percent_decode_broken_escape_is_an_error") {
    for (const char* text : {"%", "%4", "a%", "%4g", "%g4", "%%41", "% 41"}) {
        CAPTURE(text);
        CHECK(percent_decode(text).has_error());
    }
}
