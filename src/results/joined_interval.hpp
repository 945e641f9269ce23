#pragma once
/// \file
/// Successive intervals of a run made one.

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/result_file.hpp>
#include <string>
#include <vector>

#include "checked_members.hpp"

namespace chopsticks::results {

/// Adds them up, in their order: histograms by bucket, counts and lengths; levels are those of the
/// last one. Of health, rates and shares are means over time, counts sums, what is left the worst.
/// Figures of drivers as stats::driver_value has it of later spans.
class joined_interval {
  public:
    /// \param names outlive it; operations that are not in it are left out
    explicit joined_interval(const stats::layout& names)
        : names_(names),
          sum_({names.operations, {}}, 2),
          of_drivers_(stats::make_values(names.driver_figures, 2)) {}

    void add(const interval& one);
    /// Throws config_error where figures contradict each other; `file` stands for the file.
    void add(const interval_figures& one, const std::string& file);

    json as_json() const;

  private:
    void add_rest(double t_s, double duration_s, const std::string& phase,
                  const stats::load_figures& load, const std::vector<double>& cores_busy,
                  const json& health);

    const stats::layout& names_;
    stats::totals sum_;
    stats::driver_values of_drivers_;
    double t_s_ = 0;
    double duration_s_ = 0;
    std::string phase_;  ///< empty: nothing was added
    stats::load_figures load_;
    std::vector<double> busy_s_;  ///< by core
    json health_;
};

/// An interval of a document, checked. Throws config_error.
interval_figures read_interval(const json& object, const place& at, const std::string& file);

/// Intervals of a run joined to such of the length, which is a multiple of theirs. Of each phase
/// those that began within one span of it since the load began are one.
std::vector<interval_figures> lengthened(const std::vector<interval_figures>& from, double length_s,
                                         const stats::layout& names, const std::string& file);

/// Which span of a length an interval begins in.
std::int64_t span_number(double t_s, double length_s) noexcept;

}  // namespace chopsticks::results
