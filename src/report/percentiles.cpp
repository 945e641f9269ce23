#include <algorithm>
#include <cmath>

#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

curve percentile_curve(const std::string& name, const stats::histogram& values) {
    curve out;
    out.name = name;
    if (values.count() == 0) return out;
    // Beyond the last value there is none.
    const auto most = static_cast<double>(values.count());
    constexpr int points_per_decade = 16;
    for (int step = 0;; ++step) {
        const double inverse = std::pow(10, static_cast<double>(step) / points_per_decade);
        if (inverse > most) break;
        const double percentile = 100 * (1 - 1 / inverse);
        const auto ns = static_cast<double>(values.value_at_percentile(percentile));
        out.points.push_back({inverse, std::max(ns, 1.0) / 1e6, {}});
    }
    const double last = out.points.back().x;
    if (most > last * 1.001)
        out.points.push_back(
            {most, std::max<double>(static_cast<double>(values.max()), 1) / 1e6, {}});
    return out;
}

curve_chart percentile_chart(const std::string& id, std::vector<curve> curves) {
    curve_chart out{.id = id,
                    .title = "Percentiles",
                    .note = "each further 9 takes as much room as the one before",
                    .x = {"percentile", unit::count, scale::percentile},
                    .y = {"time", unit::ms, scale::logarithmic}};
    std::erase_if(curves, [](const curve& one) { return one.points.empty(); });
    out.curves = std::move(curves);
    return out;
}

}  // namespace chopsticks::report
