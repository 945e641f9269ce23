#pragma once
/// \file
/// What sweeps and searches have in common: a folder of runs, each with its file, and a document
/// about all of them that is written anew after each.

#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/output_lock.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "setup.hpp"

namespace chopsticks::cli {

/// Makes the folder if it is not there, and keeps other series out of it as long as the lock lives.
/// Throws config_error. \param document name of a file in it
/// that another series left, which must not be there
[[nodiscard]] results::output_lock make_series_folder(const std::string& folder,
                                                      const std::string& document);

/// What is common to all runs of a series, without secrets: the scenario's text, the workload
/// config, and options that change what is done. Two series may be joined if it is equal.
results::json series_identity(const run_setup& setup, const run_arguments& a);

/// The first member in which two identities differ, or empty.
std::string first_difference(const results::json& a, const results::json& b);

/// Seed of the n-th run of a series, exact in JSON's doubles.
std::uint64_t seed_of(std::uint64_t base, std::uint64_t n) noexcept;

/// Writes it or says on standard error why not; false then.
bool write_series(const std::string& path, const results::json& document);

/// Says on standard error what was left by a run that has no result.
void say_left_behind(const char* who, const engine::run_result& result);

/// How slow the target is when nobody else asks: a probe with one user per group, before the first
/// run and between runs. A target that still compacts, flushes or retries answers it late.
class cool_down {
  public:
    /// \param most_s the longest wait; 0 or a target that is new for each run: never waits
    cool_down(const run_arguments& a, double most_s);

    /// Learns what the target does at rest.
    void take_baseline();

    /// Waits until each operation's median service time is at most half above that at rest (and
    /// 0.2 ms, for targets that answer at once), or the longest wait is over, or SIGINT. Seconds
    /// waited.
    double wait();

    /// The last wait ended with the target back at rest.
    bool is_back() const noexcept { return back_; }

  private:
    /// Median service times by operation, ns; 0: too few.
    std::vector<double> probe() const;

    const run_arguments& arguments_;
    double most_s_;
    std::vector<double> baseline_;
    bool back_ = true;
};

}  // namespace chopsticks::cli
