#pragma once
/// \file
/// What a page shows of the cluster that was watched beside the load.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <optional>
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

/// How full the load's buckets were, as RGW's admin API told; without rows where it was not asked.
table buckets_table(const results::json& cluster);
/// Whether that agrees with what the run says; empty: nobody can say.
std::string bucket_account_text(const results::json& cluster);

/// Of several runs: a row for each beside which a cluster was watched, none for the others.
table cluster_runs_table();
void add_cluster_row(table& to, const std::string& run, const results::json& document);

/// That table of all runs of a sweep or search that lie beside its document; without blocks where
/// `first`, its first run, had no cluster. Throws config_error if one is no result. \param list
/// "points", "trials"
section cluster_of_series(const results::result_file& series, const char* list,
                          const std::optional<results::result_file>& first);

}  // namespace chopsticks::report
