#pragma once
/// \file
/// Two sweeps against each other, as curves. Pure; any thread.

#include <chopsticks/compare/comparison.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::compare {

/// Runs of one point of the axes, by the files that sweep.json names.
struct point_files {
    std::string settings;  ///< "rate=1000, size=4KiB"
    std::vector<std::string> base;
    std::vector<std::string> now;
};

/// The points that both sweeps have done, in the order of the base's; repeats together. Throws
/// config_error if they have none in common, or a document is not as a sweep writes it.
std::vector<point_files> common_points(const results::result_file& base,
                                       const results::result_file& now);

/// Points that only one of the sweeps has done: "rate=4000 (base)".
std::vector<std::string> points_of_one(const results::result_file& base,
                                       const results::result_file& now);

struct curve_point {
    std::string settings;
    comparison found;  ///< of all operations together: throughput, p50, p99, errors
};

struct curves {
    std::vector<curve_point> points;
    std::vector<std::string> of_one;  ///< points_of_one

    /// The first point from which on a figure is better or worse by more than its margin; none:
    /// they do not part.
    std::optional<std::size_t> part() const;
};

/// The figures that are compared at each point.
std::vector<figure> figures_of_curves();

}  // namespace chopsticks::compare
