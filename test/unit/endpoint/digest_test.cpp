#include "digest.hpp"

#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <set>

using namespace chopsticks;
using namespace chopsticks::endpoint;

TEST_CASE("digest_known_inputs_give_published_values") {
    // "123456789" is the check input of the CRC catalogue (reveng.sourceforge.io).
    const std::string nine = "123456789";
    CHECK(to_hex(digest_of(digest_kind::crc32, nine)) == "cbf43926");
    CHECK(to_hex(digest_of(digest_kind::crc32c, nine)) == "e3069283");
    CHECK(to_hex(digest_of(digest_kind::crc64nvme, nine)) == "ae8b14860a799888");
    CHECK(to_hex(digest_of(digest_kind::md5, "")) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(to_hex(digest_of(digest_kind::sha1, "abc")) ==
          "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(to_hex(digest_of(digest_kind::sha256, "abc")) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("digest_split_anywhere_gives_the_same") {
    random_stream random(7);
    std::string data(300, '\0');
    for (char& c : data)
        c = static_cast<char>(random());
    for (const digest_kind kind :
         {digest_kind::md5, digest_kind::sha1, digest_kind::sha256, digest_kind::crc32,
          digest_kind::crc32c, digest_kind::crc64nvme, digest_kind::fast}) {
        const std::string whole = digest_of(kind, data);
        for (std::size_t first = 0; first <= data.size(); first += 3) {
            for (const std::size_t second : {first, std::min(first + 17, data.size())}) {
                content_digests digests;
                digests.enable(kind);
                digests.update(data.data(), first);
                digests.update(data.data() + first, second - first);
                digests.update(data.data() + second, data.size() - second);
                REQUIRE(digests.finish(kind) == whole);
            }
        }
    }
}

TEST_CASE("fast_hash_similar_contents_differ") {
    // Every length, every flipped bit and every swap of two bytes must show.
    std::set<std::string> seen;
    std::size_t tried = 0;
    const auto add = [&](const std::string& data) {
        seen.insert(digest_of(digest_kind::fast, data));
        ++tried;
    };
    for (std::size_t size = 0; size < 200; ++size)
        add(std::string(size, '\0'));
    std::string data(100, 'x');
    for (std::size_t bit = 0; bit < 8 * data.size(); ++bit) {
        std::string flipped = data;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        add(flipped);
    }
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = static_cast<char>(i);
    for (std::size_t i = 0; i + 32 < data.size(); ++i) {
        std::string swapped = data;
        std::swap(swapped[i], swapped[i + 32]);
        add(swapped);
    }
    CHECK(seen.size() == tried);
}

TEST_CASE("base64_and_hex_round_trip_and_refuse_rubbish") {
    for (std::size_t size = 0; size < 20; ++size) {
        std::string data;
        for (std::size_t i = 0; i < size; ++i)
            data += static_cast<char>(i * 37 + 200);
        CHECK(from_hex(to_hex(data)) == data);
        if (size > 0) CHECK(from_base64(to_base64(data)) == data);
    }
    CHECK(to_base64("any carnal pleas") == "YW55IGNhcm5hbCBwbGVhcw==");
    CHECK_FALSE(from_base64("").has_value());
    CHECK_FALSE(from_base64("abc").has_value());
    CHECK_FALSE(from_base64("ab!=").has_value());
    CHECK_FALSE(from_hex("abc").has_value());
    CHECK_FALSE(from_hex("zz").has_value());
}
