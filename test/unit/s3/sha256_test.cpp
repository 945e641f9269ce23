#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>
#include <string>
#include <vector>

using namespace chopsticks;
using namespace chopsticks::s3;

TEST_CASE("sha256_published_messages_have_their_digests") {
    // FIPS 180-4 examples.
    CHECK(sha256_hex("") == empty_sha256_hex);
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("hmac_sha256_published_messages_have_their_codes") {
    // RFC 4231, cases 1, 2 and 6 (a key longer than a block).
    CHECK(to_hex(hmac_sha256_key(std::string(20, '\x0b')).sign("Hi There")) ==
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(to_hex(hmac_sha256_key("Jefe").sign("what do ya want for nothing?")) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(hmac_sha256_key(std::string(131, '\xaa'))
                     .sign("Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("sha256_stream_pieces_hash_as_the_whole") {
    random_stream random(11);
    std::string text(5000, '\0');
    for (char& c : text)
        c = static_cast<char>(random());
    const std::string expected = sha256_hex(text);
    for (int round = 0; round < 50; ++round) {
        std::vector<iovec> pieces;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t n = std::min<std::size_t>(random.below(300), text.size() - at);
            pieces.push_back({text.data() + at, n});
            at += n;
        }
        sha256_stream stream;
        stream.update("thrown away");
        stream.reset();
        stream.update(pieces);
        char hex[64];
        stream.finish_hex(hex);
        REQUIRE(std::string_view(hex, 64) == expected);
    }
}

TEST_CASE("sha256_stream_copy_is_a_checkpoint") {
    sha256_stream stream;
    stream.update("ab");
    sha256_stream copy = stream;
    stream.update("c");
    copy.update("d");
    CHECK(stream.finish() == sha256("abc"));
    CHECK(copy.finish() == sha256("abd"));
}

TEST_CASE("equal_constant_time_any_difference_is_found") {
    const std::string a(64, 'a');
    CHECK(equal_constant_time(a, a));
    CHECK(equal_constant_time("", ""));
    CHECK_FALSE(equal_constant_time(a, a.substr(1)));
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::string b = a;
        b[i] ^= 1;
        REQUIRE_FALSE(equal_constant_time(a, b));
    }
}
