// What does it cost to record one operation that succeeded, and to hand an interval over?
//
// Times fall around 1 ms with the spread of a lognormal (sigma 1), sizes into three classes, as in
// a mixed run, so that counters are touched where a run would touch them. Prepared samples are read
// in order; reading them is part of the figure. Not measured: page faults of the first values (a
// warm lap comes first), and what a core does between two operations to the caches.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

using namespace chopsticks;

std::vector<stats::sample> make_samples(std::size_t count, std::uint16_t ops,
                                        std::uint16_t endpoints) {
    constexpr std::uint64_t sizes[] = {4096, 4096, 65536, 65536, 4 << 20};
    random_stream random(7);
    std::vector<stats::sample> samples(count);
    std::int64_t now = 1'000'000'000'000;
    for (stats::sample& s : samples) {
        now += static_cast<std::int64_t>(random.exponential() * 1e4);
        s.op = static_cast<std::uint16_t>(random.below(ops));
        s.endpoint = static_cast<std::uint16_t>(random.below(endpoints));
        s.size = sizes[random.below(std::size(sizes))];
        s.bytes = s.size;
        s.intended_ns = now;
        s.sent_ns = now + static_cast<std::int64_t>(random.exponential() * 2e4);
        s.first_byte_ns = s.sent_ns + static_cast<std::int64_t>(8e5 * std::exp(random.normal()));
        s.done_ns = s.first_byte_ns + static_cast<std::int64_t>(random.exponential() * 2e5);
    }
    return samples;
}

stats::layout make_layout(std::uint16_t ops, std::uint16_t endpoints) {
    stats::layout names;
    for (int i = 0; i < ops; ++i)
        names.operations.push_back("group/op" + std::to_string(i));
    for (int i = 0; i < endpoints; ++i)
        names.endpoints.push_back("endpoint" + std::to_string(i));
    return names;
}

void measure(std::uint16_t ops, std::uint16_t endpoints, std::size_t laps) {
    const stats::layout names = make_layout(ops, endpoints);
    const std::vector<stats::sample> samples = make_samples(1 << 16, ops, endpoints);
    stats::recorder recorder(names);
    std::vector<double> ns_per_record;
    for (std::size_t lap = 0; lap <= laps; ++lap) {
        const std::int64_t start = monotonic_ns();
        for (const stats::sample& s : samples)
            recorder.record(s);
        const auto took = static_cast<double>(monotonic_ns() - start);
        if (lap > 0) ns_per_record.push_back(took / static_cast<double>(samples.size()));
    }
    std::sort(ns_per_record.begin(), ns_per_record.end());

    stats::totals interval(names, 2);
    stats::totals run(names, 3);
    std::int64_t start = monotonic_ns();
    recorder.add_to(interval);
    const std::int64_t to_interval = monotonic_ns() - start;
    recorder.add_to(run);  // the run's pages are there after its first interval
    start = monotonic_ns();
    recorder.add_to(run);
    const std::int64_t to_run = monotonic_ns() - start;
    start = monotonic_ns();
    recorder.clear();
    const std::int64_t clear = monotonic_ns() - start;

    std::uint64_t hash = 0;
    for (const stats::figures& f : run.by_operation) {
        hash = mix64(hash ^ static_cast<std::uint64_t>(f.response.sum()), f.ok_count);
    }
    std::printf(
        "record: %u ops, %u endpoints: %.1f ns median, %.1f ns best; add to interval %.0f us, to "
        "run "
        "%.0f us, clear %.0f us; hash %016llx\n",
        ops, endpoints, ns_per_record[ns_per_record.size() / 2], ns_per_record.front(),
        static_cast<double>(to_interval) / 1e3, static_cast<double>(to_run) / 1e3,
        static_cast<double>(clear) / 1e3, static_cast<unsigned long long>(hash));
}

}  // namespace

int main(int argc, char** argv) {
    const bool tiny = argc > 1 && std::strcmp(argv[1], "--tiny") == 0;
    const std::size_t laps = tiny ? 1 : 100;
    measure(1, 1, laps);
    measure(5, 1, laps);
    measure(5, 4, laps);
}
