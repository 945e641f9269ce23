// What the repeats of a sweep's points say together.

#include <algorithm>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/series.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "json_reading.hpp"

namespace chopsticks::results {

namespace {

/// Figures whose spread over the runs is told.
constexpr const char* spread_of[] = {"rate_per_s", "bytes_per_s", "mean_ns", "p50_ns",
                                     "p99_ns",     "p999_ns",     "max_ns"};
/// Counts that are added up.
constexpr const char* summed[] = {"ok",        "failed",     "shed",
                                  "shed_late", "unfinished", "backlog_at_end"};

json spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t n = values.size();
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(n);
    double squares = 0;
    for (const double v : values)
        squares += (v - mean) * (v - mean);
    json out;
    out["median"] = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
    out["mean"] = mean;
    // One run has no spread.
    out["stddev"] = n > 1 ? json(std::sqrt(squares / static_cast<double>(n - 1))) : json(nullptr);
    out["min"] = values.front();
    out["max"] = values.back();
    return out;
}

/// null where a run's histogram is missing: a part is not the whole. What was shed stands beyond
/// all that is in the histograms, and a figure that is a lower bound in one run is one of all.
json merged(const std::vector<const json*>& runs) {
    stats::figures sum;
    std::set<std::string> open;
    bool bounds = false;
    for (const json* figures : runs) {
        const json& response = member(*figures, "response");
        if (!response.is_object()) return nullptr;
        const auto one = read_histogram(response);
        if (!one) return nullptr;
        sum.response.add(*one);
        sum.shed += count(*figures, "shed") + count(*figures, "shed_late");
        bounds = bounds || response.contains("at_least");
        for (const json& key : member(response, "at_least"))
            if (key.is_string()) open.insert(key.get<std::string>());
    }
    json out = to_json(sum, 0)["response"];
    for (const json& key : member(out, "at_least"))
        open.insert(key.get<std::string>());
    if (bounds || !open.empty()) out["at_least"] = open;
    return out;
}

json aggregate(const json& settings, const std::vector<const json*>& valid, std::size_t runs) {
    json out;
    out["settings"] = settings;
    out["runs"] = runs;
    out["valid_runs"] = valid.size();
    for (const char* key : summed) {
        std::uint64_t sum = 0;
        for (const json* figures : valid)
            sum += count(*figures, key);
        out[key] = sum;
    }
    for (const char* key : spread_of) {
        std::vector<double> values;
        for (const json* figures : valid)
            values.push_back(number(*figures, key));
        out[key] = values.empty() ? json(nullptr) : spread(std::move(values));
    }
    out["response"] = valid.empty() ? json(nullptr) : merged(valid);
    return out;
}

}  // namespace

json aggregate_repeats(const json& document) {
    json out = json::array();
    if (count(document, "repeat") < 2) return out;
    const json& points = member(document, "points");
    struct repeats {
        const json* settings;
        std::vector<const json*> valid;
        std::size_t runs = 0;
    };
    // The repeats of a point need not follow each other: all points may be run, then all again.
    std::vector<repeats> all;
    for (const json& point : points) {
        const json& settings = member(point, "settings");
        const json& figures = member(point, "figures");
        if (text(point, "status") != "done" || !figures.is_object()) continue;
        auto one = std::find_if(all.begin(), all.end(),
                                [&](const repeats& r) { return *r.settings == settings; });
        if (one == all.end()) one = all.insert(one, {&settings, {}, 0});
        ++one->runs;
        if (flag(figures, "valid")) one->valid.push_back(&figures);
    }
    for (const repeats& one : all)
        out.push_back(aggregate(*one.settings, one.valid, one.runs));
    return out;
}

}  // namespace chopsticks::results
