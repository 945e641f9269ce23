#pragma once
/// \file
/// Several sides that did the same work, each with its runs: one table of what each came to and
/// what it cost, as several drivers of one scenario do. Any thread; nothing here touches a disk.

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/results/terminal.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::compare {

/// Of these runs, of which there is one at least.
struct side {
    std::string name;
    runs all;
};

/// What a side came to over all operations. Estimates are of logarithms: their errors are shares.
/// Of a figure that one of its runs does not have, or has as nothing, there is none.
struct side_figures {
    std::optional<estimate> rate;  ///< operations that succeeded, per second
    std::optional<estimate> p50;   ///< response time, ns
    std::optional<estimate> p99;
    /// CPU time of the process and of the programs that its driver runs, ns per operation that
    /// succeeded; in the measure phase.
    std::optional<estimate> cpu;
    std::optional<double> memory_bytes;  ///< resident, the most of any run
    /// Of the rate, this side over the first; as row::change. None: it is the first.
    std::optional<row> against_first;
};

/// In the order of the sides. The seed of the bootstrap is that of `how`.
std::vector<side_figures> figures_of(const std::vector<side>& all, const options& how);

/// A table, a line for each side, with the 95 % errors, in lines that fit the terminal's width.
std::string render(const std::vector<side>& all, const std::vector<side_figures>& figures,
                   const results::terminal_options& terminal);

}  // namespace chopsticks::compare
