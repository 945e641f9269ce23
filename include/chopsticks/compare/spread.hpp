#pragma once
/// \file
/// Runs of one side alone: how far they are apart, and what a comparison with as many others could
/// show. Any thread; nothing here touches a disk.

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/results/terminal.hpp>
#include <string>
#include <vector>

namespace chopsticks::compare {

/// One figure of one operation over the runs of a side. NaN, and an interval without bounds, where
/// one run, or runs without any of it, tell nothing of the error.
struct figure_spread {
    interval mean;    ///< 95 % interval of the runs' mean; ns, per second or a share
    double vary = 0;  ///< standard deviation of a run, as a share; of error rates a difference
    /// The change (as row::share_changed) from which on compare_runs would say `regressed` of as
    /// many other runs that vary as much.
    double regressed_at = 0;
};

struct run_spread {
    comparison itself;                ///< the runs against themselves: no change in any row
    std::vector<figure_spread> rows;  ///< of its rows
};

/// `all` has a run. The margins and the seed of the bootstrap are those of `how`, the rest is not
/// looked at.
run_spread spread_of(runs all, const options& how);

/// A sentence and a table, in lines that fit the terminal's width, 80 columns where there is none.
std::string render(const run_spread& found, const results::terminal_options& terminal);

}  // namespace chopsticks::compare
