#pragma once
/// \file
/// A run under way as others may look at it: what it has counted so far, and its last hour; of
/// several runs, one after the other, also how far they are.

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/json.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chopsticks::live {

/// What a run is, for those that look at it.
struct watched_run {
    struct group {
        std::string name;
        std::string workload;
        std::string driver;
    };
    std::string run_id;
    std::string scenario;
    std::string version;  ///< of the program
    std::vector<group> groups;
    stats::layout names;
    double error_limit = 0;  ///< share of failures beyond which the target has failed
    /// From one sample of the cluster that is watched to the next; 0: none is.
    double cluster_every_s = 0;
};

/// A service level objective as of now.
struct objective_state {
    std::string text;
    std::optional<bool> met;  ///< none: nothing of the kind has ended yet
    std::string value;        ///< for people
};

/// How the run ended, for those that look at it then.
struct watched_end {
    std::string generator;  ///< as in the result's verdicts
    std::string target;
    std::string left_behind;
    int exit_status = 0;
    std::string result_file;
};

/// Several runs, one after the other; each is a trial.
struct watched_series {
    std::string kind;  ///< "repeats", "comparison", "sweep", "search"
    std::string scenario;
    std::optional<std::uint64_t> planned;  ///< trials; none: not known before its end
};

/// Which of them.
struct watched_trial {
    std::uint64_t number = 1;  ///< from 1; the label `trial` of its metrics
    std::string what;          ///< sets it apart from the others: "rate=200", "new"; may be empty
};

/// What became of one.
struct trial_outcome {
    struct figures {
        double rate_per_s = 0;
        std::int64_t p50_ns = 0;  ///< response time
        std::int64_t p99_ns = 0;
        std::uint64_t failed = 0;
        std::uint64_t unanswered = 0;
    };
    std::string state;  ///< "done", "failed", "interrupted"
    std::optional<int> exit_status;
    std::string problem;             ///< why it is not done; may be empty
    std::optional<figures> counted;  ///< none: nothing was measured
    std::string result_file;
};

/// Filled by the threads of a run that are no cores, read by the thread that answers questions. All
/// functions may be called from any thread. Holds the figures of the run at two digits and at most
/// so many of its last intervals, and in a series what the trial before counted: a few MB.
///
/// In a series the metrics of a trial have its number as a label, so that no counter ever falls.
/// What it counted stays there until the one behind it has ended: who asks once a trial misses
/// nothing.
class run_monitor {
  public:
    /// Intervals that can be looked at.
    static constexpr std::size_t intervals_most = 3600;

    run_monitor();
    ~run_monitor();
    run_monitor(const run_monitor&) = delete;
    run_monitor& operator=(const run_monitor&) = delete;

    /// Before the first trial. What follows up to `end_series` is of trials.
    void begin_series(const watched_series& series);
    /// The next one is made ready; `begin` comes when it is.
    void begin_trial(const watched_trial& trial);
    void end_trial(const trial_outcome& outcome);
    /// What the series does between two trials, until the next begins: "pause of 5 s".
    void wait(const std::string& text);
    void end_series(int exit_status);

    void begin(const watched_run& run);
    /// \param planned_s 0: not known
    void enter(const std::string& phase, double planned_s);
    /// \param groups figures of load, as watched_run::groups
    /// \param cluster how it was in the interval, as interval streams have it; null: not known
    void add(const results::interval& one, std::span<const stats::load_figures> groups,
             std::vector<objective_state> objectives, const results::json& cluster = {});
    /// Of prepare and cleanup.
    void progress(std::uint64_t done, std::uint64_t total, std::uint64_t failed);
    /// `start_s` and `end_s` are since the beginning of the run.
    void mark(const stats::event_mark& one);
    void stopping();
    void end(const watched_end& how);

    /// All metrics: in the text format, or as protobuf with native histograms.
    std::string metrics(bool protobuf) const;

    /// What whoever asks has already.
    struct known_state {
        std::uint64_t intervals = 0;
        std::string run_id;  ///< whose intervals; empty: whichever run's
        std::uint64_t trials = 0;
    };

    /// The state, with the intervals and the ended trials that are new, as a JSON object.
    std::string state(const known_state& known) const;

    /// The run, or the series if it is one.
    bool ended() const;

  private:
    struct contents;

    mutable std::mutex mutex_;
    std::unique_ptr<contents> now_;
};

}  // namespace chopsticks::live
