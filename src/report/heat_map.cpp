#include <algorithm>
#include <cmath>
#include <limits>

#include "describing.hpp"

namespace chopsticks::report {

namespace {

using results::interval_figures;

constexpr std::size_t heat_columns_most = 120;
constexpr std::size_t heat_rows_most = 48;

/// Response times of all operations of some intervals; of the unanswered, how long they had waited.
stats::histogram times_of(std::span<const interval_figures> intervals) {
    stats::histogram out(2);
    for (const interval_figures& one : intervals) {
        for (const results::operation_figures& operation : one.operations) {
            if (operation.response.count > 0) out.add(operation.response.decode());
        }
    }
    return out;
}

/// Edges on the logarithm that hold everything.
std::vector<double> edges_between(std::int64_t least_ns, std::int64_t most_ns) {
    const double from = std::log10(static_cast<double>(std::max<std::int64_t>(least_ns, 1)) / 1e6);
    const double to = std::log10(static_cast<double>(most_ns + 1) / 1e6);
    // At least as fine as two digits show; no finer.
    const double step = std::max((to - from) / heat_rows_most, 0.03);
    std::vector<double> out;
    for (double at = from; out.size() <= heat_rows_most; at += step) {
        out.push_back(std::pow(10, at));
        if (at >= to) break;
    }
    return out;
}

}  // namespace

heat_map heat_map_of(const results::result_file& result) {
    heat_map out{.id = "heat-map",
                 .title = "Response times over time",
                 .note = "all operations; darker: more of them"};
    const std::span<const interval_figures> all = result.intervals;
    if (all.size() < 2) return out;
    const std::size_t together = (all.size() + heat_columns_most - 1) / heat_columns_most;
    std::vector<stats::histogram> columns;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::int64_t most = 0;
    for (std::size_t from = 0; from < all.size(); from += together) {
        const auto some = all.subspan(from, std::min(together, all.size() - from));
        out.t_s.push_back(some.front().t_s);
        columns.push_back(times_of(some));
        if (columns.back().count() == 0) continue;
        least = std::min(least, columns.back().min());
        most = std::max(most, columns.back().max());
    }
    out.t_s.push_back(all.back().t_s + all.back().duration_s);
    if (most == 0) return {};
    out.edges_ms = edges_between(least, most);
    std::vector<std::vector<std::uint64_t>> counts;
    std::uint64_t highest = 1;
    for (const stats::histogram& column : columns) {
        std::vector<std::uint64_t> of_rows;
        std::uint64_t below = 0;
        for (std::size_t row = 1; row < out.edges_ms.size(); ++row) {
            const bool is_last = row + 1 == out.edges_ms.size();
            const std::uint64_t so_far =
                is_last ? column.count()
                        : column.count_at_or_below(std::llround(out.edges_ms[row] * 1e6));
            of_rows.push_back(so_far - below);
            highest = std::max(highest, so_far - below);
            below = so_far;
        }
        counts.push_back(std::move(of_rows));
    }
    // By the logarithm: one of a thousand is what a reader looks for.
    const double whole = std::log1p(static_cast<double>(highest));
    for (const std::vector<std::uint64_t>& of_rows : counts) {
        std::vector<std::uint8_t> levels;
        for (const std::uint64_t n : of_rows) {
            const double share = std::log1p(static_cast<double>(n)) / whole;
            levels.push_back(
                n == 0 ? std::uint8_t{0}
                       : static_cast<std::uint8_t>(std::clamp(std::ceil(share * 8), 1.0, 8.0)));
        }
        out.levels.push_back(std::move(levels));
    }
    return out;
}

}  // namespace chopsticks::report
