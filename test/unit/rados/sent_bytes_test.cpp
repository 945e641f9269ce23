#include <doctest/doctest.h>

#include <algorithm>
#include <rados/sent_bytes.hpp>
#include <string>

using namespace chopsticks;

namespace {

::ceph::buffer::list send(rados::sent_bytes& from, std::size_t bytes, char filled_with) {
    const auto room = from.room(bytes);
    std::fill(room.begin(), room.end(), filled_with);
    return from.share();
}

const char* first_byte(const ::ceph::buffer::list& list) {
    return list.front().c_str();
}

}  // namespace

TEST_CASE("sent_bytes_that_nobody_refers_to_are_used_again") {
    rados::sent_bytes memory;
    ::ceph::buffer::list first = send(memory, 10'000, 'a');
    CHECK(first.length() == 10'000);
    CHECK(first.get_num_buffers() == 1);
    const char* const at = first_byte(first);
    first.clear();
    const ::ceph::buffer::list second = send(memory, 9'000, 'b');
    CHECK(first_byte(second) == at);
    CHECK(second.length() == 9'000);
}

TEST_CASE("sent_bytes_that_somebody_refers_to_stay_as_they_are") {
    ::ceph::buffer::list held;
    {
        rados::sent_bytes memory;
        held = send(memory, 5'000, 'a');
        const ::ceph::buffer::list next = send(memory, 5'000, 'b');
        CHECK(first_byte(next) != first_byte(held));
    }
    CHECK(held.to_str() == std::string(5'000, 'a'));
}

TEST_CASE("sent_bytes_have_the_checksum_of_what_they_are") {
    rados::sent_bytes memory;
    const std::uint32_t of_a = send(memory, 5'000, 'a').crc32c(0);
    ::ceph::buffer::list other;
    other.append(std::string(5'000, 'b'));
    const std::uint32_t of_b = send(memory, 5'000, 'b').crc32c(0);
    CHECK(of_b == other.crc32c(0));
    CHECK(of_b != of_a);
}

TEST_CASE("sent_bytes_of_nothing_are_an_empty_list") {
    rados::sent_bytes memory;
    memory.room(0);
    CHECK(memory.share().length() == 0);
}
