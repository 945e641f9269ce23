#include "read_buffer.hpp"

#include <doctest/doctest.h>

using namespace chopsticks::endpoint;

TEST_CASE("read_buffer_is_charged_and_grows_with_what_comes") {
    memory_pool pool(1 << 20);
    {
        read_buffer buffer(pool);
        CHECK(pool.used() == 0);
        CHECK(buffer.prepare(3).size() == 3);
        CHECK(pool.used() == read_buffer::first_bytes);
        buffer.filled(3);
        CHECK(buffer.prepare(1 << 20).size() == read_buffer::first_bytes);
        std::size_t size = read_buffer::first_bytes;
        for (int i = 0; i < 5; ++i) {
            buffer.filled(size);
            size = buffer.prepare(1 << 20).size();
            CHECK(pool.used() == size);
        }
        CHECK(size == read_buffer::bytes_max);
        buffer.release();
        CHECK(pool.used() == 0);
        CHECK(buffer.prepare(1 << 20).size() == read_buffer::first_bytes);
    }
    CHECK(pool.used() == 0);
}

TEST_CASE("read_buffer_without_room_stays_small_or_is_none") {
    memory_pool pool(read_buffer::first_bytes + 100);
    read_buffer first(pool);
    REQUIRE(first.prepare(1 << 20).size() == read_buffer::first_bytes);
    first.filled(read_buffer::first_bytes);
    CHECK(first.prepare(1 << 20).size() == read_buffer::first_bytes);
    read_buffer second(pool);
    CHECK(second.prepare(1).empty());
}
