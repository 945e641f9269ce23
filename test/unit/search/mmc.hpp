#pragma once
// An M/M/c queue: what theory says of its response times, and a simulation that knows nothing of
// the theory.

#include <chopsticks/core/random.hpp>
#include <chopsticks/search/evidence.hpp>
#include <cmath>
#include <queue>
#include <vector>

namespace mmc {

struct queue {
    unsigned servers = 1;
    double mean_service_s = 0.001;

    double capacity() const { return servers / mean_service_s; }

    // P(an arrival has to wait): Erlang's C formula. Source: Gross, Shortle, Thompson, Harris,
    // "Fundamentals of Queueing Theory", 4th edition, section 2.3; the recursion is that of
    // Erlang's B, C = B / (1 - rho (1 - B)).
    double waiting(double rate) const {
        const double load = rate * mean_service_s;
        double b = 1;
        for (unsigned k = 1; k <= servers; ++k)
            b = load * b / (k + load * b);
        const double rho = load / servers;
        return b / (1 - rho * (1 - b));
    }

    // P(response > t), first come first served: those who wait do so exponentially with rate
    // capacity - rate, and are served after it (the same source).
    double tail(double rate, double t_s) const {
        const double mu = 1 / mean_service_s;
        const double drain = capacity() - rate;
        const double c = waiting(rate);
        const double served = std::exp(-mu * t_s);
        if (std::abs(drain - mu) < 1e-9 * mu) return served * (1 + c * mu * t_s);
        const double both = (drain * served - mu * std::exp(-drain * t_s)) / (drain - mu);
        return (1 - c) * served + c * both;
    }

    // The highest rate at which at most `share` of the responses take longer than t.
    double max_rate(double t_s, double share) const {
        double low = 0;
        double high = capacity() * (1 - 1e-9);
        for (int i = 0; i < 100; ++i) {
            const double middle = (low + high) / 2;
            (tail(middle, t_s) <= share ? low : high) = middle;
        }
        return low;
    }
};

struct trial {
    std::vector<chopsticks::search::batch> batches;
    std::vector<double> outstanding;
    double late = 0;
    double all = 0;
};

// Poisson arrivals for `warmup_s` and then `load_s`, cut into `spans` of equal length.
inline trial simulate(const queue& q, double rate, double limit_s, double warmup_s, double load_s,
                      std::size_t spans, std::uint64_t seed) {
    chopsticks::random_stream random(seed);
    std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
    for (unsigned i = 0; i < q.servers; ++i)
        free_at.push(0);
    trial out;
    out.batches.resize(spans);
    std::vector<double> arrived(spans + 1, 0);
    std::vector<double> ended(spans + 1, 0);
    const double span_s = load_s / static_cast<double>(spans);
    const auto span_of = [&](double t) {
        return t < warmup_s ? std::size_t{0}
                            : static_cast<std::size_t>((t - warmup_s) / span_s) + 1;
    };
    for (double now = random.exponential() / rate; now < warmup_s + load_s;
         now += random.exponential() / rate) {
        const double start = std::max(now, free_at.top());
        free_at.pop();
        const double done = start + random.exponential() * q.mean_service_s;
        free_at.push(done);
        ++arrived[span_of(now)];
        const std::size_t end = span_of(done);
        if (end <= spans) ++ended[end];
        if (end == 0 || end > spans) continue;
        const double late = done - now > limit_s ? 1 : 0;
        out.batches[end - 1].part += late;
        out.batches[end - 1].whole += 1;
        out.late += late;
        out.all += 1;
    }
    double there = arrived[0] - ended[0];
    for (std::size_t i = 1; i <= spans; ++i) {
        there += arrived[i] - ended[i];
        out.outstanding.push_back(there);
    }
    return out;
}

}  // namespace mmc
