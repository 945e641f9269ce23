#pragma once
/// \file
/// Which runs a sweep consists of. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::search {

/// More values of one axis, or points of a sweep, are taken for a slip of the pen.
constexpr std::size_t values_most = 10'000;

/// Numbers above 0 from
///   "lo:hi:step"               lo, lo + step, ... up to hi
///   "geometric:lo:hi:factor"   lo, lo * factor, ... up to hi
///   "1,2,4,...,512"            a list; "..." goes on as the numbers before it do: by the same step
///                              (two or more) or factor (three or more), to the number behind it
/// as texts, in the shortest form that reads back the same. Throws config_error that names
/// `option`.
std::vector<std::string> parse_numbers(std::string_view text, const std::string& option);

/// "path=v1,v2,v3" as path and values. Commas in brackets, braces and quotes belong to a value.
/// Throws config_error that names `option`.
std::pair<std::string, std::vector<std::string>> parse_axis(std::string_view text,
                                                            const std::string& option);

/// One thing that a sweep varies.
struct axis {
    std::string name;  ///< "rate", "users" or a path of --set
    std::vector<std::string> values;

    bool operator==(const axis&) const = default;
};

/// One run of a sweep.
struct sweep_point {
    std::size_t index = 0;            ///< in the order of the axes; names the point
    std::vector<std::string> values;  ///< by axis
    unsigned repeat = 1;              ///< from 1
};

/// Every combination, the last axis running fastest, all of them `repeat` times in turn. Throws
/// config_error where there are more than values_most.
std::vector<sweep_point> make_points(const std::vector<axis>& axes, unsigned repeat);

/// A random order that is a function of the seed.
void shuffle(std::vector<sweep_point>& points, std::uint64_t seed);

}  // namespace chopsticks::search
