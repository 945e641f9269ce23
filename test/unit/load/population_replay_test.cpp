// The objects of a group that replays a recording.

#include <doctest/doctest.h>

#include <chopsticks/load/population.hpp>
#include <map>
#include <set>

using chopsticks::random_stream;
using namespace chopsticks::load;

TEST_CASE("population_a_replay_reads_its_data_set_alone_and_cleans_up_all") {
    for (const bool clean : {true, false}) {
        population_options o;
        o.initial_objects = 20;
        o.max_in_flight = 8;
        o.cores = 2;
        o.core = 1;
        o.protected_objects = 20;
        o.clean_protected = clean;
        population p(o);
        object_ref made;
        while (p.begin_prepare(made))
            p.end_put(made, true);
        for (int i = 0; i < 5; ++i) {
            REQUIRE(p.begin_put(made));
            p.end_put(made, true);
            CHECK(made.index >= 20);
        }
        random_stream random(4);
        std::map<std::uint64_t, std::set<std::uint64_t>> objects_of;
        object_ref r;
        for (std::uint64_t position = 0; position < 100; ++position) {
            REQUIRE(p.begin_read_protected(position, r));
            objects_of[position % 10].insert(r.index);
            CHECK(r.index < 20);
            CHECK(r.version == 0);
            p.end_read(r);
            REQUIRE(p.begin_read_protected(random, r));
            CHECK(r.index < 20);
            p.end_read(r);
        }
        // The same key always stands for the same object, and different ones for different ones.
        std::set<std::uint64_t> all;
        for (const auto& [position, found] : objects_of) {
            CHECK(found.size() == 1);
            all.insert(found.begin(), found.end());
        }
        CHECK(all.size() == 10);
        REQUIRE(p.begin_overwrite(r));
        CHECK(r.index >= 20);
        p.end_overwrite(r, true);
        for (int i = 0; i < 5; ++i) {
            REQUIRE(p.begin_delete(r));
            CHECK(r.index >= 20);
            p.end_delete(r, true);
        }
        CHECK_FALSE(p.begin_delete(r));
        REQUIRE(p.begin_put(made));
        p.end_put(made, true);
        CHECK(p.existing() == 11);
        std::set<std::uint64_t> wanted{made.index};
        if (clean) wanted.insert(all.begin(), all.end());
        CHECK(p.leftovers() == wanted.size());
        std::set<std::uint64_t> left;
        while (p.next_leftover(r))
            left.insert(r.index);
        CHECK(left == wanted);
    }
    population none(population_options{});
    object_ref r;
    CHECK_FALSE(none.begin_read_protected(3, r));
}
