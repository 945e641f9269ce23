// Nothing that runs once per operation takes memory.

#include <doctest/doctest.h>

#include <chopsticks/load/arrival.hpp>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/load/population.hpp>
#include <chopsticks/load/size_distribution.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <vector>

#include "../../support/allocations.hpp"

using namespace chopsticks;
using namespace chopsticks::load;

TEST_CASE("load_calls_of_the_hot_path_allocate_nothing") {
    random_stream random(1);
    arrival_schedule poisson(arrival_kind::poisson, chopsticks::load::rate_curve(1e6), 0, 1, 1);
    const std::vector<double> weights = {70, 20, 10};
    const task_choice choice(weights);
    task_mix words(weights, 1);
    const auto table = size_distribution::table({{1, 1}, {2, 2}});
    const auto lognormal = size_distribution::lognormal(1000, 1, 1, 10'000);
    population_options o;
    o.initial_objects = 100;
    o.max_in_flight = 16;
    o.keys.kind = popularity_kind::zipf;
    population objects(o);
    objects.adopt_initial();
    const block_parts part({1 << 20, 1'000'003, 4096}, 4096, 0, 1);
    block_choice places(part, 4096, 4096, o.keys, 1);
    block_sequence sequence(part, 1, 3, 4096);
    std::uint64_t sink = 0;

    const std::uint64_t before = allocations();
    for (int i = 0; i < 100'000; ++i) {
        sink += static_cast<std::uint64_t>(poisson.next());
        sink += choice.at(random()) + words.next();
        sink += table.at(random()) + lognormal.at(random());
        sink += places.next(random, 4096).length + sequence.next(4096).length;
        object_ref read, put, rewritten, gone, own;
        const bool ok = i % 3 != 0;
        const bool reading = objects.begin_read(random, read);
        objects.begin_put(put);
        const bool rewriting = objects.begin_overwrite(rewritten);
        const bool deleting = objects.begin_delete(gone);
        objects.begin_own(own);
        objects.end_own(own, ok);
        if (deleting) objects.end_delete(gone, ok);
        if (rewriting) objects.end_overwrite(rewritten, ok);
        objects.end_put(put, ok);
        if (reading) objects.end_read(read);
    }
    const std::uint64_t after = allocations();
    CHECK(after == before);
    CHECK(sink > 0);
}
