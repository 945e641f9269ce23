#include <algorithm>
#include <chopsticks/compare/autocorrelation.hpp>
#include <chopsticks/compare/bootstrap.hpp>
#include <chopsticks/core/random.hpp>
#include <cmath>

namespace chopsticks::compare {

namespace {

/// Neighbouring intervals are added up until no more than so many are left: an hour of seconds
/// costs no more than a minute.
constexpr std::size_t cells_most = 60;

std::vector<stats::histogram> cells_of(std::span<const stats::histogram> intervals) {
    const std::size_t each = (intervals.size() + cells_most - 1) / cells_most;
    std::vector<stats::histogram> out;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
        if (i % each == 0) {
            out.push_back(intervals[i]);
        } else {
            out.back().add(intervals[i]);
        }
    }
    return out;
}

double log_of(const stats::histogram& h, double percentile) {
    return std::log(
        static_cast<double>(std::max<std::int64_t>(1, h.value_at_percentile(percentile))));
}

/// Values above a percentile of the whole, and all values, by cell.
struct exceedances {
    std::vector<double> above;
    std::vector<double> values;
    std::vector<double> shares;

    exceedances(const std::vector<stats::histogram>& cells, std::int64_t limit_ns) {
        for (const stats::histogram& cell : cells) {
            const auto all = static_cast<double>(cell.count());
            above.push_back(all - static_cast<double>(cell.count_at_or_below(limit_ns)));
            values.push_back(all);
            shares.push_back(all > 0 ? above.back() / all : 0);
        }
    }

    double share_of(const std::vector<std::size_t>& places) const {
        double beyond = 0;
        double all = 0;
        for (const std::size_t place : places) {
            beyond += above[place];
            all += values[place];
        }
        return beyond / all;
    }
};

/// What the replicates have, of one percentile.
struct replicated {
    std::vector<double> logs;
    std::vector<double> shares;
};

/// Fills `places` with blocks of neighbours; behind the last cell comes the first.
void draw_blocks(random_stream& random, std::size_t length, std::vector<std::size_t>& places) {
    for (std::size_t taken = 0; taken < places.size();) {
        const std::size_t start = random.below(places.size());
        for (std::size_t i = 0; i < length && taken < places.size(); ++i, ++taken)
            places[taken] = (start + i) % places.size();
    }
}

double standard_deviation(const std::vector<double>& values) {
    const estimate mean = mean_of(values);
    return mean.standard_error * std::sqrt(static_cast<double>(values.size()));
}

}  // namespace

std::vector<estimate> log_percentiles(std::span<const stats::histogram> intervals,
                                      std::span<const double> percentiles, std::uint64_t seed) {
    std::vector<estimate> out(percentiles.size());
    if (intervals.empty()) return out;
    const std::vector<stats::histogram> cells = cells_of(intervals);
    stats::histogram sum(intervals.front().significant_digits());
    std::size_t with_values = 0;
    for (const stats::histogram& one : intervals)
        with_values += one.count() > 0 ? 1 : 0;
    for (const stats::histogram& cell : cells)
        sum.add(cell);
    for (std::size_t k = 0; k < percentiles.size(); ++k)
        out[k].value = log_of(sum, percentiles[k]);
    if (with_values < series_values_least) return out;
    std::vector<exceedances> beyond;
    std::size_t length = 1;
    for (const double percentile : percentiles) {
        beyond.emplace_back(cells, sum.value_at_percentile(percentile));
        length = std::max(length, block_length(beyond.back().shares));
    }
    std::vector<replicated> drawn(percentiles.size());
    random_stream random(seed);
    stats::histogram replicate(intervals.front().significant_digits());
    std::vector<std::size_t> places(cells.size());
    for (unsigned r = 0; r < replicates; ++r) {
        draw_blocks(random, length, places);
        replicate.clear();
        for (const std::size_t place : places)
            replicate.add(cells[place]);
        if (replicate.count() == 0) continue;
        for (std::size_t k = 0; k < percentiles.size(); ++k) {
            drawn[k].logs.push_back(log_of(replicate, percentiles[k]));
            drawn[k].shares.push_back(beyond[k].share_of(places));
        }
    }
    // The lower half of an octave's buckets is the coarser one.
    const double bucket = std::pow(10.0, -intervals.front().significant_digits());
    for (std::size_t k = 0; k < percentiles.size(); ++k) {
        const estimate share = ratio_of_sums(beyond[k].above, beyond[k].values).mean;
        const double by_blocks = standard_deviation(drawn[k].shares);
        const double stretch = by_blocks > 0 ? std::max(1.0, share.standard_error / by_blocks) : 1;
        const double spread = stretch * standard_deviation(drawn[k].logs);
        out[k].standard_error = std::sqrt(spread * spread + bucket * bucket / 12);
        out[k].freedom = share.freedom;
    }
    return out;
}

}  // namespace chopsticks::compare
