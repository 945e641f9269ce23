#pragma once
/// \file
/// The search for the highest rate at which objectives are met: a state machine without I/O and
/// clock. Its structure is MLRsearch's (RFC draft draft-ietf-bmwg-mlrsearch): several trials per
/// rate, relevant bounds, bisection on the logarithm; its verdicts are those of evidence.hpp.
///
///     while (auto plan = search.next()) search.report(run(*plan));
///
/// One thread.

#include <chopsticks/search/evidence.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::search {

struct max_rate_options {
    double width = 0.03;        ///< goal: upper / lower - 1
    double trial_s = 30;        ///< load of one trial
    double validation_s = 60;   ///< load of the run that confirms the lower bound
    double budget_s = 1800;     ///< of everything; a trial that would go beyond is not begun
    double start_rate = 0;      ///< 0: half of what a closed loop reaches
    double rate_least = 0.1;    ///< below it the search gives up
    double rate_most = 1e9;     ///< never offered more
    double expansion = 1.5;     ///< from one rate to the next while no upper bound is known
    unsigned trials_most = 6;   ///< per rate; then it stays open
    unsigned invalid_most = 3;  ///< trials in which the generator was the limit, per rate
    double stretch_most = 8;    ///< trials too short for the target to settle get so much longer
    double confidence = 0.995;  ///< of one verdict, one-sided
};

enum class trial_kind : std::uint8_t {
    probe,      ///< closed loop: what the target does at most
    search,     ///< open loop at `rate`
    validation  ///< the same, longer
};
const char* name(trial_kind k) noexcept;

struct trial_plan {
    trial_kind kind = trial_kind::search;
    double rate = 0;  ///< tasks per second; 0 for a probe
    double load_s = 0;
    std::uint64_t number = 0;  ///< from 1, over all trials
};

/// What a trial showed, whole or so far.
struct trial_report {
    double elapsed_s = 0;            ///< of the budget: with prepare, warm-up, drain, cleanup
    double load_s = 0;               ///< measured
    double rate_per_s = 0;           ///< operations that succeeded
    bool generator_limited = false;  ///< the figures are the generator's
    bool growing = false;            ///< work piled up
    bool failed = false;             ///< there are no figures
    std::vector<std::vector<batch>> batches;  ///< by objective, in order of time
    /// Work that was due and not done, at the ends of equal spans of the load.
    std::vector<double> outstanding;
};

enum class rate_class : std::uint8_t {
    open,       ///< not decided yet
    lower,      ///< the objectives are met
    upper,      ///< one of them is missed, or work piles up
    undecided,  ///< more trials than allowed would be needed
    invalid     ///< the generator was the limit
};
const char* name(rate_class c) noexcept;

/// A rate that was tried.
struct tried_rate {
    double rate = 0;
    rate_class what = rate_class::open;
    bool growing = false;
    bool validating = false;  ///< a validation was begun: verdicts are strict from then on
    unsigned trials = 0;
    unsigned invalid = 0;
    double load_s = 0;
    std::vector<std::vector<batch>> batches;
};

enum class finish : std::uint8_t {
    running,
    found,            ///< the bounds are as close as wanted, the lower one is confirmed
    undecided,        ///< rates between the bounds cannot be told apart with trials this short
    generator_limit,  ///< the generator is the limit above the lower bound
    rate_limit,       ///< even the highest rate allowed meets the objectives
    none,             ///< no rate meets them
    budget,
    failed  ///< trials could not be run
};
const char* name(finish f) noexcept;

class max_rate_search {
  public:
    /// At least one objective.
    max_rate_search(const max_rate_options& options, std::vector<objective> objectives);

    /// The next trial; none when the search is over, see `finished`.
    std::optional<trial_plan> next();

    /// What came of the trial that `next` gave last.
    void report(const trial_report& r);

    /// Time that went by beside the trials counts against the budget.
    void wait(double seconds) { spent_s_ += seconds; }

    /// Whether the rest of the trial under way cannot change that its rate is an upper bound: even
    /// if nothing in it broke an objective. `so_far` is of the plan that `next` gave last.
    bool is_settled(const trial_report& so_far) const;

    /// The smallest upper bound, if there is one.
    std::optional<double> upper() const;
    /// The greatest lower bound below it: a rate that did well above one that did not is not
    /// trusted.
    std::optional<double> lower() const;
    /// The lowest rate at which the generator was the limit.
    std::optional<double> generator_limit() const { return generator_limit_; }
    /// The lower bound was confirmed by a longer run.
    bool validated() const;
    /// How much longer trials have become because shorter ones could not show the target settled.
    double stretch() const noexcept { return stretch_; }
    /// False: even the longest trials were short against the ups and downs of the target's queues,
    /// so the lower bound may be too high.
    bool settled() const noexcept { return settled_; }
    finish finished() const noexcept { return finish_; }
    double spent_s() const noexcept { return spent_s_; }
    std::uint64_t trials() const noexcept { return trials_; }
    /// By rate, ascending.
    const std::vector<tried_rate>& rates() const noexcept { return rates_; }

  private:
    tried_rate& at(double rate);
    void classify(tried_rate& r) const;
    verdict judge_all(const std::vector<std::vector<batch>>& batches, care how) const;
    double load_for(double rate) const;
    double validation_for(double rate) const;
    bool has_settled() const;
    bool lengthen();
    std::optional<double> upper_or_limit() const;
    std::optional<double> choose();
    std::optional<double> bisect(double low, double high);
    std::optional<trial_plan> plan(trial_kind kind, double rate, double load_s);
    std::optional<trial_plan> validate_or(finish reason);

    max_rate_options options_;
    std::vector<objective> objectives_;
    std::vector<tried_rate> rates_;
    /// How far a trial's outstanding work hangs together; see persistence.
    struct memory {
        double rate = 0;
        double persistence = 0;
    };

    std::vector<memory> memories_;  ///< of trials of the present length
    trial_plan current_;
    std::optional<double> pending_;  ///< rate that needs another trial
    std::optional<double> generator_limit_;
    std::optional<double> validated_;
    double start_rate_ = 0;
    double stretch_ = 1;
    bool settled_ = true;
    double spent_s_ = 0;
    double overhead_s_ = 0;  ///< the most that a trial took beside its load
    std::uint64_t trials_ = 0;
    unsigned failures_ = 0;  ///< in a row
    unsigned probes_ = 0;
    finish finish_ = finish::running;
};

}  // namespace chopsticks::search
