#include "report_words.hpp"

#include <array>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <string_view>

namespace chopsticks::results {

namespace {

/// Fewer values than this have none beyond the percentile.
std::uint64_t fewest_for(std::string_view key) {
    struct row {
        std::string_view key;
        std::uint64_t values;
    };
    constexpr std::array<row, 4> rows = {
        {{"p90_ns", 10}, {"p95_ns", 20}, {"p99_ns", 100}, {"p999_ns", 1000}}};
    for (const row& one : rows) {
        if (one.key == key) return one.values;
    }
    return 0;
}

}  // namespace

std::string rate(double per_s) {
    return per_s < 99.95    ? decimal(per_s, 2)
           : per_s < 9999.5 ? decimal(per_s, 1)
                            : decimal(per_s, 0);
}

std::string latency(const json& histogram, const char* key) {
    const json& bounds = member(histogram, "at_least");
    if (count(histogram, "count") == 0 && bounds.empty()) return "-";
    std::string out = format_latency(std::llround(number(histogram, key)));
    for (const json& bound : bounds) {
        if (bound == key) return ">" + out;
    }
    return count(histogram, "count") < fewest_for(key) ? out + "?" : out;
}

}  // namespace chopsticks::results
