#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <string>
#include <utility>

#include "base64.hpp"

using chopsticks::stats::base64_decode;
using chopsticks::stats::base64_encode;

TEST_CASE("base64_vectors_of_rfc4648_go_both_ways") {
    for (auto [plain, text] : {std::pair{"", ""},
                               {"f", "Zg=="},
                               {"fo", "Zm8="},
                               {"foo", "Zm9v"},
                               {"foob", "Zm9vYg=="},
                               {"fooba", "Zm9vYmE="},
                               {"foobar", "Zm9vYmFy"}}) {
        std::string back;
        CHECK(base64_encode(plain) == text);
        CHECK(base64_decode(text, back));
        CHECK(back == plain);
    }
}

TEST_CASE("base64_random_bytes_round_trip") {
    chopsticks::random_stream random(1);
    for (std::size_t size = 0; size < 200; ++size) {
        std::string bytes(size, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random());
        std::string back;
        REQUIRE(base64_decode(base64_encode(bytes), back));
        REQUIRE(back == bytes);
    }
}

TEST_CASE("base64_malformed_text_is_refused") {
    std::string out;
    for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Z===", "Zg==Zg==", "Zm9v\n",
                             "Zm 9", "Zh==", "Zm9=", "Zm-_", "=Zm9"}) {
        CAPTURE(text);
        CHECK_FALSE(base64_decode(text, out));
    }
}
