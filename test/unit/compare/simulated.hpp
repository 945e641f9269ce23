#pragma once
/// \file
/// Series and runs whose mean, spread and correlation are known.

#include <chopsticks/core/random.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <cmath>
#include <vector>

namespace chopsticks::compare::simulated {

/// mean + a first-order autoregressive process of the given deviation and correlation of
/// neighbours, in its stationary state from the first value on.
inline std::vector<double> series(random_stream& random, std::size_t n, double mean,
                                  double deviation, double correlation) {
    std::vector<double> out(n);
    double state = random.normal();
    for (double& x : out) {
        x = mean + deviation * state;
        state = correlation * state + std::sqrt(1 - correlation * correlation) * random.normal();
    }
    return out;
}

/// The histograms of a run's intervals: response times are lognormal around 1 ms, and their level
/// goes up and down from interval to interval. The deviations are of logarithms.
inline std::vector<stats::histogram> intervals(random_stream& random, std::size_t n,
                                               unsigned operations, double level,
                                               double level_deviation, double correlation,
                                               double deviation) {
    std::vector<stats::histogram> out;
    for (const double at : series(random, n, level, level_deviation, correlation)) {
        stats::histogram& one = out.emplace_back(2);
        for (unsigned i = 0; i < operations; ++i)
            one.record(std::llround(1e6 * std::exp(at + deviation * random.normal())));
    }
    return out;
}

}  // namespace chopsticks::compare::simulated
