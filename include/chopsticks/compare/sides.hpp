#pragma once
/// \file
/// Several sides that did the same work, each with its runs: one table of what each came to and
/// what it cost, as several drivers of one scenario do. Any thread; nothing here touches a disk.

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/terminal.hpp>
#include <cstdint>
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
    std::string name;
    std::vector<std::string> files;  ///< of its runs
    std::optional<estimate> rate;    ///< operations that succeeded, per second
    std::optional<estimate> p50;     ///< response time, ns
    std::optional<estimate> p99;
    /// CPU time of the process and of the programs that its driver runs, ns per operation that
    /// succeeded; in the measure phase.
    std::optional<estimate> cpu;
    std::optional<estimate> program_cpu;  ///< of that, the programs'
    std::optional<double> memory_bytes;   ///< resident, the most of any run
    /// \name Of what was due in the measure phase, over all runs
    /// \{
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
    std::uint64_t undone = 0;  ///< never begun, or not answered when the load ended
    /// \}
    /// \name What the endpoint in the process saw of the load; none where there was none
    /// \{
    std::optional<double> requests;  ///< per operation that ended
    /// Operations that are said to have succeeded beyond the requests that there were: at least so
    /// many were never asked for.
    std::optional<std::uint64_t> unasked;
    /// \}
    /// Of the rate, this side over the first; as row::change. None: it is the first.
    std::optional<row> against_first;
};

struct report_of_sides {
    std::vector<side_figures> all;      ///< the first is what the others are held against
    std::vector<std::string> left_out;  ///< runs that may not be compared: file, why
};

/// In the order of the sides. The seed of the bootstrap is that of `how`.
std::vector<side_figures> figures_of(const std::vector<side>& all, const options& how);

/// A table, a line for each side, with the 95 % errors, in lines that fit the terminal's width, 80
/// columns where there is none; and what a side did not do.
std::string render(const report_of_sides& report, const results::terminal_options& terminal);

/// The document `drivers.json`; its format is fixed by compare.schema.json.
results::json to_json(const report_of_sides& report);

/// What to_json wrote, as read_report_of_runs. The file is of kind drivers. Throws config_error.
report_of_sides read_report_of_sides(const results::result_file& file);

}  // namespace chopsticks::compare
