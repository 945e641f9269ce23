#include "memory.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using namespace chopsticks::endpoint;

namespace {

std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>(i * 131 + i / 1000);
    return out;
}

void fill(body_sink& sink, const std::string& data, std::size_t step) {
    for (std::size_t at = 0; at < data.size();) {
        const auto to = sink.prepare(std::min(step, data.size() - at));
        REQUIRE_FALSE(to.empty());
        std::memcpy(to.data(), data.data() + at, to.size());
        sink.commit(to.size());
        at += to.size();
    }
}

std::string text(const body& b) {
    std::string out;
    for (const slice& s : b.slices)
        out.append(s.data, s.size);
    return out;
}

}  // namespace

TEST_CASE("memory_bodies_are_counted_to_the_byte") {
    memory_pool pool(10 << 20);
    {
        body_sink sink(pool, true);
        REQUIRE(sink.expect(3'000'001));
        CHECK(pool.used() == 0);
        fill(sink, pattern(3'000'001), 70'000);
        const body b = sink.finish();
        CHECK(pool.used() == 3'000'001);
        CHECK(b.size == 3'000'001);
        CHECK(text(b) == pattern(3'000'001));
        {
            const body shared = b.part(2'000'000, 10);
            CHECK(pool.used() == 3'000'001);
        }
    }
    CHECK(pool.used() == 0);
}

TEST_CASE("memory_cap_is_exact") {
    memory_pool pool(1000);
    auto first = pool.reserve(600);
    REQUIRE(first.has_value());
    CHECK_FALSE(pool.reserve(401).has_value());
    auto second = pool.reserve(400);
    REQUIRE(second.has_value());
    CHECK(pool.used() == 1000);
    CHECK_FALSE(pool.reserve(1).has_value());
    CHECK_FALSE(pool.reserve(~0ULL).has_value());
    second = std::nullopt;
    CHECK(pool.used() == 600);
    CHECK(pool.has_room(400));
    CHECK_FALSE(pool.has_room(401));
    first = std::nullopt;
    CHECK(pool.used() == 0);
}

TEST_CASE("memory_sink_that_is_given_up_gives_all_back") {
    memory_pool pool(10 << 20);
    {
        body_sink sink(pool, true);
        REQUIRE(sink.expect(5 << 20));
        fill(sink, pattern(2 << 20), 1 << 20);
    }
    CHECK(pool.used() == 0);
}

TEST_CASE("memory_sink_of_unknown_length_grows_until_the_cap") {
    memory_pool pool(3 << 20);
    body_sink sink(pool, true);
    fill(sink, pattern(2'500'000), 65'536);
    std::size_t more = 0;
    for (;;) {
        const auto to = sink.prepare(65'536);
        if (to.empty()) break;
        sink.commit(to.size());
        more += to.size();
        REQUIRE(more < (2U << 20));
    }
    CHECK(pool.used() <= 3 << 20);
    const body b = sink.finish();
    CHECK(b.size == 2'500'000 + more);
    CHECK(text(b.part(0, 2'500'000)) == pattern(2'500'000));
}

TEST_CASE("memory_body_parts_are_those_bytes") {
    memory_pool pool(10 << 20);
    body_sink sink(pool, true);
    const std::string data = pattern((2 << 20) + 3);
    REQUIRE(sink.expect(data.size()));
    fill(sink, data, 1 << 20);
    const body b = sink.finish();
    constexpr std::uint64_t block = memory_pool::block_bytes;
    for (const std::uint64_t from :
         {std::uint64_t{0}, block - 1, block, block + 1, 2 * block + 2}) {
        for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, block, b.size}) {
            const std::uint64_t n = std::min(length, b.size - from);
            const body part = b.part(from, n);
            CHECK(part.size == n);
            CHECK(text(part) == data.substr(from, n));
        }
    }
}

TEST_CASE("memory_announced_is_charged_as_it_comes") {
    memory_pool pool(20 << 20);
    body_sink idle(pool, true);
    REQUIRE(idle.expect(15 << 20));
    fill(idle, "x", 1);
    CHECK(pool.used() == memory_pool::block_bytes);
    body_sink other(pool, true);
    REQUIRE(other.expect(10 << 20));
    fill(other, pattern(10 << 20), 1 << 20);
    CHECK(other.finish().size == 10 << 20);
    CHECK_FALSE(body_sink(pool, true).expect(20 << 20));
}

TEST_CASE("memory_bodies_not_kept_are_zeros_and_free") {
    memory_pool pool(8192);
    body_sink sink(pool, false);
    REQUIRE(sink.expect(5 << 20));
    fill(sink, pattern(5 << 20), 300'000);
    const body b = sink.finish();
    CHECK(pool.used() == 0);
    CHECK(b.size == 5 << 20);
    CHECK(text(b) == std::string(5 << 20, '\0'));
}
