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

/// Points that only one of the sweeps has done: "rate=4000".
struct lone_points {
    std::vector<std::string> of_base;
    std::vector<std::string> of_new;
};
lone_points points_of_one(const results::result_file& base, const results::result_file& now);

struct curve_point {
    std::string settings;
    /// Of all operations together: throughput, p50, p99, errors. Of each what gates ask for.
    comparison found;
};

struct curves {
    std::vector<curve_point> points;
    lone_points of_one;

    /// Adjusts the gates of all points together. Once, when all points are there.
    void adjust();
    /// What the gates come to: regressed if one is at any point, else undecided if one is, or if
    /// the new side lacks a point of the base, where none could be held. Passed without gates.
    gate_result result() const;
    bool gated() const noexcept { return !points.empty() && !points.front().found.gates.empty(); }

    /// The first point from which on a figure is better or worse by more than its margin; none:
    /// they do not part.
    std::optional<std::size_t> part() const;
};

/// The figures that are compared at each point.
std::vector<figure> figures_of_curves();

}  // namespace chopsticks::compare
