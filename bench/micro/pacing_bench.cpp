// What does open-loop pacing cost per task: the next due time, the next task of a mix, and the two
// gaps that are tested?
//
// Each in a loop of its own, where the caches hold what it needs; the median and the best of laps.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/load/arrival.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <chopsticks/stats/gap_figures.hpp>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

using namespace chopsticks;

constexpr std::size_t steps = 1 << 16;

/// \param step does one and returns something that depends on it
template <typename F>
void measure(const char* what, std::size_t laps, F step) {
    std::vector<double> ns_per_step;
    double sum = 0;
    for (std::size_t lap = 0; lap <= laps; ++lap) {
        const std::int64_t start = monotonic_ns();
        for (std::size_t i = 0; i < steps; ++i)
            sum += static_cast<double>(step());
        const auto took = static_cast<double>(monotonic_ns() - start);
        if (lap > 0) ns_per_step.push_back(took / steps);
    }
    std::sort(ns_per_step.begin(), ns_per_step.end());
    std::printf("%s: %.1f ns median, %.1f ns best (%g)\n", what,
                ns_per_step[ns_per_step.size() / 2], ns_per_step.front(), sum);
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t laps = argc > 1 && std::strcmp(argv[1], "--tiny") == 0 ? 1 : 51;
    using load::arrival_kind;
    using load::level_curve;
    using load::modulation;
    using load::rate_curve;

    const rate_curve level(20'000);
    load::arrival_schedule poisson(arrival_kind::poisson, level, 0, 2, 1);
    measure("arrival, poisson", laps, [&] { return poisson.next(); });
    load::arrival_schedule constant(arrival_kind::constant, level, 0, 2, 1);
    measure("arrival, constant", laps, [&] { return constant.next(); });
    const rate_curve wave(level_curve(20'000), {modulation::kind::sine, 60e9, 0.5, 0});
    load::arrival_schedule sine(arrival_kind::poisson, wave, 0, 2, 1);
    measure("arrival, poisson on a sine", laps, [&] { return sine.next(); });
    const rate_curve on_off(level_curve(20'000), {modulation::kind::burst, 1e9, 0.1, 0});
    load::arrival_schedule burst(arrival_kind::poisson, on_off, 0, 2, 1);
    measure("arrival, poisson in bursts", laps, [&] { return burst.next(); });

    rate_curve::cursor along(level);
    double t_ns = 0;
    measure("area on a level", laps, [&] { return along.area_at(t_ns += 50'000); });
    rate_curve::cursor along_wave(wave);
    t_ns = 0;
    measure("area on a sine", laps, [&] { return along_wave.area_at(t_ns += 50'000); });

    random_stream random(1);
    std::vector<double> gaps(steps);
    for (double& gap : gaps)
        gap = random.exponential();
    stats::gap_figures figures;
    std::size_t next = 0;
    measure("gap, recorded", laps, [&] {
        figures.record(gaps[next++ % steps]);
        return 0;
    });
    std::printf("  mean %.4f\n", figures.mean());

    for (const std::vector<double>& weights : std::vector<std::vector<double>>{
             {1}, {70, 30}, {60, 20, 10, 5, 5}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1}}) {
        load::task_mix mix(weights, 1);
        char what[64];
        std::snprintf(what, sizeof what, "task of a mix of %zu", weights.size());
        measure(what, laps, [&] { return mix.next(); });
    }
    return 0;
}
