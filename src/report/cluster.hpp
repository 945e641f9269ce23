#pragma once
/// \file
/// What a page shows of the cluster that was watched beside the load.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <string>
#include <vector>

namespace chopsticks::report {

/// Lines that add_cluster_charts adds, at most.
std::size_t cluster_lines_of(const results::json& document);

/// Adds charts of the cluster's samples, on the points that are there, and its health and silences
/// as bands. Nothing where no cluster was watched.
void add_cluster_charts(time_charts& to, const results::json& document);

/// What the cluster has to say before any figure: how it was, and what of the load fits to what it
/// did. `marks`, `bands`: those of the page.
std::vector<verdict> cluster_verdicts(const results::json& document, const time_charts& charts);

/// What it is, how it was before and after, what it did. Without blocks where none was watched.
section cluster_section(const results::json& document, const time_charts& charts);

/// Of several runs: a row for each beside which a cluster was watched, none for the others.
table cluster_runs_table();
void add_cluster_row(table& to, const std::string& run, const results::json& document);

}  // namespace chopsticks::report
