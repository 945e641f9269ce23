#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/etag.hpp>
#include <memory>
#include <string>

using namespace chopsticks;
using namespace chopsticks::s3;

TEST_CASE("etag_tag_is_what_stands_between_the_quotes") {
    CHECK(etag_tag("\"abc\"") == "abc");
    CHECK(etag_tag("W/\"abc\"") == "abc");
    CHECK(etag_tag("abc") == "abc");
    for (const char* none :
         {"", "\"\"", "\"", "\"abc", "abc\"", "\"a\"b\"", "W/\"\"", "\"a\", \"b\""}) {
        CAPTURE(none);
        CHECK(etag_tag(none).empty());
    }
}

TEST_CASE("etag_mark_differs_wherever_a_tag_does") {
    const std::string tag = "9e107d9d372bb6826bd81d3542a419d6-12";
    for (std::size_t size = 1; size <= tag.size(); ++size) {
        const std::string one = tag.substr(0, size);
        REQUIRE(etag_mark(one) != 0);
        REQUIRE(etag_mark(one) != etag_mark(tag.substr(0, size - 1)));
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = one;
            other[at] = other[at] == '7' ? '8' : '7';
            REQUIRE(etag_mark(one) != etag_mark(other));
        }
    }
    CHECK(etag_mark("9E107D9D") == etag_mark("9e107d9d"));
    CHECK(is_md5_tag("9e107d9d372bb6826bd81d3542A419D6"));
    CHECK_FALSE(is_md5_tag(tag));
    CHECK_FALSE(is_md5_tag("9e107d9d372bb6826bd81d3542a419dg"));
}

TEST_CASE("md5_stream_known_answers") {
    // RFC 1321, A.5.
    const auto md5 = [](std::string a, std::string b = {}) {
        const iovec both[] = {{a.data(), a.size()}, {b.data(), b.size()}};
        md5_stream hash;
        hash.update(both);
        std::string out(32, '\0');
        hash.finish_hex(out.data());
        return out;
    };
    CHECK(md5("") == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(md5("message ", "digest") == "f96b697d7cb7938d525a2f31aaf161d0");
    CHECK(md5("abcdefghijklmnop", "qrstuvwxyz") == "c3fcd3d76192e4007dfb496cca67e13b");
}

TEST_CASE("etag_memory_holds_answers_about_one_version_together") {
    const auto memory = std::make_unique<etag_memory>();
    memory->put(1, 0, 10);
    CHECK(memory->seen(1, 0, 10));
    CHECK_FALSE(memory->seen(1, 0, 11));
    CHECK(memory->seen(1, 1, 12));  // another version
    CHECK_FALSE(memory->seen(1, 1, 10));
    CHECK(memory->seen(2, 0, 20));  // known from a get only
    CHECK_FALSE(memory->seen(2, 0, 21));
    // Whoever shares its place takes it over, and is not confused with it.
    CHECK(memory->seen(1 + etag_memory::places, 1, 99));
    CHECK(memory->seen(1, 1, 13));
    // A put that may yet be done: both ETags are right, also after one that succeeded.
    memory->in_doubt(3, 5);
    CHECK(memory->seen(3, 5, 30));
    memory->put(3, 5, 31);
    CHECK(memory->seen(3, 5, 30));
    CHECK(memory->seen(3, 5, 31));
    memory->put(3, 6, 32);
    CHECK_FALSE(memory->seen(3, 6, 31));
}

TEST_CASE("etag_digests_alarm_only_where_md5_is_proven") {
    etag_digests other;
    for (int i = 0; i < 100; ++i)
        CHECK(other.compare(false));
    CHECK(other.compare(true));
    CHECK_FALSE(other.compare(false));
    CHECK(other.compare(true));

    etag_digests load;
    std::uint64_t hashed = 0;
    std::uint64_t all = 0;
    for (int i = 0; i < 100'000; ++i) {
        all += 65536;
        if (load.wants(65536)) hashed += 65536;
    }
    CHECK(hashed > all / 40);
    CHECK(hashed < all / 30);
    CHECK_FALSE(load.wants(etag_digests::most_bytes + 1));
    etag_digests first;
    CHECK(first.wants(etag_digests::most_bytes));
}
