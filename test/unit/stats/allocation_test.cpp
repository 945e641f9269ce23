// Recording allocates nothing: counted, not believed.

#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <new>
#include <string>
#include <vector>

#include "../../support/allocations.hpp"

using namespace chopsticks;

TEST_CASE("allocation_counter_sees_allocations") {
    const std::uint64_t before = allocations();
    // A call, not a new expression: compilers may leave out those whose memory nobody uses.
    ::operator delete(::operator new(100));
    CHECK(allocations() == before + 1);
}

TEST_CASE("recorder_records_and_clears_without_allocation") {
    stats::layout names;
    for (int i = 0; i < 5; ++i)
        names.operations.push_back(std::to_string(i));
    names.endpoints = {"a", "b"};
    stats::recorder r(names);
    std::vector<std::string> codes;
    for (int i = 0; i < 100; ++i)
        codes.push_back("a code too long for a small string " + std::to_string(i));
    random_stream random(1);

    const std::uint64_t before = allocations();
    for (int lap = 0; lap < 2; ++lap) {
        for (int i = 0; i < 20'000; ++i) {
            const auto op = static_cast<std::uint16_t>(random.below(5));
            const auto endpoint = static_cast<std::uint16_t>(random.below(2));
            const auto now = static_cast<std::int64_t>(random() >> (20 + random.below(40)));
            if (i % 10 == 0) {
                stats::failure f;
                f.op = op;
                f.endpoint = endpoint;
                f.status = op_status::server_error;
                f.code = codes[random.below(codes.size())];
                f.example = f.code;
                f.done_ns = now;
                r.record(f);
            } else {
                stats::sample s;
                s.op = op;
                s.endpoint = endpoint;
                s.size = random() >> random.below(64);
                s.first_byte_ns = now / 2;
                s.done_ns = now;
                r.record(s);
            }
            r.skip(op);
        }
        r.clear();
    }
    CHECK(allocations() == before);
}

TEST_CASE("histogram_records_adds_and_clears_without_allocation") {
    stats::histogram three(3);
    stats::histogram two(2);
    random_stream random(1);
    const std::uint64_t before = allocations();
    for (int i = 0; i < 10'000; ++i)
        three.record(static_cast<std::int64_t>(random() >> random.below(64)));
    two.add(three);
    three.add(two);
    three.clear();
    CHECK(allocations() == before);
    CHECK(two.count() == 10'000);
}
