#include <chopsticks/compare/spread.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "figures.hpp"

namespace chopsticks::compare {

namespace {

constexpr double confidence = 0.95;

/// Of values on the scale of row::change.
double deviation(const row& one) {
    std::vector<double> values;
    for (const double value : one.base_runs)
        values.push_back(one.what.kind == figure_kind::error_rate ? value : std::log(value));
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const double value : values)
        squares += (value - mean) * (value - mean);
    return std::sqrt(squares / (count - 1));
}

figure_spread spread_of(const row& one, bool known) {
    constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    if (!known || !(one.change.freedom > 0) || !std::isfinite(one.change.standard_error))
        return {{}, nothing, nothing};
    const bool share = one.what.kind == figure_kind::error_rate;
    figure_spread out;
    const double apart = deviation(one);
    out.vary = share ? apart : std::expm1(apart);
    // The error of a difference of two sides alike is that of two means: half of its variance and,
    // as Satterthwaite has it, half of its degrees of freedom are those of one.
    estimate mean;
    mean.value = share ? one.base : std::log(one.base);
    mean.standard_error = one.change.standard_error / std::sqrt(2.0);
    mean.freedom = one.change.freedom / 2;
    const interval range = mean.at(confidence);
    out.mean = share ? interval{std::max(0.0, range.low), std::min(1.0, range.high)}
                     : interval{std::exp(range.low), std::exp(range.high)};
    const double worse = to_scale(one.what, one.margin) + one.change.at(confidence).high;
    out.regressed_at = share                       ? worse
                       : one.what.more_is_better() ? std::expm1(-worse)
                                                   : std::expm1(worse);
    return out;
}

}  // namespace

run_spread spread_of(runs all, const options& how) {
    options against_itself;
    against_itself.margin = how.margin;
    against_itself.seed = how.seed;
    // Each run beside itself would be a pair without any difference.
    against_itself.pairs = false;
    run_spread out;
    out.itself = compare_runs(all, all, against_itself);
    for (const row& one : out.itself.rows)
        out.rows.push_back(spread_of(one, all.size() > 1));
    return out;
}

}  // namespace chopsticks::compare
