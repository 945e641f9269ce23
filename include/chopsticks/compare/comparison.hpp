#pragma once
/// \file
/// Two sides of runs against each other: base and new, of two releases say. The run is the unit.
/// Any thread; nothing here touches a disk.

#include <chopsticks/compare/estimate.hpp>
#include <chopsticks/results/result_file.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::compare {

enum class figure_kind : std::uint8_t { throughput, bandwidth, mean, percentile, error_rate };

/// What of an operation is compared.
struct figure {
    figure_kind kind = figure_kind::throughput;
    double percentile = 0;  ///< above 0 and below 100; of kind percentile
    bool service = false;   ///< of mean and percentile: service time instead of response time

    bool operator==(const figure&) const = default;
    /// More of it is better.
    bool more_is_better() const noexcept {
        return kind == figure_kind::throughput || kind == figure_kind::bandwidth;
    }
    bool is_latency() const noexcept {
        return kind == figure_kind::mean || kind == figure_kind::percentile;
    }
    /// "throughput", "p99", "service(p99)": as gates are written.
    std::string name() const;
};

/// Changes that do not matter, as shares; of the error rate a difference of shares.
struct margins {
    double throughput = 0.02;  ///< and bandwidth
    double latency = 0.05;
    double error_rate = 0.001;

    double of(const figure& what) const noexcept;
};

/// What must not get worse: "p99(get) +5%".
struct gate {
    std::string text;
    std::string operation;  ///< "get", "s3/get"; empty: of all operations together
    figure what;
    double limit = 0;  ///< by how much it may get worse, a share; of the error rate a difference

    bool is_about(std::string_view operation_of_row) const;
};

/// Reads one gate: METRIC(OPERATION) and by how much it may get worse. Metrics are those of service
/// level objectives: pN, mean, service(pN(OP)), throughput, bandwidth, error_rate. What should be
/// small may grow (+5%), what should be great may shrink (-2%). Throws config_error.
gate parse_gate(std::string_view text);

/// One gate per line; what follows a # is a comment. Throws config_error with the line, also if
/// there is none. \param name of the file
std::vector<gate> parse_gates(std::string_view text, const std::string& name);

/// By the interval and the margin.
enum class verdict : std::uint8_t {
    improved,
    regressed,
    equivalent,    ///< no change that matters, and that is shown
    inconclusive,  ///< neither is
    suspect,       ///< one run on a side: a change beyond the margin, as far as these runs show
};
std::string_view name(verdict v) noexcept;

/// Where the p-value comes from.
enum class test_kind : std::uint8_t {
    none,         ///< too little is known
    permutation,  ///< all ways to deal the runs to two sides
    signs,        ///< all signs of the differences of pairs
    t,            ///< Welch's, or of pairs Student's
    within_run,   ///< of single runs, by how their intervals vary
};
std::string_view name(test_kind t) noexcept;

/// One figure of one operation.
struct row {
    std::string operation;  ///< "<group>/<operation>"; empty: all together
    figure what;
    std::vector<double> base_runs;  ///< by run, in the order given; ns, per second or a share
    std::vector<double> new_runs;
    double base = 0;  ///< geometric mean of the runs; of error rates the mean
    double now = 0;
    /// new over base as a logarithm; of error rates new less base. NaN: a run has none of it.
    estimate change;
    double p = 1;  ///< two-sided, of "no change"
    test_kind test = test_kind::none;
    double margin = 0;  ///< a share, as margins and gates have it
    verdict said = verdict::inconclusive;
    /// Runs a side beyond those at hand that would probably decide it; 0: it is decided, or runs
    /// are not what it lacks.
    unsigned more_runs = 0;
    bool thin = false;         ///< too few operations beyond the percentile
    bool lower_bound = false;  ///< of a run: some of what was due was not answered
    /// Nothing of the operation succeeded in any run of the new side, as it did in all of the base:
    /// regressed, whatever is known of errors.
    bool dead = false;
    double inflation = 1;  ///< within_run: intervals that count as one

    /// change at 95 % as a share (of error rates a difference): exp(x) - 1.
    interval share() const;
    double share_changed() const;
};

/// Runs a side that `row::more_runs` looks for at most.
inline constexpr unsigned runs_most = 100;

enum class gate_result : std::uint8_t { passed, regressed, undecided };
std::string_view name(gate_result r) noexcept;

struct gate_outcome {
    gate asked;
    std::size_t row = 0;  ///< in comparison::rows
    gate_result result = gate_result::undecided;
    double p_alone = 1;  ///< of "it is not worse than allowed"
    double p = 1;        ///< the same, adjusted for the number of gates
};

/// What gates come to: regressed if any is, else undecided if any is; passed also without gates.
gate_result result_of(const std::vector<gate_outcome>& gates);

/// Something that is not the same on both sides.
struct disparity {
    std::string what;  ///< "environment.kernel"
    std::string base;  ///< several values of one side with commas
    std::string now;
};

struct comparison {
    std::size_t base_runs = 0;
    std::size_t new_runs = 0;
    bool paired = false;      ///< runs were interleaved: pairs by start time
    bool within_run = false;  ///< one run on a side
    /// All operations together first, where there are several or a gate asks for it; then by
    /// operation in the base's order.
    std::vector<row> rows;
    std::vector<gate_outcome> gates;
};

struct options {
    margins margin;
    std::vector<gate> gates;
    std::uint64_t seed = 1;  ///< of the bootstrap
    /// Of these figures alone, besides gates; empty: all.
    std::vector<figure> only;
    bool total_only = false;
    bool pairs = true;  ///< interleaved runs are compared as pairs, where there are enough
};

using runs = std::span<const results::result_file>;

/// Figures that are new over base. Both sides have a run. Throws config_error for a gate about an
/// operation that no run has.
comparison compare_runs(runs base, runs now, const options& how);

/// Adjusts the gates of all of these together for their number, and takes back what then does not
/// show any more. What compare_runs does with its own; for comparisons that answer one question, as
/// the points of a sweep do.
void adjust_gates(std::span<comparison* const> together);

/// Why the two sides must not be compared, a sentence each: invalid and interrupted runs, other
/// scenarios, other use of seeds. Empty: they may.
std::vector<std::string> refusals(runs base, runs now);

/// In what two scenarios, as results have them, are other work, for a sentence: "groups[0].load...:
/// 4 in <base_name>, 5 here; ...". Empty: what is done is the same.
std::string other_work(const results::json& base, const std::string& base_name,
                       const results::json& other);

/// Throws config_error if a run is there twice, also under another id: no second opinion.
void check_distinct(runs base, runs now);

/// What differs of machines, versions, targets and settings, without being a reason to refuse; and
/// the operations that a target of one side does not have, which are not compared.
std::vector<disparity> disparities(runs base, runs now);

/// Whether the runs, in order of their start, come as pairs of one base and one new each.
bool interleaved(runs base, runs now);

}  // namespace chopsticks::compare
