#pragma once
/// \file
/// Several runs in one chart, a line for each.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <string>
#include <utility>
#include <vector>

#include "chart_builder.hpp"

namespace chopsticks::report {

/// Runs are laid onto each other by when their load began.
class overlay {
  public:
    overlay();

    void add(const std::string& name, const results::result_file& result);

    /// Throughput, 99th percentile and errors over time; of clusters that were watched one line of
    /// each chart that says how they did.
    time_charts take();
    /// Of response times; those of at most `lines_max` runs.
    std::vector<curve> take_percentiles() {
        if (percentiles_.size() > lines_max) percentiles_.resize(lines_max);
        return std::move(percentiles_);
    }

  private:
    void add_cluster(const std::string& name, const time_charts& charts, std::size_t from,
                     std::size_t to);

    chart_builder charts_;
    std::vector<curve> percentiles_;
    std::vector<time_span> spans_;
    double width_s_ = 0;
    std::size_t points_ = 0;
};

/// A row of a table of runs.
std::vector<cell> run_row(const std::string& name, const results::result_file& result);
table runs_table(std::string caption);

}  // namespace chopsticks::report
